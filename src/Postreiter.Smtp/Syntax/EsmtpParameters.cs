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
    /// <param name="decoded">The text; never with control characters, so that it can stand in a report's header.</param>
    public static bool TryDecodeXtext(string text, [NotNullWhen(true)] out string? decoded)
    {
        decoded = null;
        if (text.Length > 500)
            return false;
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '+')
            {
                if (i + 2 >= text.Length || !IsUpperHex(text[i + 1]) || !IsUpperHex(text[i + 2]))
                    return false;
                bytes.Add(
                    (byte)(
                        (Convert.ToInt32(text[i + 1].ToString(), 16) << 4) | Convert.ToInt32(text[i + 2].ToString(), 16)
                    )
                );
                i += 2;
            }
            else if (c is > ' ' and < (char)127 and not '=')
            {
                bytes.Add((byte)c);
            }
            else if (c > 127)
            {
                // utf-8-addr-unitext (RFC 6533 §3) comes unencoded under SMTPUTF8.
                bytes.AddRange(Encoding.UTF8.GetBytes([c]));
            }
            else
            {
                return false;
            }
        }

        decoded = Encoding.UTF8.GetString([.. bytes]);
        return !decoded.Any(char.IsControl);
    }

    private static bool IsUpperHex(char c) => c is (>= '0' and <= '9') or (>= 'A' and <= 'F');

    // esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
    private static bool IsKeyword(string word) =>
        word.Length > 0 && word[0] != '-' && word.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
}
