using System.Numerics;

namespace Postreiter.Spam.Patterns;

/// <summary>Makes a program of a pattern, from its end to its beginning: each part knows what comes after it.</summary>
internal sealed partial class PatternCompiler
{
    private const int MinDispatched = 6;
    private const int MaxDispatched = 64;
    private readonly List<Instruction> _code = [];
    private readonly List<PatternFirst> _firsts = [];
    private readonly OctetSetTable _sets = new();
    private readonly List<string> _texts = [];
    private readonly List<DispatchTable> _dispatches = [];
    private readonly Dictionary<int, int> _groups = [];
    private int _registers;
    private int _memos;
    private int _keep = -1;
    private bool _hasUndo;
    private bool _isRemembered = true;

    private PatternCompiler() { }

    /// <summary>Compiles a pattern.</summary>
    /// <param name="tree">The pattern.</param>
    /// <param name="keepsGroups">Whether the texts of its groups will be asked for; otherwise only whether and where it matches.</param>
    public static PatternProgram Compile(PatternNode tree, bool keepsGroups)
    {
        var all = PatternNumbers.Of(tree);
        var kept = keepsGroups ? all.Groups : all.References;
        var simple = PatternSimplifier.Simplify(tree, kept);
        // What a back-reference matches depends on the way that led to it: no failure may be remembered.
        var compiler = new PatternCompiler { _isRemembered = all.References.Count == 0 };
        foreach (var number in kept)
        {
            compiler._groups.Add(number, compiler._registers);
            compiler._registers += 3;
        }
        var entry = compiler.Emit(simple, compiler.Add(new(Operation.Match, -1), PatternFirst.Any));
        var numbers = new int[kept.Count == 0 ? 1 : kept.Max() + 1];
        Array.Fill(numbers, -1);
        foreach (var (number, register) in compiler._groups)
            numbers[number] = register;
        var start = compiler.Start(simple, entry);
        var (sets, searches) = (new ulong[compiler._sets.Count * 4], new OctetSearch[compiler._sets.Count]);
        for (var i = 0; i < searches.Length; i++)
        {
            var set = compiler._sets.Sets[i];
            (sets[4 * i], sets[(4 * i) + 1], sets[(4 * i) + 2], sets[(4 * i) + 3]) = (set.A, set.B, set.C, set.D);
            searches[i] = OctetSearch.Of(set);
        }
        return new PatternProgram
        {
            Code = [.. compiler._code],
            Entry = entry,
            Sets = sets,
            Searches = searches,
            Texts = [.. compiler._texts],
            Dispatches = [.. compiler._dispatches],
            Registers = compiler._registers,
            Memos = compiler._memos,
            HasUndo = compiler._hasUndo,
            Groups = numbers,
            Keep = compiler._keep,
            Start = start,
        };
    }

    private int Add(Instruction instruction, PatternFirst first)
    {
        _code.Add(instruction);
        _firsts.Add(first);
        return _code.Count - 1;
    }

    private int Set(OctetSet set) => _sets.Number(set);

    // The set that must come at a place, or -1 when that cannot be told from one octet.
    private int Guard(PatternFirst first) => first.IsOpen ? -1 : Set(first.Set);

    private int Memo() => _isRemembered ? _memos++ : -1;

    private int Register(int count)
    {
        _registers += count;
        return _registers - count;
    }

    private int Emit(PatternNode node, int next)
    {
        switch (node)
        {
            case SetNode set:
                return Single(set.Set, next);
            case SequenceNode sequence:
                return Sequence(sequence.Parts, next);
            case AlternationNode alternation:
                return Alternation(alternation.Branches, next);
            case RepeatNode repeat:
                return Repeat(repeat, next);
            case CaptureNode capture:
                return Capture(capture, next);
            case AtomicNode atomic:
                return Atomic(atomic, next);
            case LookNode look:
                return look.IsBehind ? Behind(look, next) : Ahead(look, next);
            case AnchorNode anchor:
                return Add(new(Operation.Anchor, next, (int)anchor.Kind), _firsts[next]);
            case KeepNode:
                if (_keep < 0)
                    _keep = Register(1);
                _hasUndo = true;
                return Add(new(Operation.Mark, next, _keep), _firsts[next]);
            case BackReferenceNode reference:
                var operation = reference.IgnoresCase ? Operation.FoldedReference : Operation.Reference;
                return Add(new(operation, next, _groups[reference.Number]), PatternFirst.Any);
            default:
                throw new InvalidOperationException($"{node.GetType().Name} is not compiled");
        }
    }

    private int Single(OctetSet set, int next)
    {
        var first = new PatternFirst(set, false);
        return set.Single is var octet and >= 0
            ? Add(new(Operation.Octet, next, octet), first)
            : Add(new(Operation.Set, next, Set(set)), first);
    }

    private int Sequence(IReadOnlyList<PatternNode> parts, int next)
    {
        for (var end = parts.Count; end > 0; )
        {
            var begin = TextBefore(parts, end, out var isFolded);
            if (end - begin < 2)
            {
                next = Emit(parts[--end], next);
                continue;
            }
            _texts.Add(
                string.Create(
                    end - begin,
                    (parts, begin),
                    static (text, from) =>
                    {
                        for (var i = 0; i < text.Length; i++)
                            text[i] = (char)OctetFold.Lowest(((SetNode)from.parts[from.begin + i]).Set);
                    }
                )
            );
            var operation = isFolded ? Operation.FoldedText : Operation.Text;
            next = Add(new(operation, next, _texts.Count - 1), new(((SetNode)parts[begin]).Set, false));
            end = begin;
        }
        return next;
    }

    // Where the run of single octets, or of letters in both cases, begins that ends here.
    private static int TextBefore(IReadOnlyList<PatternNode> parts, int end, out bool isFolded)
    {
        var (exact, folded) = (true, true);
        var begin = end;
        while (begin > 0 && parts[begin - 1] is SetNode { Set: var set })
        {
            var isSingle = set.Single >= 0;
            var isPair = OctetFold.IsFolded(set);
            if (!(exact && isSingle) && !(folded && isPair))
                break;
            (exact, folded) = (exact && isSingle, folded && isPair);
            begin--;
        }
        isFolded = !exact;
        return begin;
    }

    private int Alternation(IReadOnlyList<PatternNode> branches, int next)
    {
        var entries = new int[branches.Count];
        for (var i = branches.Count - 1; i >= 0; i--)
            entries[i] = Emit(branches[i], next);
        if (entries.Length >= MinDispatched && TryDispatch(entries, out var dispatch))
            return dispatch;
        var entry = entries[^1];
        for (var i = entries.Length - 2; i >= 0; i--)
            entry = Split(entries[i], entry);
        return entry;
    }

    private int Split(int first, int second) =>
        Add(
            new(Operation.Split, first, second, Guard(_firsts[first]), Guard(_firsts[second]), Memo: Memo()),
            _firsts[first] | _firsts[second]
        );

    // Worth its table when an octet rules out most branches.
    private bool TryDispatch(int[] entries, out int dispatch)
    {
        dispatch = -1;
        if (entries.Length > MaxDispatched)
            return false;
        // For each octet, and last for the end of the text, a bit for each branch that can begin there.
        Span<ulong> branches = stackalloc ulong[257];
        branches.Clear();
        var union = default(PatternFirst);
        for (var i = 0; i < entries.Length; i++)
        {
            var first = _firsts[entries[i]];
            union |= first;
            for (var octet = 0; octet <= 256; octet++)
            {
                if (first.IsOpen || (octet < 256 && first.Set.Contains(octet)))
                    branches[octet] |= 1ul << i;
            }
        }
        var numbers = new Dictionary<ulong, byte>();
        var lists = new List<int[]>();
        var table = new byte[257];
        for (var octet = 0; octet <= 256; octet++)
        {
            if (!numbers.TryGetValue(branches[octet], out var number))
            {
                if (BitOperations.PopCount(branches[octet]) > entries.Length / 2 || lists.Count > byte.MaxValue)
                    return false;
                numbers.Add(branches[octet], number = (byte)lists.Count);
                lists.Add(Listed(branches[octet], entries));
            }
            table[octet] = number;
        }
        _dispatches.Add(new DispatchTable(table, [.. lists]));
        // With one branch at most for each octet there is no choice to come back to.
        var memo = lists.Exists(static list => list.Length > 1) ? Memo() : -1;
        dispatch = Add(new(Operation.Dispatch, -1, _dispatches.Count - 1, Memo: memo), union);
        return true;
    }

    private static int[] Listed(ulong bits, int[] entries)
    {
        var list = new int[BitOperations.PopCount(bits)];
        for (var i = 0; i < list.Length; i++, bits &= bits - 1)
            list[i] = entries[BitOperations.TrailingZeroCount(bits)];
        return list;
    }

    private int Capture(CaptureNode capture, int next)
    {
        _hasUndo = true;
        var register = _groups[capture.Number];
        var end = Add(new(Operation.GroupEnd, next, register), _firsts[next]);
        var body = Emit(capture.Body, end);
        return Add(new(Operation.Mark, body, register), _firsts[body]);
    }

    // What is chosen inside depends on what was tried before it in the same body: not remembered.
    private int Closed(PatternNode body, int end)
    {
        var outer = _isRemembered;
        _isRemembered = false;
        var entry = Emit(body, end);
        _isRemembered = outer;
        return entry;
    }

    // What the body leaves at its end is decided without a look at what follows; so nothing that follows may rule it out.
    private int Atomic(AtomicNode atomic, int next)
    {
        var register = Register(1);
        var body = Closed(atomic.Body, Add(new(Operation.AtomicEnd, next, register), PatternFirst.Any));
        var first = PatternFirst.Of(atomic.Body);
        if (first.IsOpen)
            first = (first with { IsOpen = false }) | _firsts[next];
        return Add(new(Operation.AtomicStart, body, register), first);
    }

    private int Ahead(LookNode look, int next)
    {
        var register = Register(2);
        var end = look.IsNegative ? Operation.NotEnd : Operation.AheadEnd;
        var body = Closed(look.Body, Add(new(end, next, register), PatternFirst.Any));
        var start = look.IsNegative ? Operation.NotAhead : Operation.Ahead;
        return Add(new(start, body, register, next), _firsts[next]);
    }

    private int Behind(LookNode look, int next)
    {
        var register = Register(2);
        var end = look.IsNegative ? Operation.NotBehindEnd : Operation.BehindEnd;
        var body = Closed(look.Body, Add(new(end, next, register), PatternFirst.Any));
        var start = look.IsNegative ? Operation.NotBehind : Operation.Behind;
        var (min, max) = (PatternLength.Min(look.Body), PatternLength.Max(look.Body));
        return Add(new(start, body, register, min, max, next), _firsts[next]);
    }
}
