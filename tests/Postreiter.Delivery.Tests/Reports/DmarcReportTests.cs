using System.Net;
using System.Text;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Tests.Authentication;
using Postreiter.Delivery.Tests.Inbound;
using Postreiter.MailAuth.Dmarc;
using Postreiter.MailAuth.Reports;
using Postreiter.Smtp.Server;
using Postreiter.Storage;
using Postreiter.Storage.MailAuth;

namespace Postreiter.Delivery.Tests.Reports;

/// <summary>Reports of DMARC: those that come are summed up, those that are asked for are sent.</summary>
public sealed class DmarcReportTests
{
    private static readonly DomainName Ours = DomainName.Parse("our.example");
    private static readonly EmailAddress Inbox = EmailAddress.Parse("ann@our.example");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_report_is_summed_up_once_and_filed_as_any_mail()
    {
        await using var site = await InboundSite.CreateAsync(checks: new SenderCheckOptions());
        site.Reports.Addresses = [Inbox];
        Allow(site, "far.example");
        var report = ReportAbout("our.example", "id-1");
        await SendAsync(site, report);
        await SendAsync(site, report);
        await SendAsync(site, ReportAbout("our.example", "id-2"));
        Assert.Equal(3, (await site.InboxAsync("ann")).Count);
        var sums = await site.Store.MailAuth.ListDmarcSumsAsync(Ours, DateOnly.MinValue, Ct);
        Assert.Equal(
            [
                new DmarcSum(
                    new DateOnly(2026, 1, 1),
                    "mx.far.example",
                    IPAddress.Parse("192.0.2.7"),
                    "our.example",
                    "quarantine",
                    true,
                    false,
                    14
                ),
            ],
            sums
        );
    }

    [Theory]
    [InlineData("our.example", "other@our.example", true, 0)] // at another address
    [InlineData("else.example", "ann@our.example", true, 0)] // about a domain that is not ours
    [InlineData("our.example", "ann@our.example", false, 0)] // of nobody known
    [InlineData("our.example", "ann@our.example", true, 1)]
    public async Task What_is_not_to_be_counted_is_only_filed(string about, string inbox, bool isKnown, int sums)
    {
        await using var site = await InboundSite.CreateAsync(checks: new SenderCheckOptions());
        site.Reports.Addresses = [EmailAddress.Parse(inbox)];
        if (isKnown)
            Allow(site, "far.example");
        await SendAsync(site, ReportAbout(about, "id"));
        Assert.Single(await site.InboxAsync("ann"));
        Assert.Equal(sums, (await site.Store.MailAuth.ListDmarcSumsAsync(Ours, DateOnly.MinValue, Ct)).Count);
    }

    [Fact]
    public async Task A_broken_report_and_a_store_that_fails_keep_no_mail_away()
    {
        await using var site = await InboundSite.CreateAsync(checks: new SenderCheckOptions());
        site.Reports.Addresses = [Inbox];
        Allow(site, "far.example");
        var report = ReportAbout("our.example", "id-1");
        await SendAsync(site, report.Replace("H4sI", "AAAA", StringComparison.Ordinal));
        site.Fault = method =>
            method == nameof(IMailAuthStore.AddDmarcReportAsync) ? new StoreException(StoreFault.Busy, "busy") : null;
        await SendAsync(site, report);
        Assert.Equal(2, (await site.InboxAsync("ann")).Count);
        Assert.Empty(await site.Store.MailAuth.ListDmarcSumsAsync(Ours, DateOnly.MinValue, Ct));
    }

    [Fact]
    public async Task Who_asks_for_reports_gets_the_sums_of_a_day_signed()
    {
        await using var site = await InboundSite.CreateAsync(checks: new SenderCheckOptions());
        site.Reporting.IsOn = true;
        await SigningTests.ActivateAsync(site, "our.example");
        site.Dns.Txt("far.example", "v=spf1 ip4:192.0.2.1 -all")
            .Txt(
                "_dmarc.far.example",
                "v=DMARC1; p=quarantine; rua=mailto:d@far.example,mailto:x@outside.example!10m,mailto:y@nobody.example"
            )
            // RFC 7489 §7.1: outside says that it wants them, nobody does not.
            .Txt("far.example._report._dmarc.outside.example", "v=DMARC1")
            .Txt("_dmarc.silent.example", "v=DMARC1; p=none");
        await MailAsync(site, "192.0.2.1", "a@far.example");
        await MailAsync(site, "192.0.2.1", "a@far.example");
        await MailAsync(site, "192.0.2.9", "a@far.example");
        await MailAsync(site, "192.0.2.9", "a@silent.example");
        await site.Reporting.Counter.FlushAsync(Ct);
        // The day is not over.
        await site.Reporting.SendDueAsync(Ct);
        Assert.Empty(await site.QueueAsync());
        site.Clock.Advance(TimeSpan.FromDays(1));
        await site.Reporting.SendDueAsync(Ct);
        await site.Reporting.SendDueAsync(Ct);
        var queue = await site.QueueAsync();
        Assert.Equal(["far.example", "outside.example"], queue.Select(q => q.Destination.Ascii).Order());
        var text = await site.QueuedAsync(queue.Single(q => q.Destination.Ascii == "far.example"));
        var (dkim, _) = await Signed.VerifyAsync(text, site.Dns, site.Clock);
        Assert.All(dkim, d => Assert.Equal((MailAuth.Dkim.DkimResult.Pass, "our.example"), (d.Result, d.Domain)));
        var packed = text.Split("\r\n\r\n")[4].Split("\r\n--")[0];
        var report = AggregateReportReader.Read(Convert.FromBase64String(packed.ReplaceLineEndings("")), out var error);
        Assert.Null(error);
        Assert.Equal("far.example", report!.Policy.Domain);
        Assert.Equal(
            [("192.0.2.1", 2L, DmarcPolicy.None, true), ("192.0.2.9", 1L, DmarcPolicy.Quarantine, false)],
            report.Sum().Select(s => (s.Source.ToString(), s.Count, s.Disposition, s.IsSpfAligned))
        );
    }

    [Fact]
    public async Task F8_a_report_waits_for_the_DNS_but_not_for_ever()
    {
        await using var site = await InboundSite.CreateAsync(checks: new SenderCheckOptions());
        site.Reporting.IsOn = true;
        site.Dns.Txt("_dmarc.far.example", "v=DMARC1; p=none; rua=mailto:d@far.example");
        await MailAsync(site, "192.0.2.9", "a@far.example");
        await site.Reporting.Counter.FlushAsync(Ct);
        site.Dns.Fail("_dmarc.far.example");
        site.Clock.Advance(TimeSpan.FromDays(1));
        await site.Reporting.SendDueAsync(Ct);
        var tomorrow = DateOnly.MaxValue;
        Assert.Single(await site.Store.MailAuth.ListDmarcResultsAsync(tomorrow, Ct));
        site.Clock.Advance(TimeSpan.FromDays(7));
        await site.Reporting.SendDueAsync(Ct);
        Assert.Empty(await site.Store.MailAuth.ListDmarcResultsAsync(tomorrow, Ct));
        Assert.Empty(await site.QueueAsync());
    }

    [Fact]
    public async Task Switched_off_nothing_is_counted()
    {
        await using var site = await InboundSite.CreateAsync(checks: new SenderCheckOptions());
        site.Dns.Txt("_dmarc.far.example", "v=DMARC1; p=none; rua=mailto:d@far.example");
        await MailAsync(site, "192.0.2.9", "a@far.example");
        await site.Reporting.Counter.FlushAsync(Ct);
        Assert.Empty(await site.Store.MailAuth.ListDmarcResultsAsync(DateOnly.MaxValue, Ct));
    }

    [Fact]
    public async Task Counts_that_the_store_does_not_take_are_kept()
    {
        await using var site = await InboundSite.CreateAsync(checks: new SenderCheckOptions());
        site.Reporting.IsOn = true;
        site.Dns.Txt("_dmarc.far.example", "v=DMARC1; p=none; rua=mailto:d@far.example");
        await MailAsync(site, "192.0.2.9", "a@far.example");
        site.Fault = method =>
            method == nameof(IMailAuthStore.CountDmarcResultsAsync) ? new StoreException(StoreFault.Busy, "") : null;
        await Assert.ThrowsAsync<StoreException>(() => site.Reporting.Counter.FlushAsync(Ct));
        site.Fault = _ => null;
        await MailAsync(site, "192.0.2.9", "a@far.example");
        await site.Reporting.Counter.FlushAsync(Ct);
        Assert.Equal(2, Assert.Single(await site.Store.MailAuth.ListDmarcResultsAsync(DateOnly.MaxValue, Ct)).Count);
    }

    private static void Allow(InboundSite site, string domain) =>
        site.Dns.Txt(domain, "v=spf1 ip4:192.0.2.1 -all").Txt($"_dmarc.{domain}", "v=DMARC1; p=none");

    private static Task SendAsync(InboundSite site, string message) =>
        site.PlayAsync(ListenerRole.Mx, InboundSite.Send("<ann@our.example>", message, from: "<reports@far.example>"));

    private static Task MailAsync(InboundSite site, string client, string from) =>
        site.PlayAsync(
            ListenerRole.Mx,
            InboundSite.Send("<ann@our.example>", $"From: {from}\nSubject: x\n\nb", from: $"<{from}>"),
            remote: client
        );

    private static string ReportAbout(string domain, string id)
    {
        var day = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var report = new AggregateReport(
            "mx.far.example",
            "reports@far.example",
            id,
            day,
            day.AddDays(1).AddSeconds(-1),
            new PublishedPolicy(domain, DmarcPolicy.Quarantine, null),
            [new AggregateRow(IPAddress.Parse("192.0.2.7"), 7, DmarcPolicy.Quarantine, true, false, domain)]
        );
        var mail = new AggregateReportMail(
            DomainName.Parse("mx.far.example"),
            EmailAddress.Parse("reports@far.example"),
            Inbox,
            day,
            id
        );
        return Encoding.ASCII.GetString(mail.Write(report)).TrimEnd().ReplaceLineEndings("\n");
    }
}
