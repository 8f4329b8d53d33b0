namespace Postreiter.Spam.Patterns;

/// <content>Repeats, and where a match can begin.</content>
internal sealed partial class PatternCompiler
{
    // A counted part is written out as often as it may come while that stays short; so its failures can be remembered.
    private const int MaxWrittenOut = 12_000;

    private int Repeat(RepeatNode repeat, int next)
    {
        if (repeat.Body is SetNode set)
            return Run(repeat, set.Set, next);
        var loop = IsSimple(repeat) ? Simple(repeat, next) : Counted(repeat, next);
        if (repeat.Min > 0 || repeat.Body is not CaptureNode capture || !IsOfOneLength(capture.Body))
            return loop;
        // As in the original: a group of one length that is repeated no time at all forgets what it matched before.
        _hasUndo = true;
        return Add(new(Operation.GroupClear, loop, _groups[capture.Number]), _firsts[loop]);
    }

    private static bool IsOfOneLength(PatternNode body) =>
        PatternLength.Min(body) is var min and > 0 && PatternLength.Max(body) == min && !HasGroups(body);

    private static bool HasGroups(PatternNode node) =>
        node switch
        {
            CaptureNode => true,
            SequenceNode sequence => sequence.Parts.Any(HasGroups),
            AlternationNode alternation => alternation.Branches.Any(HasGroups),
            RepeatNode repeat => HasGroups(repeat.Body),
            AtomicNode atomic => HasGroups(atomic.Body),
            LookNode look => HasGroups(look.Body),
            _ => false,
        };

    private int Run(RepeatNode repeat, OctetSet set, int next)
    {
        if (repeat is { Min: 1, Max: 1 })
            return Single(set, next);
        var follow = _firsts[next];
        var first = repeat.Min > 0 ? new PatternFirst(set, false) : new PatternFirst(set | follow.Set, follow.IsOpen);
        // What cannot begin what follows need not be given back.
        var isPossessive =
            repeat.Mode == RepeatMode.Possessive
            || (repeat.Mode == RepeatMode.Greedy && !follow.IsOpen && (set & follow.Set) == OctetSet.None);
        var operation =
            isPossessive ? Operation.Possessive
            : repeat.Mode == RepeatMode.Lazy ? Operation.Lazy
            : Operation.Greedy;
        var memo = operation == Operation.Possessive ? -1 : Memo();
        return Add(new(operation, next, Set(set), repeat.Min, repeat.Max, Guard(follow), Memo: memo), first);
    }

    private static bool IsSimple(RepeatNode repeat)
    {
        if (repeat is { Min: 0, Max: 1 })
            return true;
        if (repeat is { Min: <= 1, Max: int.MaxValue })
            return true;
        var copies = repeat.Max == int.MaxValue ? repeat.Min : repeat.Max;
        return (long)copies * Size(repeat.Body) <= MaxWrittenOut;
    }

    private int Simple(RepeatNode repeat, int next)
    {
        var isLazy = repeat.Mode == RepeatMode.Lazy;
        var entry = next;
        var copies = repeat.Min;
        if (repeat.Max == int.MaxValue)
        {
            entry = PatternLength.Min(repeat.Body) == 0 ? OpenLoop(repeat, next) : Loop(repeat, next);
            copies--;
        }
        else
        {
            var isOpen = PatternLength.Min(repeat.Body) == 0 && repeat.Max > 1;
            var register = isOpen ? Register(1) : -1;
            for (var i = repeat.Min; i < repeat.Max; i++)
            {
                var body = isOpen ? OpenRound(repeat.Body, register, entry, next) : Emit(repeat.Body, entry);
                entry = isLazy ? Split(next, body) : Split(body, next);
            }
            if (isOpen && copies > 0)
            {
                entry = OpenRound(repeat.Body, register, entry, next);
                copies--;
            }
        }
        for (var i = 0; i < copies; i++)
            entry = Emit(repeat.Body, entry);
        return entry;
    }

    // A round that takes something: the choice between one more and what follows, before each round or after each.
    private int Loop(RepeatNode repeat, int next)
    {
        var first = PatternFirst.Of(repeat.Body) | _firsts[next];
        var memo = Memo();
        var choice = Add(new(Operation.Split, -1), first);
        var body = Emit(repeat.Body, choice);
        var (one, other) = repeat.Mode == RepeatMode.Lazy ? (next, body) : (body, next);
        _code[choice] = new(Operation.Split, one, other, Guard(_firsts[one]), Guard(_firsts[other]), Memo: memo);
        return repeat.Min == 0 ? choice : body;
    }

    // A round may take nothing; then the loop ends.
    private int OpenLoop(RepeatNode repeat, int next)
    {
        _hasUndo = true;
        var register = Register(1);
        var first = PatternFirst.Of(repeat.Body) with { IsOpen = false } | _firsts[next];
        var memo = Memo();
        var choice = Add(new(Operation.OpenLoop, -1), first);
        var body = Closed(repeat.Body, choice);
        var round = Add(new(Operation.Mark, body, register), first);
        _code[choice] =
            repeat.Mode == RepeatMode.Lazy
                ? new(Operation.LazyOpenLoop, next, register, next, round, Memo: memo)
                : new(Operation.OpenLoop, body, register, next, Memo: memo);
        return repeat.Min > 0 ? round : Add(new(Operation.Assign, choice, register, -1), first);
    }

    // One round, written out: when it takes nothing no other follows.
    private int OpenRound(PatternNode body, int register, int another, int next)
    {
        _hasUndo = true;
        var first = PatternFirst.Of(body) with { IsOpen = false } | _firsts[another] | _firsts[next];
        var end = Add(new(Operation.RoundEnd, another, register, next), _firsts[another] | _firsts[next]);
        return Add(new(Operation.Mark, Closed(body, end), register), first);
    }

    private int Counted(RepeatNode repeat, int next)
    {
        _hasUndo = true;
        var register = Register(2);
        var body = PatternFirst.Of(repeat.Body);
        var another = body | _firsts[next];
        var first = repeat.Min > 0 && !body.IsOpen ? body : another;
        var choice = Add(new(Operation.CountedLoop, -1), another);
        var entry = Closed(repeat.Body, choice);
        var round = Add(new(Operation.Mark, entry, register + 1), another);
        _code[choice] = new(
            repeat.Mode == RepeatMode.Lazy ? Operation.LazyCountedLoop : Operation.CountedLoop,
            entry,
            register,
            repeat.Min,
            repeat.Max,
            next,
            round
        );
        var begin = Add(new(Operation.Assign, choice, register, -1), first);
        return Add(new(Operation.Assign, begin, register + 1, -1), first);
    }

    private static long Size(PatternNode node) =>
        node switch
        {
            SequenceNode sequence => sequence.Parts.Sum(Size),
            AlternationNode alternation => alternation.Branches.Sum(static branch => 1 + Size(branch)),
            RepeatNode { Body: SetNode } => 1,
            RepeatNode { Max: int.MaxValue } repeat => (Math.Max(1, repeat.Min) * Size(repeat.Body)) + 2,
            RepeatNode repeat => repeat.Max * (1 + Size(repeat.Body)),
            CaptureNode capture => 2 + Size(capture.Body),
            AtomicNode atomic => 2 + Size(atomic.Body),
            LookNode look => 2 + Size(look.Body),
            _ => 1,
        };

    private PatternStart Start(PatternNode tree, int entry)
    {
        var min = PatternLength.Min(tree);
        // What takes nothing before the first text stands at the same place as it.
        var at = entry;
        while (_code[at].Operation is Operation.Mark or Operation.GroupClear or Operation.Anchor)
        {
            if (_code[at] is { Operation: Operation.Anchor, A: (int)AnchorKind.Start })
                return new PatternStart(StartKind.TextStart, min, "", null);
            if (_code[at] is { Operation: Operation.Anchor, A: (int)AnchorKind.LineStart })
                return new PatternStart(StartKind.LineStart, min, "", null);
            at = _code[at].Next;
        }
        if (_code[at].Operation is Operation.Text or Operation.FoldedText)
        {
            var kind = _code[at].Operation == Operation.Text ? StartKind.Text : StartKind.FoldedText;
            return new PatternStart(kind, min, _texts[_code[at].A], null);
        }
        var first = _firsts[entry];
        return first.IsOpen || first.Set == OctetSet.All
            ? new PatternStart(StartKind.Anywhere, min, "", null)
            : new PatternStart(StartKind.Octet, min, "", OctetSearch.Of(first.Set));
    }
}
