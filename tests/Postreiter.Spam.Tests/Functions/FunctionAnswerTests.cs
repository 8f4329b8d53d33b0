using System.Globalization;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Rules;

namespace Postreiter.Spam.Tests.Functions;

/// <summary>
/// Every rule function with good, bad and hostile mail and arguments: the answers are SpamAssassin's own, recorded in
/// <c>answers/functions.tsv</c> by <c>oracle/functions.pl</c>.
/// </summary>
public sealed class FunctionAnswerTests
{
    private static readonly Lazy<IReadOnlyList<HashSet<string>>> Ours = new(Scan);

    private static readonly IReadOnlyList<(string Kind, string Call, string[] Mails)> Cases =
    [
        .. File.ReadLines(Path.Combine(Folder, "functions.tsv"))
            .Where(static line => line.Length > 0 && line[0] != '#')
            .Select(static line => line.Split('\t'))
            .Select(static fields =>
                (fields[0], fields[1], fields[2].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            ),
    ];

    public static TheoryData<string> Calls => [.. Cases.Select(static one => $"{one.Kind} {one.Call}")];

    private static string Folder => Rulesets.Source("Functions/answers");

    [Theory, MemberData(nameof(Calls))]
    public void Answers_as_the_original(string call)
    {
        var index = 0;
        while ($"{Cases[index].Kind} {Cases[index].Call}" != call)
            index++;
        var ours = Ours.Value[index];
        var missing = Cases[index].Mails.Where(mail => !ours.Contains(mail));
        var extra = ours.Except(Cases[index].Mails);
        Assert.True(
            ours.SetEquals(Cases[index].Mails),
            $"missing: {string.Join(' ', missing)}; extra: {string.Join(' ', extra)}"
        );
    }

    [Fact]
    public void Every_function_is_asked()
    {
        var asked = Cases.Select(static one => one.Call.Split('(')[0]).ToHashSet();
        // Those that ask the network, Bayes, and plugins that the stock rules do not load have their own tests.
        var functions = RuleFunctions.All.Keys.Where(static name => !IsElsewhere(name));
        Assert.Empty(functions.Except(asked));
    }

    private static bool IsElsewhere(string name) =>
        name.Contains("rbl", StringComparison.Ordinal)
        || name.Contains("uridnsbl", StringComparison.Ordinal)
        || name.Contains("dns", StringComparison.Ordinal) && !name.Contains("rdns", StringComparison.Ordinal)
        || name.Contains("spf", StringComparison.Ordinal)
        || name.Contains("dkim", StringComparison.Ordinal)
        || name.Contains("dmarc", StringComparison.Ordinal)
        || name.Contains("arc_", StringComparison.Ordinal)
        || name.Contains("bayes", StringComparison.Ordinal)
        || name.Contains("hashbl", StringComparison.Ordinal)
        || name.Contains("razor", StringComparison.Ordinal)
        || name.Contains("pyzor", StringComparison.Ordinal)
        || name.StartsWith("pdf_", StringComparison.Ordinal)
        || name.Contains("fromname", StringComparison.Ordinal)
        || name is "check_microsoft_executable" or "check_suspect_name" or "check_shortcircuit"
        // The original has no such function.
        || name is "check_learned";

    // The mails that each call hits.
    private static HashSet<string>[] Scan()
    {
        Assert.SkipUnless(
            Directory.Exists(Rulesets.Rules),
            $"{Rulesets.Rules} is missing: SpamAssassin's rules are not shipped"
        );
        var reader = new RulesetReader();
        foreach (var file in RulesetFiles.Of(Rulesets.Rules, Rulesets.Site, withSiteRules: false))
            reader.ReadFile(file);
        reader.ReadFile(Path.Combine(Folder, "settings.cf"));
        for (var i = 0; i < Cases.Count; i++)
            reader.ReadText("functions.tsv", $"{Cases[i].Kind} __CALL_{i} eval:{Cases[i].Call}\n");
        var engine = new SpamEngine(reader.Complete(), new SpamEngineOptions { KeepsAllSubRules = true });
        var hits = Cases.Select(static _ => new HashSet<string>(StringComparer.Ordinal)).ToArray();
        foreach (var file in Directory.GetFiles(Path.Combine(Folder, "mails"), "*.eml"))
        {
            foreach (var hit in engine.Scan(engine.Read(File.ReadAllBytes(file))).SubHits)
            {
                if (hit.Name.StartsWith("__CALL_", StringComparison.Ordinal))
                    hits[int.Parse(hit.Name.AsSpan(7), CultureInfo.InvariantCulture)]
                        .Add(Path.GetFileNameWithoutExtension(file));
            }
        }

        return hits;
    }
}
