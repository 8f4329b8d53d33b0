using System.Text;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Matching;
using Postreiter.Spam.Patterns;

namespace Postreiter.Fuzz;

/// <summary>Files of spam rules, and the patterns in them.</summary>
internal static class SpamRuleTargets
{
    private static readonly string[] Texts =
    [
        "",
        "\n",
        "aaaaaaaaaaaaaaaaaaaaaaaab",
        "From: a@example.com\nab 12 \u00e9\u00c9\u00a0x\n",
    ];

    /// <summary>Any file is read; each line that is not in force is told with its place; rules have what their kind needs.</summary>
    public static void Files(byte[] input)
    {
        // Files that it names are not opened: the depth is used up.
        var reader = new RulesetReader(new RulesetOptions { MaxIncludeDepth = 0 });
        reader.ReadText(
            "plugins.pre",
            "loadplugin Mail::SpamAssassin::Plugin::ReplaceTags\nloadplugin Mail::SpamAssassin::Plugin::MIMEHeader\n"
                + "loadplugin Mail::SpamAssassin::Plugin::URIDetail\nloadplugin Mail::SpamAssassin::Plugin::Shortcircuit\n"
        );
        reader.ReadText("fuzz.cf", Encoding.Latin1.GetString(input));
        var ruleset = reader.Complete();
        var lines = input.Count(static octet => octet == '\n') + 1;
        Require(
            ruleset.Warnings.All(warning => warning.Line >= 0 && warning.Line <= lines && warning.Message.Length > 0)
        );
        foreach (var rule in ruleset.Rules)
        {
            Require(rule.Scores.Count == 4 && rule.Name.Length is > 0 and <= 100);
            Require(rule.Kind != RuleKind.Meta || rule.Expression is not null);
            if (rule.Expression is { } meta)
            {
                var names = new int[meta.Names.Count];
                Array.Fill(names, -1);
                var sums = Enumerable.Range(0, meta.Globs.Count).Select(static _ => Array.Empty<int>()).ToArray();
                _ = MetaEvaluation.Evaluate(meta.Steps, names, sums, [], isLocal: true);
            }
        }
    }

    /// <summary>
    /// A pattern that is read is compiled, with its groups and without, remembering failures and not: all find the same matches, or use their
    /// steps up. Its automaton finds no less, and no more where it says so. What stands behind the first line is a text for it.
    /// </summary>
    public static void Patterns(byte[] input)
    {
        var (line, own) = (input.AsSpan().IndexOf((byte)'\n') is var end and >= 0 ? end : input.Length, "");
        if (line < input.Length)
            own = Encoding.Latin1.GetString(input.AsSpan(line + 1, Math.Min(200, input.Length - line - 1)));
        if (
            line > 300
            || !OctetPattern.TryParse(Encoding.Latin1.GetString(input, 0, line), out var pattern, out var error)
        )
            return;
        Require(error is null);
        _ = RequiredLiterals.Of(pattern.Tree);
        var automaton = Automaton.Build([pattern.Tree]);
        if (automaton is null)
            return;
        var lazy = new LazyAutomaton(automaton);
        var found = new CandidateSet(1);
        foreach (var text in Texts.Append(own))
        {
            found.Clear();
            lazy.Find(text, 0, text.Length, found, stopsAtAll: true);
            var count = Count(pattern.Program, text, patience: 0);
            var other = Count(pattern.GroupProgram, text, patience: 1000);
            Require(count < 0 || other < 0 || count == other);
            Require(count <= 0 || found.Count > 0);
            Require(count != 0 || found.Count == 0 || !automaton.IsExact[0]);
        }
    }

    // -1: the steps were not enough.
    private static int Count(PatternProgram program, string text, int patience)
    {
        using var run = new PatternRun(program, text, 20_000, patience);
        var count = 0;
        while (run.Next())
        {
            Require(run.Begin >= 0 && run.Begin <= run.End && run.End <= text.Length && ++count <= text.Length * 2 + 2);
            for (var group = 0; group < program.Groups.Length; group++)
                Require(run.Group(group) is not var (begin, end) || (begin >= 0 && begin <= end && end <= text.Length));
        }
        return run.GaveUp ? -1 : count;
    }

    private static void Require(bool holds)
    {
        if (!holds)
            throw new InvalidOperationException("a spam rule or its pattern broke its promise");
    }
}
