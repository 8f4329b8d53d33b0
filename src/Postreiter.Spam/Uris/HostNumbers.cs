using System.Globalization;
using System.Text;

namespace Postreiter.Spam.Uris;

/// <summary>IPv4 addresses in the spellings that browsers understand: four numbers in octal or hex, or one number.</summary>
internal static class HostNumbers
{
    /// <summary>The address as rules expect it, or null if the host is no such number.</summary>
    public static string? Decode(string host)
    {
        var numbers = host.Split('.');
        return numbers.Length switch
        {
            4 when numbers.All(IsNumber) => string.Join('.', numbers.Select(Octet)),
            1 when IsNumber(host) => Whole(host),
            _ => null,
        };
    }

    private static bool IsNumber(string text) =>
        IsHex(text)
            ? text.Length > 2 && text.AsSpan(2).IndexOfAnyExcept(HexDigits) < 0
            : text.Length > 0 && !text.AsSpan().ContainsAnyExceptInRange('0', '9');

    private static bool IsHex(string text) => text is ['0', 'x' or 'X', ..];

    private static readonly System.Buffers.SearchValues<char> HexDigits = System.Buffers.SearchValues.Create(
        "0123456789abcdefABCDEF"
    );

    // A leading zero makes it octal when the digits allow that. What is left loses its leading zeros, all of them: rules know the
    // empty place that 0 becomes.
    private static string Octet(string text)
    {
        if (IsHex(text))
            text = Hex(text.AsSpan(2)).ToString(CultureInfo.InvariantCulture);
        var digits = text.TrimStart('0');
        if (digits.Length < text.Length && IsOctal(digits))
            digits = Convert.ToInt32(digits, 8).ToString(CultureInfo.InvariantCulture);
        return digits;
    }

    private static bool IsOctal(string digits) =>
        digits is [>= '1' and <= '3', ..]
            ? digits.Length <= 3 && !digits.AsSpan().ContainsAnyExceptInRange('0', '7')
            : digits is [>= '4' and <= '7', ..]
                && digits.Length <= 2
                && !digits.AsSpan().ContainsAnyExceptInRange('0', '7');

    private static string Whole(string text)
    {
        // Of a long hexadecimal number the last eight digits count.
        var number =
            IsHex(text) ? Hex(text.AsSpan(Math.Max(2, text.Length - 8)))
            : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value
            : ulong.MaxValue;
        var hex = number.ToString("x8", CultureInfo.InvariantCulture);
        var dotted = new StringBuilder(15);
        for (var i = 0; i < 8; i += 2)
        {
            if (i > 0)
                dotted.Append('.');
            dotted.Append(Convert.ToInt32(hex.Substring(i, 2), 16));
        }

        return dotted.ToString();
    }

    private static ulong Hex(ReadOnlySpan<char> digits) =>
        ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? value
            : ulong.MaxValue;
}
