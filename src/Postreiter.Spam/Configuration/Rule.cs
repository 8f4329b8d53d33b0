using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Configuration;

/// <summary>A header as a rule names it.</summary>
/// <param name="Name">The field name or pseudo-header, as written.</param>
/// <param name="Modifiers">`raw`, `addr`, `name`, `host`, `domain`, `ip`, `revip`, `first`, `last`: none, one or two.</param>
public sealed record RuleHeader(string Name, IReadOnlyList<string> Modifiers)
{
    /// <summary>`Name:mod:mod`, the form that is asked for.</summary>
    public string Full { get; } = Modifiers.Count == 0 ? Name : Name + ":" + string.Join(':', Modifiers);
}

/// <summary>One condition of a `uri_detail` rule.</summary>
/// <param name="Field">`raw`, `type`, `cleaned`, `text`, `domain` or `host`.</param>
/// <param name="IsNegated">`!~`.</param>
/// <param name="Pattern">The pattern.</param>
public sealed record UriCondition(string Field, bool IsNegated, OctetPattern Pattern);

/// <summary>One rule as the ruleset has it in force.</summary>
public sealed class Rule
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What it looks at.</summary>
    public required RuleKind Kind { get; init; }

    /// <summary>The definition behind the name, as written.</summary>
    public required string Definition { get; init; }

    /// <summary>Where it stands.</summary>
    public required string File { get; init; }

    /// <summary>Its line, from 1.</summary>
    public required int Line { get; init; }

    /// <summary>Header and mimeheader rules: the header.</summary>
    public RuleHeader? Header { get; init; }

    /// <summary>Header rules: `exists:`.</summary>
    public bool IsExistence { get; init; }

    /// <summary>Header and mimeheader rules: `!~`.</summary>
    public bool IsNegated { get; init; }

    /// <summary>Header and mimeheader rules: what is matched when the header is missing; null = the empty string.</summary>
    public string? IfUnset { get; init; }

    /// <summary>Pattern rules: the pattern, with its tags replaced. A rule with <see cref="Templates"/> is built anew for each mail.</summary>
    public OctetPattern? Pattern { get; internal set; }

    /// <summary>Names of `%{TAG}` templates in the pattern.</summary>
    public IReadOnlyList<string> Templates { get; init; } = [];

    /// <summary>uri_detail rules: all of them must hold for one URI.</summary>
    public IReadOnlyList<UriCondition> Conditions { get; init; } = [];

    /// <summary>askdns rules: what is asked.</summary>
    internal AskDnsQuery? Query { get; init; }

    /// <summary>Function rules: the name of the function.</summary>
    public string Function { get; init; } = "";

    /// <summary>Function rules: the arguments, without their quotes.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Meta rules: the expression.</summary>
    public MetaExpression? Expression { get; internal set; }

    /// <summary>Points in the score sets 0 (plain), 1 (network), 2 (Bayes), 3 (both).</summary>
    public IReadOnlyList<double> Scores { get; internal set; } = [1, 1, 1, 1];

    /// <summary>Whether a `score` line gave them.</summary>
    public bool IsScored { get; internal set; }

    /// <summary>Its tflags.</summary>
    public RuleFlags Flags { get; internal set; } = RuleFlags.None;

    /// <summary>When it runs: lower numbers first. 0 unless told otherwise; rules that ask the network −100.</summary>
    public int Priority { get; internal set; }

    /// <summary>What `describe` says; empty = nothing.</summary>
    public string Description { get; internal set; } = "";

    /// <summary>`shortcircuit`: `on`, `spam` or `ham`; null = does not end the scan.</summary>
    public string? ShortCircuit { get; internal set; }

    /// <summary>Whether the rule gives no points of its own: its name starts with `__`.</summary>
    public bool IsSub => Name.StartsWith("__", StringComparison.Ordinal);

    /// <summary>`NAME (FILE:LINE)`.</summary>
    public override string ToString() => $"{Name} ({File}:{Line})";
}
