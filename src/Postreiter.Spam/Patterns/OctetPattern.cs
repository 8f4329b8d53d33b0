using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Postreiter.Spam.Patterns;

/// <summary>A Perl pattern over octets: what a ruleset writes as `/…/i` or `m{…}x`, with Perl's meaning under /aa.</summary>
public sealed class OctetPattern
{
    private Regex? _regex;
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

    /// <summary>The translated pattern. Its input must be mapped by <see cref="OctetText"/>. Made when first asked for.</summary>
    /// <remarks>A match ends after 100 ms with a <see cref="RegexMatchTimeoutException"/>.</remarks>
    internal Regex Regex =>
        _regex ??= new Regex(
            DotNetPattern.Write(Tree),
            RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
            TimeSpan.FromMilliseconds(100)
        );

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

    /// <summary>Whether a text holds a match; one that takes more than 100 ms counts as none.</summary>
    /// <param name="text">Octets.</param>
    public bool IsMatch(ReadOnlySpan<char> text)
    {
        using var mapped = OctetText.Map(text);
        try
        {
            return Regex.IsMatch(mapped.Span);
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }

    /// <summary>The first match and its groups; one that takes more than 100 ms counts as none.</summary>
    /// <param name="text">Octets.</param>
    /// <returns>What each group matched (0 is the whole; null = took no part); null when there is no match.</returns>
    public IReadOnlyList<string?>? Match(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            var match = Regex.Match(OctetText.Map(text));
            if (!match.Success)
                return null;
            var groups = new string?[match.Groups.Count];
            for (var i = 0; i < groups.Length; i++)
                groups[i] = match.Groups[i].Success ? OctetText.Unmap(match.Groups[i].Value) : null;
            return groups;
        }
        catch (RegexMatchTimeoutException)
        {
            return null;
        }
    }

    /// <summary>`/…/mods`.</summary>
    public override string ToString() => $"/{Source}/{Modifiers}";
}
