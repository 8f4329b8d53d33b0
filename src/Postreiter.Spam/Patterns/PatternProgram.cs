namespace Postreiter.Spam.Patterns;

/// <summary>What an instruction does. "Fails" = goes back to the last choice; "set" and "text" are numbers in the program's tables.</summary>
internal enum Operation : byte
{
    /// <summary>The pattern has matched.</summary>
    Match,

    /// <summary>Takes the octet A.</summary>
    Octet,

    /// <summary>Takes an octet of set A.</summary>
    Set,

    /// <summary>Takes text A.</summary>
    Text,

    /// <summary>Takes text A, folded, whatever its case.</summary>
    FoldedText,

    /// <summary>Takes B to C octets of set A, as many as it can, and gives back; D = set that must follow, or -1.</summary>
    Greedy,

    /// <summary>The same, as few as it can.</summary>
    Lazy,

    /// <summary>The same, as many as it can, and gives none back.</summary>
    Possessive,

    /// <summary>Goes to Next, then to A; B and C are the sets that these begin with, or -1.</summary>
    Split,

    /// <summary>Goes to each branch that dispatch table A has for the next octet, in order.</summary>
    Dispatch,

    /// <summary>Goes on where the place is of <see cref="AnchorKind"/> A.</summary>
    Anchor,

    /// <summary>Register A = where we are; undone when we go back.</summary>
    Mark,

    /// <summary>Group with registers from A ends here: A = its beginning as marked, A+1 and A+2 = beginning and end.</summary>
    GroupEnd,

    /// <summary>Group with registers from A has matched nothing.</summary>
    GroupClear,

    /// <summary>Takes what the group with registers from A matched.</summary>
    Reference,

    /// <summary>The same, whatever its case.</summary>
    FoldedReference,

    /// <summary>Register A = B; undone when we go back.</summary>
    Assign,

    /// <summary>Loop whose round may be empty: register A = where the round began, B = what follows.</summary>
    OpenLoop,

    /// <summary>The same, leaves as early as it can; C = instruction that begins a round.</summary>
    LazyOpenLoop,

    /// <summary>After a round that began where register A says: B when it took nothing.</summary>
    RoundEnd,

    /// <summary>A counted loop: register A = rounds, A+1 = where the round began; B to C rounds; D = what follows.</summary>
    CountedLoop,

    /// <summary>The same, leaves as early as it can; E = instruction that begins a round.</summary>
    LazyCountedLoop,

    /// <summary>Remembers the choices open now in register A.</summary>
    AtomicStart,

    /// <summary>Drops the choices made since.</summary>
    AtomicEnd,

    /// <summary>Looks ahead: register A = where we are, A+1 = the choices open now.</summary>
    Ahead,

    /// <summary>It was there: goes back to where it looked from.</summary>
    AheadEnd,

    /// <summary>Looks ahead for what must not be there; B = what follows when it is not.</summary>
    NotAhead,

    /// <summary>It was there: fails.</summary>
    NotEnd,

    /// <summary>Looks behind, from C octets back to B octets back.</summary>
    Behind,

    /// <summary>It was there if it ends where we looked from.</summary>
    BehindEnd,

    /// <summary>Looks behind for what must not be there; D = what follows when it is not.</summary>
    NotBehind,

    /// <summary>It was there if it ends where we looked from: fails then.</summary>
    NotBehindEnd,
}

/// <summary>An instruction.</summary>
/// <param name="Operation">What it does.</param>
/// <param name="Next">The instruction after it.</param>
/// <param name="A">As its operation says.</param>
/// <param name="B">As its operation says.</param>
/// <param name="C">As its operation says.</param>
/// <param name="D">As its operation says.</param>
/// <param name="E">As its operation says.</param>
/// <param name="Memo">Number of the choice among those whose failures can be remembered; -1 = it cannot.</param>
internal readonly record struct Instruction(
    Operation Operation,
    int Next,
    int A = 0,
    int B = 0,
    int C = 0,
    int D = -1,
    int E = -1,
    int Memo = -1
);

/// <summary>Branches of an alternation by the octet that is next.</summary>
/// <param name="Lists">Number of the list for each octet; the last is for the end of the text.</param>
/// <param name="Branches">For each list, the instructions at which its branches begin, in order.</param>
internal sealed record DispatchTable(byte[] Lists, int[][] Branches);

/// <summary>A pattern compiled for <see cref="PatternRun"/>. Never changed, so safe for use by many threads.</summary>
internal sealed class PatternProgram
{
    /// <summary>The instructions.</summary>
    public required Instruction[] Code { get; init; }

    /// <summary>Where it begins.</summary>
    public required int Entry { get; init; }

    /// <summary>Sets, four words each.</summary>
    public required ulong[] Sets { get; init; }

    /// <summary>How each set is searched for.</summary>
    public required OctetSearch[] Searches { get; init; }

    /// <summary>Texts.</summary>
    public required string[] Texts { get; init; }

    /// <summary>Alternations with many branches.</summary>
    public required DispatchTable[] Dispatches { get; init; }

    /// <summary>Number of registers.</summary>
    public required int Registers { get; init; }

    /// <summary>Number of choices whose failures can be remembered.</summary>
    public required int Memos { get; init; }

    /// <summary>Whether going back changes registers.</summary>
    public required bool HasUndo { get; init; }

    /// <summary>First register of each group, by its number; -1 = not kept.</summary>
    public required int[] Groups { get; init; }

    /// <summary>Register of where `\K` stood; -1 = there is none.</summary>
    public required int Keep { get; init; }

    /// <summary>Where matches can begin.</summary>
    public required PatternStart Start { get; init; }
}
