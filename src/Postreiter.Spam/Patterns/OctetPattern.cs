using System.Diagnostics.CodeAnalysis;
using System.Text;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Patterns;

/// <summary>A Perl pattern over octets: what a ruleset writes as `/…/i` or `m{…}x`, with Perl's meaning under /aa.</summary>
public sealed class OctetPattern
{
    private PatternProgram? _program;
    private PatternProgram? _groupProgram;

    private OctetPattern(string source, string modifiers, PatternNode tree, IReadOnlyDictionary<string, int> groups)
    {
        Source = source;
        Modifiers = modifiers;
        Tree = tree;
        Groups = groups;
    }

    /// <summary>The pattern without delimiters, as written.</summary>
    public string Source { get; }

    /// <summary>The modifiers, as written.</summary>
    public string Modifiers { get; }

    /// <summary>Named groups and their numbers.</summary>
    public IReadOnlyDictionary<string, int> Groups { get; }

    internal PatternNode Tree { get; }

    /// <summary>The pattern compiled, without groups. Made when first asked for.</summary>
    internal PatternProgram Program => _program ??= PatternCompiler.Compile(Tree, keepsGroups: false);

    /// <summary>The pattern compiled, with the texts of all groups. Made when first asked for.</summary>
    internal PatternProgram GroupProgram => _groupProgram ??= PatternCompiler.Compile(Tree, keepsGroups: true);

    /// <summary>Reads a pattern in delimiters: `/…/mods`, `m{…}mods`, `m,…,mods`, `qr…`.</summary>
    /// <param name="delimited">The text, octets.</param>
    /// <param name="pattern">The pattern.</param>
    /// <param name="error">What is wrong, for people.</param>
    public static bool TryParse(
        string delimited,
        [NotNullWhen(true)] out OctetPattern? pattern,
        [NotNullWhen(false)] out string? error
    )
    {
        pattern = null;
        if (!PatternDelimiters.TryStrip(delimited, out var source, out var modifiers, out error))
            return false;
        return TryParse(source, modifiers, out pattern, out error);
    }

    /// <summary>Reads a pattern that has no delimiters.</summary>
    internal static bool TryParse(
        string source,
        string modifiers,
        [NotNullWhen(true)] out OctetPattern? pattern,
        [NotNullWhen(false)] out string? error
    )
    {
        pattern = null;
        if (!PatternParser.TryParse(source, modifiers, out var tree, out var groups, out var fault))
        {
            error = fault;
            return false;
        }
        error = null;
        pattern = new OctetPattern(source, modifiers, tree, groups);
        return true;
    }

    /// <summary>Whether a text holds a match; one that needs more than five million steps counts as none.</summary>
    /// <param name="text">Octets.</param>
    public bool IsMatch(ReadOnlySpan<char> text)
    {
        var steps = PatternRun.DefaultSteps;
        return IsMatch(text, ref steps);
    }

    /// <summary>Whether a text holds a match.</summary>
    /// <param name="text">Octets.</param>
    /// <param name="steps">Steps that may be taken; what is left of them, 0 = they were not enough, and there counts as none.</param>
    internal bool IsMatch(ReadOnlySpan<char> text, ref int steps)
    {
        using var run = new PatternRun(Program, text, steps);
        var isFound = run.Next();
        steps = run.StepsLeft;
        return isFound;
    }

    /// <summary>The first match and its groups; one that needs more than five million steps counts as none.</summary>
    /// <param name="text">Octets.</param>
    /// <returns>What each group matched (0 is the whole; null = took no part); null when there is no match.</returns>
    public IReadOnlyList<string?>? Match(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        using var run = new PatternRun(GroupProgram, text);
        if (!run.Next())
            return null;
        var groups = new string?[GroupProgram.Groups.Length];
        for (var i = 0; i < groups.Length; i++)
            groups[i] = run.Group(i) is var (begin, end) ? text[begin..end] : null;
        return groups;
    }

    /// <summary>A text as a part of a pattern that matches it and nothing else.</summary>
    internal static string Quote(string text)
    {
        var quoted = new StringBuilder();
        foreach (var octet in text)
        {
            if (!Octets.IsWord(octet))
                quoted.Append('\\');
            quoted.Append(octet);
        }
        return quoted.ToString();
    }

    /// <summary>`/…/mods`.</summary>
    public override string ToString() => $"/{Source}/{Modifiers}";
}
