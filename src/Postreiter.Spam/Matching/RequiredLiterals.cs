using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Matching;

/// <summary>Finds, for a pattern, a set of texts of which every match holds at least one.</summary>
/// <remarks>Texts are octets with ASCII letters folded to small ones: what matches them folded is a candidate, no more.</remarks>
internal static class RequiredLiterals
{
    private const int MaxTexts = 300;
    private const int MaxLength = 8;

    // More than one place in so many would make a candidate of nearly every line.
    private const double MaxShare = 1.0 / 400;

    /// <summary>The best set.</summary>
    /// <returns>Null when no set is rare enough to be worth the search.</returns>
    public static IReadOnlyList<byte[]>? Of(PatternNode tree)
    {
        var found = Find(tree);
        var best = found.Exact is { } exact && Share(exact) < Share(found.Required) ? exact : found.Required;
        return best is null || Share(best) > MaxShare
            ? null
            : [.. best.Select(static text => Text.Window(text.Octets).ToArray())];
    }

    /// <summary>What is known of a node.</summary>
    /// <param name="Exact">All texts it can match, when they are few; otherwise null.</param>
    /// <param name="Required">A set of which each match holds one; null when none is known.</param>
    private readonly record struct Known(HashSet<Text>? Exact, HashSet<Text>? Required)
    {
        public static Known Nothing => new([Text.Empty], null);
        public static Known Anything => new(null, null);
    }

    private static Known Find(PatternNode node)
    {
        switch (node)
        {
            case SetNode set:
                return Of(set.Set);
            case SequenceNode sequence:
                return Sequence(sequence.Parts);
            case AlternationNode alternation:
                return Alternation(alternation.Branches);
            case RepeatNode repeat:
                return Repeat(repeat);
            case CaptureNode capture:
                return Find(capture.Body);
            case AtomicNode atomic:
                return Find(atomic.Body);
            case BackReferenceNode:
                return Known.Anything;
            default:
                // Places and look-around take nothing, and what they ask for is not part of the match.
                return Known.Nothing;
        }
    }

    private static Known Of(OctetSet set)
    {
        var texts = new HashSet<Text>();
        if (set.Count > 40)
            return Known.Anything;
        for (var octet = 0; octet < 256; octet++)
        {
            if (set.Contains(octet))
                texts.Add(new Text([Fold((byte)octet)]));
        }
        // A set without octets never matches; the rule then is never a candidate.
        return texts.Count > 6 ? Known.Anything : new(texts, null);
    }

    private static byte Fold(byte octet) => octet is >= (byte)'A' and <= (byte)'Z' ? (byte)(octet | 0x20) : octet;

    private static Known Sequence(IReadOnlyList<PatternNode> parts)
    {
        HashSet<Text>? best = null;
        var run = new HashSet<Text> { Text.Empty };
        var isExact = true;
        foreach (var part in parts)
        {
            var known = Find(part);
            best = Better(best, known.Required);
            if (known.Exact is { } exact && TryJoin(run, exact, out var joined))
            {
                run = joined;
                continue;
            }
            best = Better(best, run);
            isExact = false;
            run = known.Exact ?? [Text.Empty];
        }
        best = Better(best, run);
        return new(isExact ? run : null, best);
    }

    // A run that grows too long to be kept whole is kept as it is, and a new one begins.
    private static bool TryJoin(HashSet<Text> first, HashSet<Text> second, out HashSet<Text> joined)
    {
        joined = [];
        if ((long)first.Count * second.Count > MaxTexts)
            return false;
        foreach (var start in first)
        {
            foreach (var end in second)
            {
                if (start.Octets.Length + end.Octets.Length > 64)
                    return false;
                joined.Add(new Text([.. start.Octets, .. end.Octets]));
            }
        }
        return true;
    }

    private static Known Alternation(IReadOnlyList<PatternNode> branches)
    {
        HashSet<Text>? exact = [];
        HashSet<Text>? required = [];
        foreach (var branch in branches)
        {
            var known = Find(branch);
            if (exact is not null && known.Exact is { } texts && exact.Count + texts.Count <= MaxTexts)
                exact.UnionWith(texts);
            else
                exact = null;
            var need = Better(known.Required, known.Exact);
            if (required is not null && need is not null && required.Count + need.Count <= MaxTexts)
                required.UnionWith(need);
            else
                required = null;
        }
        return new(exact, required);
    }

    private static Known Repeat(RepeatNode repeat)
    {
        if (repeat.Max == 0)
            return Known.Nothing;
        var body = Find(repeat.Body);
        if (repeat.Min == 0)
        {
            if (repeat.Max != 1 || body.Exact is null || body.Exact.Count >= MaxTexts)
                return Known.Anything;
            return new([.. body.Exact, Text.Empty], null);
        }
        var required = Better(body.Required, body.Exact);
        if (body.Exact is null)
            return new(null, required);
        var joined = body.Exact;
        for (var i = 1; i < Math.Min(repeat.Min, 16); i++)
        {
            if (!TryJoin(joined, body.Exact, out var next))
                return new(null, Better(required, joined));
            joined = next;
        }
        return repeat.Min == repeat.Max && repeat.Min <= 16 ? new(joined, null) : new(null, Better(required, joined));
    }

    private static HashSet<Text>? Better(HashSet<Text>? one, HashSet<Text>? other) =>
        Share(other) < Share(one) ? other : one;

    private static double Share(HashSet<Text>? texts)
    {
        if (texts is null)
            return 1;
        var share = 0.0;
        foreach (var text in texts)
            share += text.Share;
        return Math.Min(share, 1);
    }

    /// <summary>A text, cut to its rarest window.</summary>
    private sealed class Text : IEquatable<Text>
    {
        public static readonly Text Empty = new([]);

        public Text(byte[] octets)
        {
            Octets = octets;
            Share = octets.Length == 0 ? 1 : OctetFrequency.Of(Window(octets));
        }

        public byte[] Octets { get; }
        public double Share { get; }

        public static ReadOnlySpan<byte> Window(byte[] octets)
        {
            var best = octets.AsSpan(0, Math.Min(octets.Length, MaxLength));
            for (var start = 1; start + MaxLength <= octets.Length; start++)
            {
                var window = octets.AsSpan(start, MaxLength);
                if (OctetFrequency.Of(window) < OctetFrequency.Of(best))
                    best = window;
            }
            return best;
        }

        public bool Equals(Text? other) => other is not null && Octets.AsSpan().SequenceEqual(other.Octets);

        public override bool Equals(object? other) => other is Text text && Equals(text);

        public override int GetHashCode()
        {
            var hash = default(HashCode);
            hash.AddBytes(Octets);
            return hash.ToHashCode();
        }
    }
}
