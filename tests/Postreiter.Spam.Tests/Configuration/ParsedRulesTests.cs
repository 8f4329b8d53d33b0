using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Postreiter.Spam.Configuration;

namespace Postreiter.Spam.Tests.Configuration;

/// <summary>What we read of the stock rules beside what SpamAssassin reads of them.</summary>
public sealed class ParsedRulesTests
{
    // The plugin Razor2, which we do not have, moves its own rules to where it asks its service.
    private static readonly string[] MovedByTheirPlugin = ["RAZOR2_CF_RANGE_51_100"];

    private sealed record Theirs(
        string Name,
        string Type,
        double[] Scores,
        int Priority,
        string Flags,
        string? Pattern,
        string Test,
        string Description
    );

    [Fact]
    public void Every_stock_rule_is_read_as_the_original_reads_it()
    {
        var ours = Rulesets.Stock;
        var theirs = Original();
        var differences = new List<string>();
        var names = theirs.Select(static rule => rule.Name).ToHashSet(StringComparer.Ordinal);
        differences.AddRange(
            ours.Rules.Where(rule => !names.Contains(rule.Name)).Select(static rule => $"extra: {rule}")
        );
        foreach (var rule in theirs)
        {
            if (ours.TryGetRule(rule.Name, out var found))
                differences.AddRange(Differences(rule, found).Select(what => $"{found}: {what}"));
            else
                differences.Add($"missing: {rule.Name} ({rule.Type})");
        }
        Assert.True(
            differences.Count == 0,
            $"{differences.Count} differences\n" + string.Join('\n', differences.Take(60))
        );
        Assert.True(theirs.Count > 2900, $"only {theirs.Count} rules");
    }

    [Fact]
    public void The_stock_rules_give_no_warning() =>
        Assert.Empty(Rulesets.Stock.Warnings.Select(static warning => warning.ToString()));

    private static IEnumerable<string> Differences(Theirs theirs, Rule ours)
    {
        if (!Kinds(theirs).Contains(ours.Kind))
            yield return $"{theirs.Type} is a {ours.Kind}";
        if (!theirs.Scores.SequenceEqual(ours.Scores))
            yield return $"scores {string.Join(' ', theirs.Scores)}, not {string.Join(' ', ours.Scores)}";
        if (
            !MovedByTheirPlugin.Contains(ours.Name)
            && theirs.Priority != ours.Priority
            && !(theirs.Priority == 0 && ours.Priority == RuleOrder.NetPriority && ours.Flags.IsNet)
        )
            yield return $"priority {theirs.Priority}, not {ours.Priority}";
        // A meta may inherit "net" over two steps there, as its table happens to be ordered; it changes nothing.
        if (Words(theirs.Flags) != Words(ours.Flags.Text) && ours.Kind != RuleKind.Meta)
            yield return $"tflags {theirs.Flags}, not {ours.Flags.Text}";
        if (theirs.Description != ours.Description)
            yield return $"description {theirs.Description}, not {ours.Description}";
        if (theirs.Pattern is not null && Pattern(theirs.Pattern) != Ours(ours))
            yield return $"pattern\n  {Pattern(theirs.Pattern)}, not\n  {Ours(ours)}";
    }

    private static string Words(string flags) =>
        string.Join(' ', flags.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order());

    // (?^aa:(?i)text) is text with the modifier i.
    private static string Pattern(string text)
    {
        const string Start = "(?^aa:";
        if (text.StartsWith(Start, StringComparison.Ordinal) && text.EndsWith(')'))
            text = text[Start.Length..^1];
        // Tags were replaced in a pattern that had its modifiers in front already.
        return text.StartsWith("(?aa)", StringComparison.Ordinal) ? text["(?aa)".Length..] : text;
    }

    private static string Ours(Rule rule) =>
        rule.Pattern is { } pattern
            ? (pattern.Modifiers.Length > 0 ? $"(?{pattern.Modifiers})" : "") + pattern.Source
            : "";

    private static RuleKind[] Kinds(Theirs rule) =>
        rule.Type switch
        {
            "TYPE_HEAD_TESTS" => [RuleKind.Header],
            "TYPE_HEAD_EVALS" => [RuleKind.HeaderFunction],
            "TYPE_RBL_EVALS" => [RuleKind.BlocklistFunction],
            "TYPE_BODY_TESTS" => [RuleKind.Body],
            "TYPE_BODY_EVALS" => [RuleKind.BodyFunction, RuleKind.MimeHeader, RuleKind.UriDetail],
            "TYPE_RAWBODY_TESTS" => [RuleKind.RawBody],
            "TYPE_RAWBODY_EVALS" => [RuleKind.RawBodyFunction],
            "TYPE_FULL_TESTS" => [RuleKind.Full],
            "TYPE_FULL_EVALS" => [RuleKind.FullFunction],
            "TYPE_URI_TESTS" => [RuleKind.Uri],
            "TYPE_META_TESTS" => [RuleKind.Meta],
            _ => [RuleKind.Declared, RuleKind.AskDns],
        };

    private static List<Theirs> Original()
    {
        Assert.SkipUnless(
            File.Exists("/usr/share/perl5/Mail/SpamAssassin.pm"),
            "SpamAssassin is not installed: there is nothing to compare with"
        );
        var start = new ProcessStartInfo("perl")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            StandardOutputEncoding = Encoding.Latin1,
        };
        foreach (var argument in new[] { Rulesets.Source("oracle/rules.pl"), Rulesets.Rules, Rulesets.Site })
            start.ArgumentList.Add(argument);
        (start.Environment["LC_ALL"], start.Environment["LANG"]) = ("C", "C");
        using var perl = Process.Start(start)!;
        var rules = new List<Theirs>();
        while (perl.StandardOutput.ReadLine() is { } line)
        {
            using var json = JsonDocument.Parse(line);
            var rule = json.RootElement;
            rules.Add(
                new Theirs(
                    rule.GetProperty("name").GetString()!,
                    rule.GetProperty("type").GetString()!,
                    [.. rule.GetProperty("scores").EnumerateArray().Select(static score => score.GetDouble())],
                    rule.GetProperty("priority").GetInt32(),
                    rule.GetProperty("tflags").GetString()!,
                    rule.GetProperty("pattern").GetString(),
                    rule.GetProperty("test").GetString()!,
                    rule.GetProperty("description").GetString()!
                )
            );
        }
        perl.WaitForExit();
        Assert.Equal(0, perl.ExitCode);
        return rules;
    }
}
