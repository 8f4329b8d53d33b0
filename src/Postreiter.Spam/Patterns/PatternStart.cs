namespace Postreiter.Spam.Patterns;

/// <summary>Where matches of a pattern can begin.</summary>
/// <param name="kind">How such places are found.</param>
/// <param name="minLength">Octets that every match takes.</param>
/// <param name="text">A text that every match begins with, folded if the kind says so.</param>
/// <param name="search">The octets that a match can begin with.</param>
internal sealed class PatternStart(StartKind kind, int minLength, string text, OctetSearch? search)
{
    /// <summary>How such places are found.</summary>
    public StartKind Kind => kind;

    /// <summary>The first such place.</summary>
    /// <param name="line">The whole text.</param>
    /// <param name="from">Not before here.</param>
    /// <returns>-1 = there is none.</returns>
    public int Next(ReadOnlySpan<char> line, int from)
    {
        if (line.Length - from < minLength)
            return -1;
        switch (kind)
        {
            case StartKind.TextStart:
                return from == 0 ? 0 : -1;
            case StartKind.LineStart:
                if (from == 0 || line[from - 1] == '\n')
                    return from;
                var end = line[from..].IndexOf('\n');
                return end < 0 ? -1 : from + end + 1;
            case StartKind.Text:
                return At(from, line[from..].IndexOf(text));
            case StartKind.FoldedText:
                return At(from, line[from..].IndexOf(text, StringComparison.OrdinalIgnoreCase));
            case StartKind.Octet:
                return At(from, search!.Find(line[from..]));
            default:
                return from;
        }
    }

    private static int At(int from, int found) => found < 0 ? -1 : from + found;
}

/// <summary>How the places are found where a match can begin.</summary>
internal enum StartKind
{
    /// <summary>Anywhere.</summary>
    Anywhere,

    /// <summary>At the beginning of the text.</summary>
    TextStart,

    /// <summary>At the beginning of a line.</summary>
    LineStart,

    /// <summary>At a text.</summary>
    Text,

    /// <summary>At a text, whatever its case.</summary>
    FoldedText,

    /// <summary>At one of some octets.</summary>
    Octet,
}
