using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Matching;

/// <summary>Puts patterns together into automata: many small ones in one, large ones alone.</summary>
internal static class AutomatonGroups
{
    private const int MaxMembers = 24;

    private const int MaxShared = 3000;

    // States of the factors that run as one: few where the automaton may be in many places at once.
    private const int MaxNarrowStates = 40_000;
    private const int MaxNarrowMembers = 32;
    private const int MaxWideStates = 12_000;
    private const int MaxWideMembers = 10;

    /// <summary>An automaton and the patterns in it.</summary>
    /// <param name="Automaton">The automaton.</param>
    /// <param name="Members">For each of its matches the patterns it speaks of, by their places in the matcher.</param>
    /// <param name="MinLength">Octets of a line that the shortest of them takes.</param>
    internal sealed record Group(Automaton Automaton, int[][] Members, int MinLength);

    /// <summary>Groups factors; those that are the same are one.</summary>
    /// <param name="factors">Places of patterns and their factors.</param>
    public static List<Group> OfFactors(IReadOnlyList<(int Place, PatternNode Factor)> factors)
    {
        var same = factors.GroupBy(static one => RequiredFactor.Key(one.Factor), StringComparer.Ordinal);
        var single = same.Select(static all => (all.First().Factor, all.Select(static one => one.Place).ToArray()));
        var byWidth = single.ToLookup(static one => RequiredFactor.IsNarrow(one.Factor));
        return
        [
            .. OfFactors(byWidth[true], MaxNarrowStates, MaxNarrowMembers),
            .. OfFactors(byWidth[false], MaxWideStates, MaxWideMembers),
        ];
    }

    private static IEnumerable<Group> OfFactors(
        IEnumerable<(PatternNode Factor, int[] Places)> factors,
        int maxStates,
        int maxMembers
    )
    {
        var members = new List<(PatternNode Factor, int[] Places)>();
        var states = 0;
        foreach (var one in factors)
        {
            // A factor has far fewer states than an automaton may have.
            var more = Automaton.SizeOf(one.Factor);
            if (members.Count > 0 && (states + more > maxStates || members.Count == maxMembers))
            {
                yield return Close(members);
                (members, states) = ([], 0);
            }

            members.Add(one);
            states += more;
        }

        if (members.Count > 0)
            yield return Close(members);
    }

    private static Group Close(List<(PatternNode Factor, int[] Places)> members) =>
        new(
            Automaton.Build([.. members.Select(static one => one.Factor)])!,
            [.. members.Select(static one => one.Places)],
            members.Min(static one => PatternLength.Min(one.Factor))
        );

    /// <summary>Groups patterns.</summary>
    /// <param name="patterns">All patterns of the matcher.</param>
    /// <param name="places">Those that are to be grouped.</param>
    /// <param name="leftOut">Those too large for an automaton.</param>
    public static List<Group> Of(IReadOnlyList<MatchedPattern> patterns, IReadOnlyList<int> places, List<int> leftOut)
    {
        var groups = new List<Group>();
        var small = new List<int>();
        foreach (var place in places)
        {
            var tree = patterns[place].Pattern.Tree;
            var size = Automaton.SizeOf(tree);
            if (size < 0)
                leftOut.Add(place);
            else if (size <= MaxShared && !HasLongCount(tree))
                small.Add(place);
            else
                groups.Add(
                    new Group(
                        Automaton.Build([tree])!,
                        [
                            [place],
                        ],
                        PatternLength.Min(tree)
                    )
                );
        }
        foreach (var members in small.Chunk(MaxMembers))
        {
            if (Automaton.Build([.. members.Select(place => patterns[place].Pattern.Tree)]) is { } shared)
                groups.Add(
                    new Group(
                        shared,
                        [.. members.Select(static place => new[] { place })],
                        members.Min(place => PatternLength.Min(patterns[place].Pattern.Tree))
                    )
                );
            else
                leftOut.AddRange(members);
        }
        return groups;
    }

    // A count over many octets holds a state for each place it may have begun at: such patterns multiply each other's states.
    private static bool HasLongCount(PatternNode node) =>
        node switch
        {
            SequenceNode sequence => sequence.Parts.Any(HasLongCount),
            AlternationNode alternation => alternation.Branches.Any(HasLongCount),
            CaptureNode capture => HasLongCount(capture.Body),
            AtomicNode atomic => HasLongCount(atomic.Body),
            RepeatNode { Max: > 5 and < int.MaxValue } repeat => repeat.Body is not SetNode { Set.Count: < 8 },
            RepeatNode repeat => HasLongCount(repeat.Body),
            _ => false,
        };
}
