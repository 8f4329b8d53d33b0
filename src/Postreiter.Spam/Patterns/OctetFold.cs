namespace Postreiter.Spam.Patterns;

/// <summary>Letters without regard to case: ASCII's and the 30 pairs of Latin-1.</summary>
internal static class OctetFold
{
    private static readonly byte[] Folded = [.. Enumerable.Range(0, 256).Select(static octet => (byte)Small(octet))];

    /// <summary>The small letter, for each octet.</summary>
    public static ReadOnlySpan<byte> Table => Folded;

    /// <summary>Whether a set is a letter in both cases, or an octet that has no case.</summary>
    public static bool IsFolded(OctetSet set) =>
        set.Count is 1 or 2 && set.First is var first && set == OctetSet.Of(first).With(OctetSet.Partner(first));

    /// <summary>The octet of a set of one, the small letter of a set of two.</summary>
    public static int Lowest(OctetSet set) => set.Single is var single and >= 0 ? single : Small(set.First);

    private static int Small(int octet) => Math.Max(octet, OctetSet.Partner(octet));
}
