using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Text;

/// <summary>Makes the pieces that rawbody rules match on: the content of each text part with its transfer encoding undone, tags and all.</summary>
internal static class RawBodyText
{
    // A piece has this many octets at most, or twice as many where a better place to cut is found.
    private const int Piece = 2048;
    private const int CutWindow = 1024;

    public static ReadOnlyMemory<char>[] Pieces(IEnumerable<MimePart> leaves, int scanSize)
    {
        var pieces = new List<ReadOnlyMemory<char>>();
        foreach (var part in leaves)
        {
            // A calendar is an attachment that nobody reads.
            if (part.Type == "text/calendar" || !IsTextual(part.EffectiveType) || part.Decoded is not { } text)
                continue;
            Split(text.AsMemory(0, End(text, scanSize)), pieces);
        }

        return [.. pieces];
    }

    private static bool IsTextual(string type)
    {
        foreach (var name in (ReadOnlySpan<string>)["text", "message"])
        {
            if (
                type.StartsWith(name, StringComparison.Ordinal)
                && (type.Length == name.Length || !Octets.IsWord(type[name.Length]))
            )
                return true;
        }

        return false;
    }

    private static int End(string text, int scanSize)
    {
        if (scanSize <= 0 || text.Length <= scanSize)
            return text.Length;
        var window = text.AsSpan(scanSize, Math.Min(CutWindow + 1, text.Length - scanSize));
        foreach (var place in (ReadOnlySpan<char>)['\n', '>', ' '])
        {
            if (window.IndexOf(place) is var at and >= 0)
                return scanSize + at + 1;
        }

        return scanSize;
    }

    private static void Split(ReadOnlyMemory<char> text, List<ReadOnlyMemory<char>> pieces)
    {
        if (text.Length <= Piece)
        {
            pieces.Add(text);
            return;
        }

        while (text.Length > 2 * Piece)
        {
            var length = CutAt(text.Span);
            pieces.Add(text[..length]);
            text = text[length..];
        }

        if (!text.IsEmpty)
            pieces.Add(text);
    }

    private static int CutAt(ReadOnlySpan<char> text)
    {
        var window = text[Piece..(2 * Piece)];
        foreach (var place in (ReadOnlySpan<char>)['\n', '>', ' '])
        {
            if (window.IndexOf(place) is var at and >= 0)
                return Piece + at + 1;
        }

        return Piece + 1;
    }
}
