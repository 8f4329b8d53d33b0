namespace Postreiter.Spam.Configuration;

/// <summary>File-glob patterns of address and subject lists: `*` any string, `?` one octet, all else literal, ASCII letters in either case.</summary>
public static class Glob
{
    /// <summary>Whether the whole text fits. Linear but for one step back to the last star: at most pattern × text steps.</summary>
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        int p = 0,
            t = 0,
            star = -1,
            from = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                (star, from) = (p++, t);
                continue;
            }
            // "." of the original does not match a line end, and so neither does "?".
            if (p < pattern.Length && (pattern[p] == '?' ? text[t] != '\n' : Fold(pattern[p]) == Fold(text[t])))
            {
                p++;
                t++;
                continue;
            }
            if (star < 0 || text[from] == '\n')
                return IsFinalLineEnd(pattern, p, text, t);
            (p, t) = (star + 1, ++from);
        }
        while (p < pattern.Length && pattern[p] == '*')
            p++;
        return p == pattern.Length;
    }

    /// <summary>Capitals for ASCII alone.</summary>
    public static string ToUpper(string text) =>
        string.Create(
            text.Length,
            text,
            static (to, from) =>
            {
                for (var i = 0; i < to.Length; i++)
                    to[i] = from[i] is >= 'a' and <= 'z' ? (char)(from[i] & ~0x20) : from[i];
            }
        );

    /// <summary>An ASCII capital as a small letter, everything else as it is.</summary>
    public static char Fold(char octet) => octet is >= 'A' and <= 'Z' ? (char)(octet | 0x20) : octet;

    // The pattern is anchored by "$", which also holds before a final line end.
    private static bool IsFinalLineEnd(ReadOnlySpan<char> pattern, int p, ReadOnlySpan<char> text, int t)
    {
        while (p < pattern.Length && pattern[p] == '*')
            p++;
        return p == pattern.Length && t == text.Length - 1 && text[t] == '\n';
    }
}
