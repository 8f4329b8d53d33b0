using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Postreiter.Smtp.Syntax;

/// <summary><c>Mail-parameters</c> and <c>Rcpt-parameters</c> (RFC 5321 §4.1.2): keywords with values, each at most once.</summary>
internal static class EsmtpParameters
{
    private const int MaxParameters = 16;

    /// <summary>Reads all parameters.</summary>
    /// <param name="text">What follows the path.</param>
    /// <param name="parameters">Keywords in upper case with their values; null for a keyword without one.</param>
    /// <returns>False when the syntax is broken or a keyword comes twice.</returns>
    public static bool TryRead(
        ReadOnlySpan<byte> text,
        [NotNullWhen(true)] out IReadOnlyList<KeyValuePair<string, string?>>? parameters
    )
    {
        parameters = null;
        if (text.IsEmpty)
        {
            parameters = [];
            return true;
        }

        var list = new List<KeyValuePair<string, string?>>();
        if (!System.Text.Unicode.Utf8.IsValid(text))
            return false;
        foreach (var word in Encoding.UTF8.GetString(text).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            var keyword = (equals < 0 ? word : word[..equals]).ToUpperInvariant();
            var value = equals < 0 ? null : word[(equals + 1)..];
            if (!IsKeyword(keyword) || value is "" || list.Count == MaxParameters || list.Exists(p => p.Key == keyword))
                return false;
            if (value is not null && value.AsSpan().ContainsAnyInRange('\0', ' '))
                return false;
            list.Add(new(keyword, value));
        }

        parameters = list;
        return true;
    }

    /// <summary>Decodes <c>xtext</c> (RFC 3461 §4), bytes as UTF-8.</summary>
    /// <param name="text">At most 500 characters are taken.</param>
    /// <param name="utf8">Whether characters above ASCII may stand there unencoded (RFC 6533 §3, under SMTPUTF8).</param>
    /// <param name="decoded">The text; never with control characters, so that it can stand in a report's header.</param>
    public static bool TryDecodeXtext(string text, bool utf8, [NotNullWhen(true)] out string? decoded)
    {
        decoded = null;
        if (text.Length > 500 || (!utf8 && !Ascii.IsValid(text)))
            return false;
        var raw = Encoding.UTF8.GetBytes(text);
        var length = 0;
        for (var i = 0; i < raw.Length; i++)
        {
            var b = raw[i];
            if (b == '+')
            {
                // hexchar: "+" and two digits, letters in upper case.
                if (i + 2 >= raw.Length || !IsUpperHex(raw[i + 1]) || !IsUpperHex(raw[i + 2]))
                    return false;
                b = Convert.FromHexString([(char)raw[i + 1], (char)raw[i + 2]])[0];
                i += 2;
            }
            else if (b is <= (byte)' ' or 127 or (byte)'=')
            {
                return false;
            }

            raw[length++] = b;
        }

        if (!System.Text.Unicode.Utf8.IsValid(raw.AsSpan(0, length)))
            return false;
        decoded = Encoding.UTF8.GetString(raw, 0, length);
        return !decoded.Any(char.IsControl);
    }

    private static bool IsUpperHex(byte b) => b is (>= (byte)'0' and <= (byte)'9') or (>= (byte)'A' and <= (byte)'F');

    // esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
    private static bool IsKeyword(string word) =>
        word.Length > 0 && word[0] != '-' && word.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
}
