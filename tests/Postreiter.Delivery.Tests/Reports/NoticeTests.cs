using Postreiter.Core;
using Postreiter.Delivery.Queue;
using Postreiter.Smtp.Server;
using Postreiter.Storage.Queue;

namespace Postreiter.Delivery.Tests.Reports;

/// <summary>Who is told what, once, in which form: RFC 3461 §4 and §5, and the life of a queue item.</summary>
public sealed class NoticeTests
{
    private const string Text = "Subject: x\r\nFrom: <ann@our.example>\r\n\r\nthe body\r\n";
    private static readonly SmtpReply Ok = new(250, "2.0.0", "ok");
    private static readonly SmtpReply No = new(550, "5.7.1", "no");
    private static readonly SmtpReply Later = new(451, "4.2.0", "later");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(SmtpNotify.Unspecified, DeliveryAction.Delivered, null)]
    [InlineData(SmtpNotify.Success, DeliveryAction.Delivered, null)] // the next hop has the duty
    [InlineData(SmtpNotify.Unspecified, DeliveryAction.Relayed, null)] // RFC 3461 §5.2.2 (e)
    [InlineData(SmtpNotify.Success, DeliveryAction.Relayed, "relayed")] // (b)
    [InlineData(SmtpNotify.Failure, DeliveryAction.Relayed, null)]
    [InlineData(SmtpNotify.Never, DeliveryAction.Relayed, null)]
    [InlineData(SmtpNotify.Unspecified, DeliveryAction.Failed, "failed")] // (f)
    [InlineData(SmtpNotify.Failure, DeliveryAction.Failed, "failed")] // (c)
    [InlineData(SmtpNotify.Success, DeliveryAction.Failed, null)]
    [InlineData(SmtpNotify.Delay, DeliveryAction.Failed, null)]
    [InlineData(SmtpNotify.Never, DeliveryAction.Failed, null)] // (d)
    [InlineData(SmtpNotify.Success | SmtpNotify.Failure, DeliveryAction.Failed, "failed")]
    public async Task NOTIFY_is_honoured(SmtpNotify notify, DeliveryAction action, string? told)
    {
        await using var site = await Site.CreateAsync();
        site.Remote = _ => (action, action == DeliveryAction.Failed ? No : Ok);
        await SubmitAsync(site, notify);
        await site.Attempt.RunAsync((await site.LeaseAsync())!, Ct);
        Assert.Empty(await site.Store.Queue.ListAsync(0, 10, Ct));
        var inbox = await site.InboxAsync();
        Assert.Equal(told is null ? 0 : 1, inbox.Count);
        if (told is not null)
            Assert.Contains($"\r\nAction: {told}\r\n", inbox[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SmtpNotify.Unspecified, true, true)]
    [InlineData(SmtpNotify.Delay, true, false)]
    [InlineData(SmtpNotify.Failure, false, true)]
    [InlineData(SmtpNotify.Never, false, false)]
    public async Task P5_after_4_hours_the_sender_is_warned_once_and_after_5_days_it_comes_back(
        SmtpNotify notify,
        bool warned,
        bool failed
    )
    {
        await using var site = await Site.CreateAsync();
        site.Remote = _ => (DeliveryAction.Deferred, Later);
        var begin = site.Clock.GetUtcNow();
        await SubmitAsync(site, notify);
        var times = new List<TimeSpan>();
        TimeSpan? warning = null;
        while (await site.Store.Queue.NextDueAsync([], Ct) is { } due)
        {
            site.Clock.Advance(due - site.Clock.GetUtcNow());
            times.Add(site.Clock.GetUtcNow() - begin);
            await site.Attempt.RunAsync((await site.LeaseAsync())!, Ct);
            if ((await site.InboxAsync()).Count == 1)
                warning ??= times[^1];
        }

        var inbox = await site.InboxAsync();
        Assert.Equal(warned ? 1 : 0, inbox.Count(t => t.Contains("Action: delayed", StringComparison.Ordinal)));
        Assert.Equal(failed ? 1 : 0, inbox.Count(t => t.Contains("Action: failed", StringComparison.Ordinal)));
        if (failed)
        {
            Assert.Contains("Status: 5.4.7", inbox[^1], StringComparison.Ordinal);
            Assert.Contains("Diagnostic-Code: smtp; 451 4.2.0 later", inbox[^1], StringComparison.Ordinal);
        }

        if (warned)
            Assert.Equal(TimeSpan.FromHours(4), warning);
        Assert.Equal(TimeSpan.FromDays(5), times[^1]);
        // 5, 15, 30 min, 1 h, 2 h after each other, each up to a tenth longer.
        double[] steps = [0, 5, 20, 50, 110, 230];
        for (var i = 0; i < steps.Length; i++)
            Assert.InRange(times[i].TotalMinutes, steps[i], steps[i] * 1.1);
        Assert.InRange(times.Count, 30, 40);
    }

    [Theory]
    [InlineData("FULL", true)]
    [InlineData("HDRS", false)]
    [InlineData(null, false)]
    public async Task RET_ENVID_and_ORCPT_come_back_in_the_report(string? ret, bool whole)
    {
        await using var site = await Site.CreateAsync();
        site.Remote = _ => (DeliveryAction.Failed, No);
        await SubmitAsync(site, SmtpNotify.Failure, m => m with { Return = ret, EnvelopeId = "my id" });
        await site.Attempt.RunAsync((await site.LeaseAsync())!, Ct);
        var report = Assert.Single(await site.InboxAsync());
        Assert.Contains("Original-Envelope-Id: my id\r\n", report, StringComparison.Ordinal);
        Assert.Contains("Original-Recipient: rfc822;old@far.example\r\n", report, StringComparison.Ordinal);
        Assert.Contains("Remote-MTA: dns; mx.far.example\r\n", report, StringComparison.Ordinal);
        Assert.Contains("\r\nSubject: x\r\n", report, StringComparison.Ordinal);
        Assert.Equal(whole, report.Contains("the body", StringComparison.Ordinal));
        Assert.StartsWith("Return-Path: <>\r\n", report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_above_the_bound_comes_back_as_its_header()
    {
        await using var site = await Site.CreateAsync();
        site.Remote = _ => (DeliveryAction.Failed, No);
        var big = Text + string.Concat(Enumerable.Repeat("many lines\r\n", 10_000));
        await SubmitAsync(site, SmtpNotify.Failure, m => m with { Return = "FULL" }, big);
        await site.Attempt.RunAsync((await site.LeaseAsync())!, Ct);
        var report = Assert.Single(await site.InboxAsync());
        Assert.DoesNotContain("many lines", report, StringComparison.Ordinal);
        Assert.True(report.Length < 4096);
    }

    [Fact]
    public async Task A_binary_message_comes_back_in_a_report_that_can_be_sent()
    {
        await using var site = await Site.CreateAsync();
        site.Remote = _ => (DeliveryAction.Failed, No);
        await SubmitAsync(
            site,
            SmtpNotify.Failure,
            m => m with { Return = "FULL", Body = SmtpBody.BinaryMime },
            "Subject: x\r\n\r\nbare\nline\rends\r\n"
        );
        await site.Attempt.RunAsync((await site.LeaseAsync())!, Ct);
        var report = Assert.Single(await site.InboxAsync());
        Assert.DoesNotContain("bare", report, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', report.Replace("\r\n", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_remote_sender_gets_its_report_by_the_queue_from_the_null_sender_and_F15_it_is_never_answered()
    {
        await using var site = await Site.CreateAsync();
        await site.Store.Directory.SetAliasAsync(
            new Storage.Accounts.Alias("list@our.example", [EmailAddress.Parse("x@far.example")]),
            Ct
        );
        Assert.Equal(250, (await site.SendAsync(ListenerRole.Mx, "s@sender.example", ["list@our.example"], Text)).Code);
        site.Remote = _ => (DeliveryAction.Failed, No);
        await site.Attempt.RunAsync((await site.LeaseAsync())!, Ct);
        var bounce = (await site.LeaseAsync())!;
        Assert.Equal("sender.example", bounce.Destination.Ascii);
        Assert.Null(bounce.Envelope.ReversePath);
        Assert.Equal(DsnNotify.Never, Assert.Single(bounce.Recipients).Notify);
        await site.Attempt.RunAsync(bounce, Ct);
        Assert.Empty(await site.Store.Queue.ListAsync(0, 10, Ct));
        Assert.Empty(await site.InboxAsync());
    }

    [Theory]
    [InlineData("ann@our.example", SmtpNotify.Success, "delivered")]
    [InlineData("ann@our.example", SmtpNotify.Unspecified, null)]
    [InlineData("nobody@our.example", SmtpNotify.Unspecified, "failed")]
    public async Task A_destination_that_has_become_ours_is_filed_and_reported_as_such(
        string address,
        SmtpNotify notify,
        string? told
    )
    {
        await using var site = await Site.CreateAsync();
        var item = await QueuedForOurselvesAsync(site, address, (DsnNotify)notify);
        await site.Attempt.RunAsync(item, Ct);
        var inbox = await site.InboxAsync();
        Assert.Empty(site.Attempts);
        Assert.Equal(
            address.StartsWith("ann", StringComparison.Ordinal) ? 1 : 0,
            inbox.Count(t => t.EndsWith("the body\r\n", StringComparison.Ordinal))
        );
        Assert.Equal(
            told is null ? [] : [told],
            ((string[])["delivered", "failed"]).Where(a =>
                inbox.Any(t => t.Contains($"\r\nAction: {a}\r\n", StringComparison.Ordinal))
            )
        );
        Assert.Empty(await site.Store.Queue.ListAsync(0, 10, Ct));
    }

    private static async Task<QueueItem> QueuedForOurselvesAsync(Site site, string address, DsnNotify notify)
    {
        await using var writer = site.Store.Blobs.Begin();
        await writer.WriteAsync(System.Text.Encoding.ASCII.GetBytes(Text), Ct);
        var now = site.Clock.GetUtcNow();
        await site.Store.Mail.FileAsync(
            new Storage.Mail.Filing
            {
                DeliveryId = TraceId.Create(now, site.Random),
                Content = await writer.CompleteAsync(Ct),
                Structure = default,
                Queue =
                [
                    new NewQueueItem
                    {
                        Destination = DomainName.Parse("our.example"),
                        Envelope = new QueueEnvelope { ReversePath = EmailAddress.Parse("ann@our.example") },
                        Recipients = [new QueueRecipient(EmailAddress.Parse(address), notify)],
                        Created = now,
                        NextAttempt = now,
                    },
                ],
            },
            Ct
        );
        return (await site.LeaseAsync())!;
    }

    private static async Task SubmitAsync(
        Site site,
        SmtpNotify notify,
        Func<MailArguments, MailArguments>? mail = null,
        string text = Text
    )
    {
        var reply = await site.SendAsync(
            ListenerRole.Submission,
            "ann@our.example",
            ["x@far.example"],
            text,
            notify,
            mail,
            "rfc822;old@far.example"
        );
        Assert.Equal(250, reply.Code);
    }
}
