using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Functions;

/// <summary>
/// A pattern that a function of this library looks for in octets; a text that takes more than five million steps holds none. Compiled when
/// first asked for.
/// </summary>
/// <param name="pattern">The pattern, in Perl's words.</param>
/// <param name="modifiers">As behind the closing delimiter. Default none.</param>
internal sealed class FunctionPattern(string pattern, string modifiers = "")
{
    private readonly Lazy<OctetPattern> _pattern = new(() =>
        OctetPattern.TryParse(pattern, modifiers, out var read, out var error)
            ? read
            : throw new InvalidOperationException($"/{pattern}/{modifiers}: {error}")
    );

    /// <summary>Whether it is found in the text.</summary>
    public bool IsMatch(ReadOnlySpan<char> text) => _pattern.Value.IsMatch(text);

    /// <summary>The group of that number in the first match, "" when it took no part; null without a match.</summary>
    public string? Find(string text, int group = 1)
    {
        using var run = new PatternRun(_pattern.Value.GroupProgram, text);
        return run.Next() ? Text(text, run.Group(group)) : null;
    }

    /// <summary>The groups of the first match, the whole first, "" for one that took no part; null without a match.</summary>
    public string[]? First(string text)
    {
        var program = _pattern.Value.GroupProgram;
        using var run = new PatternRun(program, text);
        return run.Next() ? Groups(program, in run, text) : null;
    }

    /// <summary>Where each match ends, in order.</summary>
    public IReadOnlyList<int> Ends(string text)
    {
        var ends = new List<int>();
        using var run = new PatternRun(_pattern.Value.Program, text);
        while (run.Next())
            ends.Add(run.End);
        return ends;
    }

    /// <summary>The groups of each match, in order; the first is the whole.</summary>
    public IReadOnlyList<string[]> All(string text)
    {
        var all = new List<string[]>();
        var program = _pattern.Value.GroupProgram;
        using var run = new PatternRun(program, text);
        while (run.Next())
            all.Add(Groups(program, in run, text));
        return all;
    }

    private static string[] Groups(PatternProgram program, in PatternRun run, string text)
    {
        var groups = new string[program.Groups.Length];
        for (var i = 0; i < groups.Length; i++)
            groups[i] = Text(text, run.Group(i));
        return groups;
    }

    /// <summary>A text as a part of a pattern that matches it and nothing else.</summary>
    public static string Quote(string text) => OctetPattern.Quote(text);

    private static string Text(string text, (int Begin, int End)? place) =>
        place is var (begin, end) ? text[begin..end] : "";
}
