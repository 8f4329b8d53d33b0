using Postreiter.Spam.Configuration;
using Postreiter.Spam.Functions;
using Postreiter.Spam.Rules;

namespace Postreiter.Spam.Tests.Plugins;

/// <summary>Functions of plugins that the stock rules do not load, against what SpamAssassin 4.0.1 said: see <c>oracle/record.py</c>.</summary>
public sealed class PluginRuleTests
{
    private static readonly Lazy<SpamEngine> Engine = new(() =>
    {
        var reader = new RulesetReader();
        string[] plugins = ["AntiVirus", "FromNameSpoof", "PDFInfo"];
        reader.ReadText(
            "init.pre",
            string.Concat(plugins.Select(p => $"loadplugin Mail::SpamAssassin::Plugin::{p}\n"))
        );
        reader.ReadFile(Source("plugins.cf"));
        var ruleset = reader.Complete();
        Assert.Empty(ruleset.Warnings);
        return new SpamEngine(ruleset);
    });

    private static readonly Lazy<Dictionary<string, string>> Expected = new(() =>
        File.ReadLines(Source("expected.tsv"))
            .Select(static line => line.Split('\t'))
            .ToDictionary(r => r[0], r => r[1])
    );

    public static TheoryData<string> Mails => [.. Expected.Value.Keys];

    [Theory, MemberData(nameof(Mails))]
    public void A_mail_hits_what_SpamAssassin_says(string name)
    {
        var engine = Engine.Value;
        var result = engine.Scan(engine.Read(File.ReadAllBytes(Source($"mails/{name}.eml"))));
        var hits = result.Hits.Select(static hit => hit.Name).Order(StringComparer.Ordinal);
        Assert.Equal(Expected.Value[name], string.Join(',', hits));
    }

    [Theory]
    [InlineData("boss@bank.org", "boss@bank.org")]
    [InlineData("the boss@bank.org!", "boss@bank.org")]
    [InlineData("a@b", null)]
    [InlineData("@bank.org", null)]
    [InlineData("boss@bank.org-", null)]
    [InlineData("x@y@bank.org", "y@bank.org")]
    [InlineData("!!boss@bank.org", "boss@bank.org")]
    public void An_address_is_found_in_a_name(string name, string? address) =>
        Assert.Equal(address, FromNameSpoof.AddressIn(name));

    [Fact]
    public void P10_a_name_or_a_file_of_traps_takes_one_pass()
    {
        // Each would be looked at again and again from every place in it by a matcher that goes back.
        Assert.Null(FromNameSpoof.AddressIn(new string('a', 1_000_000)));
        Assert.Null(FromNameSpoof.AddressIn(string.Concat(Enumerable.Repeat("a@", 200_000))));
        Assert.Null(PdfText.Value(string.Concat(Enumerable.Repeat("/Author(", 200_000)), "/Author"));
        Assert.Null(PdfText.Link(string.Concat(Enumerable.Repeat("/URI (", 200_000))));
        Assert.Null(PdfText.Size(string.Concat(Enumerable.Repeat("/Width 1", 200_000))));
    }

    private static string Source(string name) => Rulesets.Source(Path.Combine("Plugins", name));
}
