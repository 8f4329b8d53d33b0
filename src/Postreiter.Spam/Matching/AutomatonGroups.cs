using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Matching;

/// <summary>Puts patterns together into automata: many small ones in one, large ones alone.</summary>
internal static class AutomatonGroups
{
    private const int MaxMembers = 24;

    private const int MaxShared = 3000;

    /// <summary>An automaton and the patterns in it, by their places in the matcher.</summary>
    internal sealed record Group(Automaton Automaton, int[] Members);

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
            var alone = Automaton.Build([patterns[place].Pattern.Tree]);
            if (alone is null)
                leftOut.Add(place);
            else if (alone.States.Length <= MaxShared && !HasLongCount(patterns[place].Pattern.Tree))
                small.Add(place);
            else
                groups.Add(new Group(alone, [place]));
        }
        foreach (var members in small.Chunk(MaxMembers))
        {
            if (Automaton.Build([.. members.Select(place => patterns[place].Pattern.Tree)]) is { } shared)
                groups.Add(new Group(shared, members));
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
