using System.Globalization;
using System.Text;

namespace Postreiter.Spam.Results;

/// <summary>Makes the value of an added header ASCII (RFC 2047 §4), line by line: from the first word with another octet to the last one.</summary>
internal static class EncodedField
{
    /// <summary>Encodes octets that are not printable ASCII as UTF-8 encoded words.</summary>
    /// <param name="value">The value, folded; lines end in LF.</param>
    public static string Encode(string value)
    {
        if (!value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            return value;
        var result = new StringBuilder(value.Length + 64);
        for (var start = 0; start < value.Length; )
        {
            var end = value.IndexOf('\n', start);
            end = end < 0 ? value.Length : end + 1;
            EncodeLine(value.AsSpan(start..end), result);
            start = end;
        }

        return result.ToString();
    }

    private static void EncodeLine(ReadOnlySpan<char> line, StringBuilder result)
    {
        var text = line.TrimEnd('\n');
        if (text.Length < line.Length && text is [.., '\r'])
            text = text[..^1];
        var lineEnd = line[text.Length..];
        var last = LastOther(text);
        if (last < 0)
        {
            result.Append(line);
            return;
        }

        // The suffix begins with a blank and the prefix ends with one: encoded words stand between white space (RFC 2047 §5).
        var suffixAt = text[last..].IndexOfAny(' ', '\t');
        var middle = suffixAt < 0 ? text : text[..(last + suffixAt)];
        var suffix = text[middle.Length..];
        var first = FirstOther(middle);
        var prefixLength = middle[..first].LastIndexOfAny(' ', '\t') + 1;
        result.Append(middle[..prefixLength]);
        EncodeWord(middle[prefixLength..], result);
        result.Append(suffix).Append(lineEnd);
    }

    private static void EncodeWord(ReadOnlySpan<char> word, StringBuilder result)
    {
        var quoted = 0;
        foreach (var c in word)
            quoted += c is '=' or '?' or '_' or < ' ' or > '~' ? 1 : 0;
        if ((word.Length + (quoted * 2)) * 3 > 4 * (word.Length + 2))
        {
            result.Append("=?UTF-8?B?").Append(Convert.ToBase64String(Encoding.Latin1.GetBytes(word.ToArray())));
        }
        else
        {
            result.Append("=?UTF-8?Q?");
            foreach (var c in word)
            {
                if (c == ' ')
                    result.Append('_');
                else if (c is '=' or '?' or '_' or < ' ' or > '~')
                    result.Append(CultureInfo.InvariantCulture, $"={(int)c:X2}");
                else
                    result.Append(c);
            }
        }

        result.Append("?=");
    }

    private static bool IsPlain(char c) => c is '\t' or (>= ' ' and <= '~');

    private static int FirstOther(ReadOnlySpan<char> text)
    {
        var i = 0;
        while (i < text.Length && IsPlain(text[i]))
            i++;
        return i;
    }

    private static int LastOther(ReadOnlySpan<char> text)
    {
        var i = text.Length - 1;
        while (i >= 0 && IsPlain(text[i]))
            i--;
        return i;
    }
}
