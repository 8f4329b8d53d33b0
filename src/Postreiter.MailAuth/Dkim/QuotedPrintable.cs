using System.Globalization;
using System.Text;

namespace Postreiter.MailAuth.Dkim;

/// <summary>dkim-quoted-printable (RFC 6376 §2.11).</summary>
internal static class QuotedPrintable
{
    /// <summary>Decodes a value; white space in it does not count.</summary>
    /// <returns>Null for an escape that is none, or one of a control character.</returns>
    public static string? Decode(string text)
    {
        if (!text.Contains('=', StringComparison.Ordinal) && !text.AsSpan().ContainsAny(" \t\r\n"))
            return text;
        var octets = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is ' ' or '\t' or '\r' or '\n')
                continue;
            if (c != '=')
            {
                var length = char.IsHighSurrogate(c) && i + 1 < text.Length ? 2 : 1;
                octets.AddRange(Encoding.UTF8.GetBytes(text.Substring(i, length)));
                i += length - 1;
                continue;
            }

            if (
                !byte.TryParse(
                    text.AsSpan(i + 1, Math.Min(2, text.Length - i - 1)),
                    NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture,
                    out var octet
                )
                || i + 2 >= text.Length
            )
                return null;
            octets.Add(octet);
            i += 2;
        }

        var decoded = Encoding.UTF8.GetString([.. octets]);
        return decoded.Any(char.IsControl) ? null : decoded;
    }
}
