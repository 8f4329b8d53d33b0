using Postreiter.MailAuth.Dkim;
using Postreiter.MailAuth.Dmarc;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Functions;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Rules;
using Postreiter.Spam.Senders;
using Postreiter.Testing;

namespace Postreiter.Spam.Tests.Senders;

/// <summary>
/// Rules that ask who sent a mail, against what SpamAssassin 4.0.1 with Mail::SPF, Mail::DKIM and Mail::DMARC said of the same mails and
/// the same records, served by NSD: written down by <c>oracle/record.py</c>.
/// </summary>
public sealed class SenderRuleTests
{
    private static readonly Lazy<Ruleset> Rules = new(() =>
    {
        var reader = new RulesetReader(new RulesetOptions { IsLocal = false });
        string[] plugins = ["SPF", "DKIM", "DMARC"];
        reader.ReadText(
            "init.pre",
            string.Concat(plugins.Select(p => $"loadplugin Mail::SpamAssassin::Plugin::{p}\n"))
        );
        reader.ReadFile(Source("senders.cf"));
        var ruleset = reader.Complete();
        Assert.Empty(ruleset.Warnings);
        return ruleset;
    });

    private static readonly Lazy<Dictionary<string, string[]>> Expected = new(() =>
        Rows("expected.tsv").ToDictionary(static row => row[0], static row => row[1].Split(','))
    );

    private static readonly Lazy<Dictionary<string, string[]>> Differences = new(() =>
        Rows("differences.tsv").ToDictionary(static row => row[0], static row => row[1].Split(','))
    );

    public static TheoryData<string> Mails => [.. Expected.Value.Keys.Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Mails))]
    public async Task A_mail_hits_what_SpamAssassin_says(string name)
    {
        var hits = await HitsAsync(name, Records());
        var expected = Expected.Value[name].ToHashSet(StringComparer.Ordinal);
        foreach (var difference in Differences.Value.GetValueOrDefault(name, []))
        {
            // Each of them is one: a rule of the list that agrees is to be taken out of it.
            Assert.True(
                difference[0] == '+' ? expected.Add(difference[1..]) : expected.Remove(difference[1..]),
                difference
            );
        }

        Assert.Equal(expected.Order(StringComparer.Ordinal), hits);
    }

    [Theory, MemberData(nameof(Mails))]
    public async Task F8_without_DNS_nobody_is_accused(string name)
    {
        var dns = Records();
        foreach (var row in Rows("zone.tsv"))
            dns.Fail(row[0]);
        string[] accusations = ["T_SPF_FAIL", "T_SPF_SOFTFAIL", "T_DMARC_REJECT", "T_DMARC_QUARANTINE", "T_DMARC_NONE"];
        if (
            !name.StartsWith("said-", StringComparison.Ordinal) && !name.StartsWith("results", StringComparison.Ordinal)
        )
            Assert.DoesNotContain(await HitsAsync(name, dns), hit => accusations.Contains(hit));
    }

    [Fact]
    public void Without_the_network_nothing_is_known()
    {
        var engine = new SpamEngine(Rules.Value, new SpamEngineOptions { IsNetworkWanted = false });
        var result = engine.Scan(engine.Read(File.ReadAllBytes(Source("mails/dkim-own.eml"))));
        Assert.Empty(result.Hits);
    }

    [Fact]
    public async Task Signatures_that_hold_give_their_tags()
    {
        var (engine, mail, octets) = Read("dkim-both");
        var facts = engine.Facts(mail);
        facts.Senders = await CheckAsync(Records(), mail, octets, facts.Settings);
        Assert.Equal(["example.net", "example.com"], facts.Tag("DKIMDOMAIN"));
        Assert.Equal(["@example.net", "@example.com"], facts.Tag("DKIMIDENTITY"));
        Assert.Equal(["s1"], facts.Tag("DKIMSELECTOR"));
    }

    [Fact]
    public async Task What_the_session_found_needs_no_second_look_up()
    {
        var (engine, mail, octets) = Read("spf-pass");
        var facts = engine.Facts(mail);
        var dns = Records();
        facts.Senders = await CheckAsync(dns, mail, octets, facts.Settings);
        var asked = dns.Questions.Count;
        Assert.Contains(engine.Scan(facts).Hits, static hit => hit.Name == "T_SPF_PASS");
        Assert.Equal(asked, dns.Questions.Count);
    }

    [Theory]
    [InlineData(512, false)]
    [InlineData(2048, true)]
    public async Task Practices_are_asked_of_an_author_whose_key_is_too_short_to_speak_for_him(int bits, bool isVouched)
    {
        var (engine, mail, _) = Read("dkim-own");
        var author = SenderFacts.Domain(mail.FirstAddress("From"))!;
        var signature = new DkimOutcome(DkimResult.Pass, author, "s1", "@" + author, "rsa-sha256", "", false, "")
        {
            KeyBits = bits,
        };
        var (facts, dns) = (engine.Facts(mail), new FakeDns().Txt("_adsp._domainkey." + author, "dkim=discardable"));
        var results = new SenderResults { Signatures = [signature] };
        var practices = await Evaluation(dns).PracticesAsync(mail, results, facts.Settings, Ct);
        facts.Senders = results with { Practices = practices };
        // Who is asked is who is judged.
        Assert.Equal(isVouched ? [] : [author], practices.Keys);
        Assert.Equal(practices, SenderFacts.Of(facts).Practices);
    }

    [Fact]
    public async Task A_resolver_that_never_answers_ends_with_the_time_of_the_settings()
    {
        var (engine, mail, octets) = Read("dkim-own");
        var clock = new TestClock();
        var evaluation = new SenderEvaluation(new SilentDns(), PublicSuffixList.Shipped, clock, new Random(1));
        var check = evaluation.CheckAsync(mail, octets, engine.Facts(mail).Settings, Ct).AsTask();
        // SPF beside the keys, then DMARC, then the practices: 5 s each where the rules say nothing else.
        for (var wait = 0; wait < 2; wait++)
            await clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(5), Ct);
        var results = await check;
        var practices = evaluation.PracticesAsync(mail, results, engine.Facts(mail).Settings, Ct).AsTask();
        await clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(5), Ct);
        Assert.Null(results.MailFrom);
        Assert.Null(results.Dmarc);
        Assert.Empty(await practices);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<IEnumerable<string>> HitsAsync(string name, FakeDns dns)
    {
        var (engine, mail, octets) = Read(name);
        var facts = engine.Facts(mail);
        facts.Senders = await CheckAsync(dns, mail, octets, facts.Settings);
        return engine.Scan(facts).Hits.Select(static hit => hit.Name).Order(StringComparer.Ordinal);
    }

    private static (SpamEngine Engine, SpamMail Mail, byte[] Octets) Read(string name)
    {
        var engine = new SpamEngine(Rules.Value, new SpamEngineOptions { IsNetworkWanted = true });
        var octets = File.ReadAllBytes(Source($"mails/{name}.eml"));
        return (engine, engine.Read(octets), octets);
    }

    private static async Task<SenderResults> CheckAsync(FakeDns dns, SpamMail mail, byte[] octets, Settings settings)
    {
        var evaluation = Evaluation(dns);
        var results = await evaluation.CheckAsync(mail, octets, settings, Ct);
        return results with { Practices = await evaluation.PracticesAsync(mail, results, settings, Ct) };
    }

    // Recorded at that time; signatures have no end.
    private static SenderEvaluation Evaluation(FakeDns dns) =>
        new(dns, PublicSuffixList.Shipped, TimeProvider.System, new Random(1));

    private static FakeDns Records()
    {
        var dns = new FakeDns();
        foreach (var row in Rows("zone.tsv"))
        {
            var exchange = row[2].Split(' ');
            dns = row[1] switch
            {
                "A" => dns.Address(row[0], row[2]),
                "MX" => dns.Mx(
                    row[0],
                    int.Parse(exchange[0], System.Globalization.CultureInfo.InvariantCulture),
                    exchange[1]
                ),
                _ => dns.Txt(row[0], row[2]),
            };
        }

        return dns;
    }

    private static IEnumerable<string[]> Rows(string name) =>
        File.ReadLines(Source(name))
            .Where(static line => line.Length > 0 && line[0] != '#')
            .Select(static line => line.Split('\t'));

    private static string Source(string name) => Rulesets.Source(Path.Combine("Senders", name));
}
