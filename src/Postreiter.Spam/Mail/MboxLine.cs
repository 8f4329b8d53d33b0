using System.Buffers;

namespace Postreiter.Spam.Mail;

/// <summary>The line that a mailbox file has in front of each mail.</summary>
internal static class MboxLine
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>The length with its line end; 0 if the text begins with the mail itself.</summary>
    public static int Length(ReadOnlySpan<char> text)
    {
        var line = HeaderSection.LineAt(text, 0);
        return IsMbox(line) || IsMbx(line) ? line.Length : 0;
    }

    // "From " and no colon: that was a field once, "From : x".
    private static bool IsMbox(ReadOnlySpan<char> line) =>
        line.StartsWith("From") && line.Length > 4 && Octets.IsBlank(line[4]) && line[5..] is not [':', ..];

    // "20-Jun-2002 18:55:25 +0000,1234;000000000001-00000001" of mbx folders
    private static bool IsMbx(ReadOnlySpan<char> line)
    {
        const string shape = "9d-aaa-dddd dd:dd:dd";
        if (line.Length < shape.Length || line[2] != '-' || line[6] != '-')
            return false;
        for (var i = 0; i < shape.Length; i++)
        {
            var fits = shape[i] switch
            {
                '9' => Octets.IsBlank(line[i]) || char.IsAsciiDigit(line[i]),
                'd' => char.IsAsciiDigit(line[i]),
                'a' => char.IsAsciiLetter(line[i]),
                ' ' => Octets.IsBlank(line[i]),
                _ => line[i] == shape[i],
            };
            if (!fits)
                return false;
        }

        // ",size;flags-id" at the end
        var rest = line[shape.Length..].TrimEnd('\n').TrimEnd('\r');
        var comma = rest.LastIndexOf(',');
        if (comma < 0 || rest.Length < comma + 24 || rest[^9] != '-' || rest[^22] != ';')
            return false;
        return rest[(comma + 1)..^22].IndexOfAnyExceptInRange('0', '9') < 0
            && rest[^21..^9].IndexOfAnyExcept(HexDigits) < 0
            && IsWords(rest[^8..]);
    }

    private static bool IsWords(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!Octets.IsWord(c))
                return false;
        }

        return true;
    }
}
