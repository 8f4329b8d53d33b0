using System.Buffers;

namespace Postreiter.Spam.Patterns;

/// <summary>
/// Looks for the matches of a pattern in a text as Perl does: choices in the order in which they are written, the last one changed first. What is
/// open is kept on a stack of its own, and each instruction is a step: after as many as are allowed it gives up. Where the pattern refers
/// back to nothing, choices that failed at a place are remembered once many did, so that none is tried there again.
/// </summary>
/// <remarks>Its memory comes from a pool, and goes back to it with <see cref="Dispose"/>.</remarks>
internal ref partial struct PatternRun
{
    /// <summary>Steps for one rule and mail: about a tenth of a second on a slow machine.</summary>
    public const int DefaultSteps = 5_000_000;

    // The first starts, as often as not, match or fail in a few steps; to remember then costs more than it saves.
    private const int DefaultPatience = 8;

    // Ints on the stack, and words of remembered failures: 8 MiB each at most.
    private const int MaxStack = 1 << 21;
    private const long MaxRemembered = 1 << 20;

    // Octets that a search passes over for one step.
    private const int StepShift = 4;
    private readonly PatternProgram _program;
    private readonly ReadOnlySpan<char> _text;
    private int[] _stack = ArrayPool<int>.Shared.Rent(256);
    private int[]? _registers;
    private ulong[]? _failed;
    private readonly int _patience;
    private int _steps;
    private int _rememberBelow;
    private int _from;
    private int _till;
    private int _rowWords;

    /// <summary>Begins at the beginning of a text.</summary>
    /// <param name="program">The pattern.</param>
    /// <param name="text">Octets.</param>
    /// <param name="steps">Steps allowed.</param>
    /// <param name="patience">Steps for each octet of the text before failures are remembered.</param>
    public PatternRun(
        PatternProgram program,
        ReadOnlySpan<char> text,
        int steps = DefaultSteps,
        int patience = DefaultPatience
    )
    {
        _patience = patience;
        _program = program;
        _text = text;
        _steps = steps;
        if (program.Registers > 0)
            _registers = ArrayPool<int>.Shared.Rent(program.Registers);
    }

    /// <summary>Where the first match may begin. Default 0.</summary>
    public int First
    {
        init => _from = value;
    }

    /// <summary>Where the last match may begin. Default the end of the text.</summary>
    public int Last { get; init; } = int.MaxValue;

    /// <summary>Where the match begins.</summary>
    public int Begin { get; private set; }

    /// <summary>Where it ends.</summary>
    public int End { get; private set; }

    /// <summary>Whether the steps, or the memory, were used up: whether there is a match is not known.</summary>
    public bool GaveUp { get; private set; }

    /// <summary>Steps left; 0 = it gave up.</summary>
    public readonly int StepsLeft => GaveUp ? 0 : Math.Max(_steps, 1);

    /// <summary>Goes to the next match; one that takes nothing is not found twice at its place.</summary>
    /// <returns>False when there is none, or when it gave up.</returns>
    public bool Next()
    {
        if (GaveUp)
            return false;
        if (_registers is not null)
            Array.Fill(_registers, -1, 0, _program.Registers);
        Forget();
        _rememberBelow = _program.Memos > 0 ? _steps - (_patience * (_text.Length + 64)) : int.MinValue;
        for (var at = _from; at <= _text.Length; at++)
        {
            var start = _program.Start.Next(_text, at);
            if (start < 0 || start > Last)
                return false;
            _steps -= (start - at) >> StepShift;
            at = start;
            switch (Run(at))
            {
                case Outcome.Matched:
                    Begin = _program.Keep >= 0 && _registers![_program.Keep] is var kept and >= 0 ? kept : at;
                    _from = End;
                    _till = Begin == End ? End + 1 : End;
                    return true;
                case Outcome.GaveUp:
                    GaveUp = true;
                    return false;
            }
        }
        return false;
    }

    /// <summary>What a group matched.</summary>
    /// <param name="number">From 1; 0 = the whole.</param>
    /// <returns>Its place in the text; null when it took no part.</returns>
    public readonly (int Begin, int End)? Group(int number)
    {
        if (number == 0)
            return (Begin, End);
        if (number >= _program.Groups.Length || _program.Groups[number] is var register && register < 0)
            return null;
        var begin = _registers![register + 1];
        return begin < 0 ? null : (begin, _registers[register + 2]);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        if (_stack.Length > 0)
            ArrayPool<int>.Shared.Return(_stack);
        if (_registers is not null)
            ArrayPool<int>.Shared.Return(_registers);
        Forget();
        (_stack, _registers) = ([], null);
    }

    private bool TryGrow()
    {
        if (_stack.Length >= MaxStack)
            return false;
        var larger = ArrayPool<int>.Shared.Rent(_stack.Length * 2);
        _stack.AsSpan().CopyTo(larger);
        ArrayPool<int>.Shared.Return(_stack);
        _stack = larger;
        return true;
    }

    private enum Outcome
    {
        Failed,
        Matched,
        GaveUp,
    }
}
