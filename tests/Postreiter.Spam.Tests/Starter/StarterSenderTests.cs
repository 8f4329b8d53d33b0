using Postreiter.MailAuth.Dkim;
using Postreiter.MailAuth.Dmarc;
using Postreiter.MailAuth.Spf;
using Postreiter.Spam.Rules;
using Postreiter.Spam.Senders;

namespace Postreiter.Spam.Tests.Starter;

/// <summary>Starter rules that ask what the session found of the sender.</summary>
public sealed class StarterSenderTests
{
    private static readonly SpamEngine Engine = new(
        StarterRulesTests.Rules,
        new SpamEngineOptions { IsNetworkWanted = true }
    );

    /// <summary>Each of them has a sample and a counter-sample here.</summary>
    internal static IReadOnlyList<string> Rules { get; } =
    ["PR_SPF_FAIL", "PR_SPF_SOFTFAIL", "PR_DKIM_AUTHOR", "PR_DMARC_REJECT", "PR_DMARC_QUARANTINE"];

    [Theory]
    [InlineData("PR_SPF_FAIL", SpfResult.Fail, DkimResult.None, DmarcPolicy.None)]
    [InlineData("PR_SPF_SOFTFAIL", SpfResult.SoftFail, DkimResult.None, DmarcPolicy.None)]
    [InlineData("PR_DKIM_AUTHOR", SpfResult.None, DkimResult.Pass, DmarcPolicy.None)]
    [InlineData("PR_DMARC_REJECT", SpfResult.None, DkimResult.None, DmarcPolicy.Reject)]
    [InlineData("PR_DMARC_QUARANTINE", SpfResult.None, DkimResult.None, DmarcPolicy.Quarantine)]
    [InlineData("", SpfResult.TempError, DkimResult.Fail, DmarcPolicy.None)]
    [InlineData("", SpfResult.Pass, DkimResult.TempError, DmarcPolicy.None)]
    public void A_rule_hits_what_it_is_for_and_nothing_else(
        string rule,
        SpfResult spf,
        DkimResult dkim,
        DmarcPolicy dmarc
    )
    {
        const string Mail = """
            Received: from mail.garden.example (mail.garden.example [198.51.100.7]) by mx.example.net (Postfix) with ESMTP id 4Qx1 for <ann@example.net>; Mon, 02 Nov 2026 10:00:05 +0000
            Date: Mon, 02 Nov 2026 10:00:00 +0000
            From: Bert Gardener <bert@garden.example>
            To: Ann <ann@example.net>
            Subject: Tomatoes
            Message-ID: <20261102100000.7@garden.example>

            They are ripe.

            """;
        var facts = Engine.Facts(Engine.Read(System.Text.Encoding.Latin1.GetBytes(Mail)));
        facts.Senders = new SenderResults
        {
            Sender = "bert@garden.example",
            MailFrom = new SpfOutcome(spf, "garden.example", "", null, []),
            Signatures =
            [
                new DkimOutcome(dkim, "garden.example", "s1", "@garden.example", "rsa-sha256", "", false, "")
                {
                    KeyBits = 2048,
                },
            ],
            Dmarc = new DmarcOutcome(DmarcResult.Fail, dmarc, "garden.example", ""),
        };
        var hits = Engine.Scan(facts).Hits.Select(static hit => hit.Name).Where(Rules.Contains);
        Assert.Equal(rule.Length == 0 ? [] : [rule], hits);
    }
}
