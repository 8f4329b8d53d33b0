using System.Globalization;
using System.Text;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Functions;

/// <summary>Finds things in a line of a PDF file, each in one pass: such a line may be a whole picture.</summary>
internal static class PdfText
{
    private const int LongestValue = 256;

    /// <summary>Whether a line differs from copy to copy: comments, sizes, positions.</summary>
    public static bool IsPassedOver(ReadOnlySpan<char> line) =>
        line[0] == '%'
        || line.StartsWith("/Height", StringComparison.Ordinal)
        || line.StartsWith("/Width", StringComparison.Ordinal)
        || line.StartsWith("/MediaBox", StringComparison.Ordinal)
        || line.StartsWith("/CropBox", StringComparison.Ordinal)
        || Matrix(line) is not null;

    /// <summary>Height and width of a picture, where a line says both: a matrix, or <c>/Width N/Height N</c>.</summary>
    public static (long Height, long Width)? Size(ReadOnlySpan<char> line)
    {
        if (Matrix(line) is { } matrix)
            return matrix.Height > 0 && matrix.Width > 0 ? matrix : null;
        // As in the original, which forgets a width from line to line, and looks no further in one that begins with it.
        if (Named(line, "/Width", out _) is not null || Named(line, "/Height", out _) is not null)
            return null;
        for (var at = line.IndexOf("/Width"); at >= 0; at = Next(line, "/Width", at))
        {
            if (Named(line[at..], "/Width", out var length) is not { } width)
                continue;
            if (Named(line[(at + length)..], "/Height", out _) is { } height)
                return height > 0 && width > 0 ? (height, width) : null;
        }

        return null;
    }

    /// <summary>The text behind a key: in parentheses, or in hexadecimal in angle brackets; null where there is none.</summary>
    public static string? Value(ReadOnlySpan<char> line, string key)
    {
        for (var from = 0; ; )
        {
            var at = line[from..].IndexOf(key);
            if (at < 0)
                return null;
            from += at + key.Length;
            var rest = AfterBlanks(line[from..]);
            if (Enclosed(rest, out var isOpen) is { } length)
                return Text(rest[..length]);
            // Nothing closes it from here on, and nothing further on either.
            if (isOpen)
                return null;
        }
    }

    /// <summary>The digits behind <c>KEY(D:</c>.</summary>
    public static string? Date(ReadOnlySpan<char> line, string key)
    {
        var at = line.IndexOf(key);
        if (at < 0)
            return null;
        var rest = AfterBlanks(line[(at + key.Length)..]);
        if (!rest.StartsWith("(D:"))
            return null;
        rest = rest[3..];
        var end = 0;
        while (end < rest.Length && char.IsAsciiDigit(rest[end]))
            end++;
        return end > 0 ? rest[..Math.Min(end, LongestValue)].ToString() : null;
    }

    /// <summary>Where a link leads.</summary>
    public static string? Link(ReadOnlySpan<char> line)
    {
        var first = line.Length - line.TrimStart(Perl.Blanks).Length;
        for (var at = line.IndexOf("/URI"); at >= 0; at = Next(line, "/URI", at))
        {
            if (at != first && !IsLinkKey(line[..at]))
                continue;
            var value = AfterBlanks(line[(at + 4)..]);
            if (Enclosed(value, out var isOpen) is { } length)
            {
                // A dot in the text as it stands: so one in hexadecimal is never found, as in the original.
                if (value[..length].IndexOf('.') > 0 && Text(value[..length]) is var link && IsLink(link))
                    return link;
            }
            else if (!isOpen)
            {
                continue;
            }

            break;
        }

        // "(http://…)>>", wherever it stands.
        var open = line.IndexOf("(http");
        if (open < 0)
            return null;
        var rest = line[(open + 1)..];
        var scheme =
            rest.StartsWith("http://") ? 7
            : rest.StartsWith("https://") ? 8
            : 0;
        if (scheme == 0)
            return null;
        var end = rest[scheme..Math.Min(rest.Length, scheme + LongestValue + 3)].LastIndexOf(")>>");
        return end >= 8 && rest[..(scheme + end)].ToString() is var found && IsLink(found) ? found : null;
    }

    private static bool IsLink(string text) => text.IndexOf('.', StringComparison.Ordinal) > 0 && !text.Contains('\0');

    // Behind "/S /URI".
    private static bool IsLinkKey(ReadOnlySpan<char> before)
    {
        before = BeforeBlanks(before);
        return before.EndsWith("/URI") && BeforeBlanks(before[..^4]).EndsWith("/S");
    }

    private static ReadOnlySpan<char> BeforeBlanks(ReadOnlySpan<char> text)
    {
        for (var blanks = 0; blanks < 2 && text.Length > 0 && Octets.IsBlank(text[^1]); blanks++)
            text = text[..^1];
        return text;
    }

    private static int Next(ReadOnlySpan<char> line, string key, int at) =>
        line[(at + key.Length)..].IndexOf(key) is var next and >= 0 ? at + key.Length + next : -1;

    // The number behind a key and one blank.
    private static long? Named(ReadOnlySpan<char> text, string key, out int length)
    {
        length = 0;
        if (!text.StartsWith(key) || text.Length < key.Length + 2 || !Octets.IsBlank(text[key.Length]))
            return null;
        var number = Number(text[(key.Length + 1)..], out var digits);
        length = key.Length + 1 + digits;
        return number;
    }

    /// <summary>What stands in parentheses or angle brackets, decoded; at most 256 octets.</summary>
    public static string Text(ReadOnlySpan<char> enclosed)
    {
        var text = new StringBuilder();
        if (enclosed[0] == '<')
        {
            for (var i = 1; i + 1 < enclosed.Length; i++)
            {
                if (char.IsAsciiHexDigit(enclosed[i]) && char.IsAsciiHexDigit(enclosed[i + 1]))
                    text.Append(
                        (char)byte.Parse(enclosed.Slice(i++, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                    );
            }
        }
        else
        {
            var inner = enclosed[1..^1];
            for (var i = 0; i < inner.Length; i++)
            {
                if (inner[i] != '\\' || i + 1 >= inner.Length)
                    text.Append(inner[i]);
                else if (Octal(inner[(i + 1)..]) is { } octet)
                    (_, i) = (text.Append(octet), i + 3);
                else if (inner[i + 1] is '(' or ')' or '\\')
                    text.Append(inner[++i]);
                else
                    text.Append(inner[i]);
            }
        }

        var value = text.ToString();
        // UTF-16, of which what is ASCII stays.
        if (
            value.StartsWith("\xFE\xFF", StringComparison.Ordinal)
            || value.StartsWith("\xFF\xFE", StringComparison.Ordinal)
        )
            value = value[2..].Replace("\0", "", StringComparison.Ordinal);
        return value[..Math.Min(value.Length, LongestValue)];
    }

    private static char? Octal(ReadOnlySpan<char> text) =>
        text.Length >= 3 && text[0] is >= '0' and <= '3' && text[1] is >= '0' and <= '7' && text[2] is >= '0' and <= '7'
            ? (char)(((text[0] - '0') * 64) + ((text[1] - '0') * 8) + text[2] - '0')
            : null;

    // With its ends; null where it is none.
    private static int? Enclosed(ReadOnlySpan<char> text, out bool isOpen)
    {
        isOpen = text is ['(' or '<', ..];
        if (!isOpen)
            return null;
        if (text[0] == '<')
            return text.IndexOf('>') is > 0 and var angle ? angle + 1 : null;
        for (var i = 1; i < text.Length; i++)
        {
            if (text[i] == ')' && text[i - 1] != '\\')
                return i + 1;
        }

        return null;
    }

    private static ReadOnlySpan<char> AfterBlanks(ReadOnlySpan<char> text)
    {
        for (var blanks = 0; blanks < 2 && text.Length > 0 && Octets.IsBlank(text[0]); blanks++)
            text = text[1..];
        return text;
    }

    // "W 0 0 H 0 0 cm", the whole line.
    private static (long Height, long Width)? Matrix(ReadOnlySpan<char> line)
    {
        if (!line.EndsWith("cm") || line.Length > 200)
            return null;
        var numbers = new long[6];
        var at = 0;
        for (var i = 0; i < 6; i++)
        {
            if (Number(line[at..], out var digits) is not { } number)
                return null;
            numbers[i] = number;
            at += digits;
            var blanks = at;
            while (at < line.Length && Octets.IsBlank(line[at]))
                at++;
            if (at == blanks)
                return null;
        }

        return line[at..] is "cm" ? (numbers[3], numbers[0]) : null;
    }

    // At most nine digits: no picture is larger, and no product overflows.
    private static long? Number(ReadOnlySpan<char> text, out int digits)
    {
        digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits]))
            digits++;
        return digits is > 0 and <= 9 ? long.Parse(text[..digits], CultureInfo.InvariantCulture) : null;
    }
}
