using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Tests.Inbound;
using Postreiter.Smtp.Server;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Rules;
using Postreiter.Spam.Scanning;
using static Postreiter.Delivery.Tests.Inbound.InboundSite;

namespace Postreiter.Delivery.Tests.Authentication;

/// <summary>What the session found of a sender is what rules are told, without a second look-up.</summary>
public sealed class SenderRulesTests
{
    private const string Rules = """
        loadplugin Mail::SpamAssassin::Plugin::SPF
        loadplugin Mail::SpamAssassin::Plugin::DKIM
        loadplugin Mail::SpamAssassin::Plugin::DMARC
        add_header all Status "_YESNO_, tests=_TESTS_"
        header SPF_PASS eval:check_for_spf_pass()
        header SPF_FAIL eval:check_for_spf_fail()
        header HELO_PASS eval:check_for_spf_helo_pass()
        header HELO_NONE eval:check_for_spf_helo_none()
        header SKIPPED eval:check_spf_skipped_noenvfrom()
        full SIGNED eval:check_dkim_signed()
        full VALID eval:check_dkim_valid()
        full AUTHOR eval:check_dkim_valid_author_sig()
        full ENVELOPE eval:check_dkim_valid_envelopefrom()
        full SEALED eval:check_arc_signed()
        header DMARC_PASS eval:check_dmarc_pass()
        header DMARC_NONE eval:check_dmarc_none()
        header DMARC_MISSING eval:check_dmarc_missing()
        header NO_DOMAIN eval:check_dkim_adsp('N')
        header FRIEND eval:check_for_spf_welcomelist_from()
        header BANK eval:check_for_def_dkim_welcomelist_from()
        header SENDER EnvelopeFrom =~ /s@far\.example/
        welcomelist_auth s@far.example
        def_welcomelist_from_dkim bank@far.example
        """;

    private const string Text = "From: bank@far.example\nTo: ann@our.example\nSubject: x\n\nbody";

    [Theory]
    [InlineData("v=spf1 ip4:192.0.2.1 -all", "DMARC_PASS,FRIEND,HELO_NONE,SENDER,SPF_PASS")]
    [InlineData("v=spf1 -all", "DMARC_NONE,HELO_NONE,SENDER,SPF_FAIL")]
    [InlineData(null, "DMARC_NONE,HELO_NONE,SENDER")]
    public async Task SPF_and_DMARC_of_the_session_are_known_to_rules(string? record, string expected)
    {
        await using var site = await SiteAsync();
        if (record is not null)
            site.Dns.Txt("far.example", record);
        site.Dns.Empty("far.example").Txt("_dmarc.far.example", "v=DMARC1; p=none");
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text));
        Assert.Equal(expected, await TestsAsync(site));
        // Nothing of it was asked twice.
        Assert.Single(site.Dns.Questions, static q => q == "TXT far.example");
        Assert.Single(site.Dns.Questions, static q => q == "TXT _dmarc.far.example");
        Assert.Single(site.Dns.Questions, static q => q == "TXT client.example");
    }

    [Fact]
    public async Task A_signature_checked_on_the_way_in_is_known_to_rules()
    {
        await using var site = await SiteAsync();
        site.Dns.WithKey("far.example").Txt("client.example", "v=spf1 ip4:192.0.2.0/24 -all");
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Signed.By("far.example", Text)));
        Assert.Equal(
            "AUTHOR,BANK,DMARC_MISSING,ENVELOPE,HELO_PASS,SENDER,SIGNED,VALID".Replace(
                "DMARC_MISSING",
                await DmarcAsync(site),
                StringComparison.Ordinal
            ),
            await TestsAsync(site)
        );
    }

    [Fact]
    public async Task The_null_sender_has_no_SPF_and_is_no_unknown_one()
    {
        await using var site = await SiteAsync();
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text, from: "<>"));
        Assert.Equal("DMARC_MISSING,HELO_NONE,NO_DOMAIN", await TestsAsync(site));
    }

    [Fact]
    public async Task Without_the_network_rules_know_nothing_of_it()
    {
        await using var site = await SiteAsync(isNetworkWanted: false);
        site.Dns.Txt("far.example", "v=spf1 ip4:192.0.2.1 -all");
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text));
        Assert.Equal("SENDER", await TestsAsync(site));
    }

    // The test keys' domain may publish a policy too.
    private static async Task<string> DmarcAsync(InboundSite site) =>
        (await site.InboxAsync("ann"))[0].Contains("dmarc=pass", StringComparison.Ordinal)
            ? "DMARC_PASS"
            : "DMARC_MISSING";

    private static async Task<string> TestsAsync(InboundSite site)
    {
        var message = Assert.Single(await site.InboxAsync("ann"));
        var start = message.IndexOf(" tests=", StringComparison.Ordinal) + 7;
        var end = start;
        while (!message.AsSpan(end).StartsWith("\r\n") || message[end + 2] is '\t' or ' ')
            end++;
        return string.Concat(message[start..end].Where(static c => !char.IsWhiteSpace(c)));
    }

    private static async Task<InboundSite> SiteAsync(bool isNetworkWanted = true)
    {
        var site = await CreateAsync(checks: new SenderCheckOptions { OnDmarcReject = FailurePolicy.Mark });
        var reader = new RulesetReader(new RulesetOptions { IsLocal = false });
        reader.ReadText("rules.cf", Rules);
        var ruleset = reader.Complete();
        Assert.Empty(ruleset.Warnings);
        var scanner = new GatedScanner();
        var senders = new Spam.Senders.SenderEvaluation(
            site.Dns,
            MailAuth.Dmarc.PublicSuffixList.Shipped,
            site.Clock,
            new Random(1)
        );
        scanner.UseScans(new MailScans(ruleset, new SpamEngineOptions { IsNetworkWanted = isNetworkWanted }, senders));
        site.Filter(scanner, new SpamFilterOptions { Threshold = 100, RejectAt = 100 });
        return site;
    }
}
