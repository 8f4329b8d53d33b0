using System.Text.RegularExpressions;
using Postreiter.Core;
using Postreiter.Delivery.Queue;
using Postreiter.Smtp.Server;
using Postreiter.Storage.Queue;

namespace Postreiter.Delivery.Tests.Queue;

/// <summary>
/// P5, for each recipient of random histories: servers take, refuse, put off and vanish, the process is killed in the middle of
/// attempts, the disk is full, an administrator holds, releases, retries and removes, days go by.
/// </summary>
public sealed partial class QueueAuditTests(ITestOutputHelper output)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task P5_accepted_is_delivered_bounced_queued_or_removed_at_every_instant()
    {
        for (var round = 0; round < 8; round++)
        {
            var seed = HashCode.Combine(Environment.TickCount, round);
            output.WriteLine($"seed {seed}");
            await new History(seed).RunAsync();
        }
    }

    /// <summary>One history.</summary>
    private sealed class History(int seed)
    {
        private readonly Random _random = new(seed);
        private readonly HashSet<string> _accepted = [];
        private readonly HashSet<string> _taken = [];
        private readonly HashSet<string> _removed = [];
        private Site _site = null!;

        public async Task RunAsync()
        {
            FaultyStore faulty = null!;
            await using var site = await Site.CreateAsync(seed, store => faulty = new FaultyStore(store));
            _site = site;
            site.IsDown = _ => _random.Next(6) == 0;
            site.Remote = Answer;
            faulty.FailsToComplete = outcome => outcome.Notices.Count > 0 && _random.Next(4) == 0;
            for (var step = 0; step < 150; step++)
            {
                await StepAsync();
                await AuditAsync();
            }

            // The world gets well: everything ends within its life of 5 days.
            faulty.FailsToComplete = _ => false;
            await site.Store.Queue.ActAsync(QueueAction.Release, new QueueSelection(), site.Clock.GetUtcNow(), Ct);
            while (await site.Store.Queue.NextDueAsync([], Ct) is { } due)
            {
                if (due > site.Clock.GetUtcNow())
                    site.Clock.Advance(due - site.Clock.GetUtcNow());
                if (await site.LeaseAsync() is { } item)
                    await site.Attempt.RunAsync(item, Ct);
            }

            await AuditAsync();
            Assert.Empty(await site.Store.Queue.ListAsync(0, 10, Ct));
        }

        private (DeliveryAction, SmtpReply) Answer(QueueRecipient recipient)
        {
            switch (_random.Next(5))
            {
                case 0:
                    return (DeliveryAction.Failed, new SmtpReply(550, "5.1.1", "no"));
                case 1 or 2:
                    return (DeliveryAction.Deferred, new SmtpReply(451, "4.2.0", "later"));
                default:
                    _taken.Add(recipient.Address.LocalPart);
                    return (DeliveryAction.Delivered, new SmtpReply(250, "2.0.0", "ok"));
            }
        }

        private async Task StepAsync()
        {
            var queue = _site.Store.Queue;
            var now = _site.Clock.GetUtcNow();
            var which = new QueueSelection(Destination: DomainName.Parse($"d{_random.Next(3)}.example"));
            switch (_random.Next(12))
            {
                case 0 or 1:
                    await SubmitAsync();
                    break;
                case 2:
                    await queue.ActAsync(QueueAction.Hold, which, now, Ct);
                    break;
                case 3:
                    await queue.ActAsync(QueueAction.Release, which, now, Ct);
                    break;
                case 4:
                    await queue.ActAsync(QueueAction.Retry, which, now, Ct);
                    break;
                case 5 when _random.Next(5) == 0:
                    await RemoveAsync();
                    break;
                case 6:
                    _site.Clock.Advance(TimeSpan.FromHours(_random.Next(1, 30)));
                    break;
                case 7 when await _site.LeaseAsync() is { } killed:
                    // The server may have taken it; nobody wrote that down. The next start gives the lease back.
                    await _site.DeliverAsync(killed, _ => throw new InvalidOperationException(), Ct);
                    await AuditAsync();
                    await queue.CompleteAsync(QueueAttempt.Postpone(killed, now), Ct);
                    break;
                default:
                    if (await _site.LeaseAsync() is { } item)
                        await _site.Attempt.RunAsync(item, Ct);
                    break;
            }
        }

        private async Task SubmitAsync()
        {
            var to = Enumerable
                .Range(0, _random.Next(1, 4))
                .Select(i => $"r{_accepted.Count + i}@d{_random.Next(3)}.example")
                .ToArray();
            var reply = await _site.SendAsync(
                ListenerRole.Submission,
                "ann@our.example",
                to,
                "Subject: x\r\n\r\nx\r\n"
            );
            Assert.Equal(250, reply.Code);
            _accepted.UnionWith(to.Select(a => a.Split('@')[0]));
        }

        private async Task RemoveAsync()
        {
            var queue = _site.Store.Queue;
            foreach (var item in (await queue.ListAsync(0, 1000, Ct)).Take(1))
            {
                if (await queue.ActAsync(QueueAction.Remove, new(item.Id), _site.Clock.GetUtcNow(), Ct) == 1)
                    _removed.UnionWith(item.Recipients.Select(r => r.Address.LocalPart));
            }
        }

        private async Task AuditAsync()
        {
            var queued = (await _site.Store.Queue.ListAsync(0, 1000, Ct))
                .SelectMany(i => i.Recipients)
                .Select(r => r.Address.LocalPart)
                .ToList();
            var bounced = (await _site.InboxAsync())
                .Where(t => t.Contains("Action: failed", StringComparison.Ordinal))
                .SelectMany(t => FinalRecipient().Matches(t))
                .Select(m => m.Groups["name"].Value)
                .ToList();
            // Nobody is queued or bounced twice, or both.
            Assert.Equal(queued.Count + bounced.Count, queued.Concat(bounced).Distinct().Count());
            Assert.Empty(bounced.Intersect(_removed));
            Assert.Equal(_accepted.Order(), queued.Concat(bounced).Concat(_removed).Concat(_taken).Distinct().Order());
        }
    }

    [GeneratedRegex(@"Final-Recipient: rfc822; (?<name>\w+)@", RegexOptions.NonBacktracking)]
    private static partial Regex FinalRecipient();
}
