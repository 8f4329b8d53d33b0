namespace Postreiter.Spam.Configuration;

/// <summary>What an operation of a meta does with the values on the stack.</summary>
internal enum MetaOperation : byte
{
    /// <summary>Puts a number there.</summary>
    Number,

    /// <summary>Puts the hits of a rule there.</summary>
    Rule,

    /// <summary>Puts the sum of the hits of some rules there: `rules_matching()`.</summary>
    Sum,

    /// <summary>Puts 1 there when the network is off, else 0.</summary>
    LocalTestsOnly,

    /// <summary>Truth turned round.</summary>
    Not,

    /// <summary>Sign turned round.</summary>
    Negate,

    /// <summary>Multiplication.</summary>
    Multiply,

    /// <summary>Division; by 0 the whole meta is no hit.</summary>
    Divide,

    /// <summary>Addition.</summary>
    Add,

    /// <summary>Subtraction.</summary>
    Subtract,

    /// <summary>Less.</summary>
    Less,

    /// <summary>Less or equal.</summary>
    LessOrEqual,

    /// <summary>Greater.</summary>
    Greater,

    /// <summary>Greater or equal.</summary>
    GreaterOrEqual,

    /// <summary>Equal.</summary>
    Equal,

    /// <summary>Not equal.</summary>
    NotEqual,

    /// <summary>Bitwise exclusive or, as Perl's `^` on numbers.</summary>
    Xor,

    /// <summary>Jumps when the top is false and leaves it; otherwise takes it away: `&amp;&amp;`.</summary>
    JumpIfFalseKeep,

    /// <summary>Jumps when the top is true and leaves it; otherwise takes it away: `||`.</summary>
    JumpIfTrueKeep,

    /// <summary>Takes the top away and jumps when it is false: `?`.</summary>
    JumpIfFalse,

    /// <summary>Jumps: the end of the middle of `? :`.</summary>
    Jump,
}

/// <summary>One step of a compiled meta.</summary>
/// <param name="Operation">What to do.</param>
/// <param name="Number">The number, for <see cref="MetaOperation.Number"/>.</param>
/// <param name="Index">Which name (<see cref="MetaOperation.Rule"/>), which glob (<see cref="MetaOperation.Sum"/>) or where to jump.</param>
internal readonly record struct MetaStep(MetaOperation Operation, double Number, int Index);

/// <summary>The expression of a meta rule, compiled for a stack.</summary>
public sealed class MetaExpression
{
    internal MetaExpression(MetaStep[] steps, string[] names, string[] globs)
    {
        Steps = steps;
        Names = names;
        Globs = globs;
    }

    internal MetaStep[] Steps { get; }

    /// <summary>The rules it names, each once, in order.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The patterns of `rules_matching()`.</summary>
    public IReadOnlyList<string> Globs { get; }
}
