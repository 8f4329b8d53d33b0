using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Core;
using Postreiter.Delivery.Inbound;
using Postreiter.Delivery.Queue;
using Postreiter.Delivery.Reports;
using Postreiter.Messages;
using Postreiter.Net;
using Postreiter.Smtp.Server;
using Postreiter.Storage;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Queue;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests;

/// <summary>A site with the domain our.example and the account ann@our.example, over a store in memory.</summary>
internal sealed class Site : IRemoteDelivery, IAsyncDisposable
{
    private static readonly Credentials NoLogin = new("", new ScramKeys([], 4096, [], []));
    private readonly DomainName _host = DomainName.Parse("mx.our.example");

    private Site(int seed, Func<MemoryStore, IStore>? wrap)
    {
        Random = new Random(seed);
        Store = new MemoryStore(Clock);
        Wrapped = wrap?.Invoke(Store) ?? Store;
        Resolver = new RecipientResolver(Store, _host, null, Clock);
        Policy = new ReceptionPolicy(Store, Resolver, Clock, NullLogger<ReceptionPolicy>.Instance);
        var notices = new NoticeFiler(Store, Resolver, MessageScanner.Create, _host, Clock, Random);
        Intake = new MessageIntake(
            Store,
            Resolver,
            notices,
            MessageScanner.Create,
            _host,
            1024 * 1024,
            Clock,
            NullLogger<MessageIntake>.Instance
        );
        Attempt = new QueueAttempt(
            Wrapped,
            this,
            Resolver,
            notices,
            MessageScanner.Create,
            new RetrySchedule(),
            Clock,
            Random,
            NullLogger<QueueAttempt>.Instance
        );
    }

    public TestClock Clock { get; } = new();
    public Random Random { get; }
    public MemoryStore Store { get; }
    public RecipientResolver Resolver { get; }
    public ReceptionPolicy Policy { get; }
    public MessageIntake Intake { get; }
    public QueueAttempt Attempt { get; }

    /// <summary>The store as the queue sees it.</summary>
    public IStore Wrapped { get; }

    /// <summary>Awaited at the start of each attempt.</summary>
    public Func<QueueItem, CancellationToken, Task> OnAttempt { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Whether a destination cannot be spoken to.</summary>
    public Func<QueueItem, bool> IsDown { get; set; } = _ => false;

    /// <summary>The destinations of all attempts begun, in order.</summary>
    public ConcurrentQueue<string> Attempts { get; } = new();
    public Account Ann { get; private set; } = null!;
    public Func<QueueRecipient, (DeliveryAction, SmtpReply)> Remote { get; set; } =
        _ => (DeliveryAction.Delivered, new SmtpReply(250, "2.0.0", "ok"));

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<Site> CreateAsync(int seed = 1, Func<MemoryStore, IStore>? wrap = null)
    {
        var site = new Site(seed, wrap);
        await site.Store.Directory.AddDomainAsync(DomainName.Parse("our.example"), Ct);
        site.Ann = (
            await site.Store.Directory.AddAccountAsync(
                new NewAccount(EmailAddress.Parse("ann@our.example"), NoLogin),
                Ct
            )
        )!;
        return site;
    }

    public SmtpPeer Peer(ListenerRole role) =>
        new()
        {
            ConnectionId = "c1",
            Role = role,
            Address = IPAddress.Parse("192.0.2.7"),
            Helo = "client.example",
            IsExtended = true,
            User = role == ListenerRole.Submission ? new AuthenticatedUser(Ann.Id, Ann.Address) : null,
        };

    /// <summary>Plays one transaction; gives the first refusal or the last reply.</summary>
    public async Task<SmtpReply> SendAsync(
        ListenerRole role,
        string? from,
        string[] to,
        string message,
        SmtpNotify notify = default,
        Func<MailArguments, MailArguments>? change = null,
        string? originalRecipient = null
    )
    {
        var peer = Peer(role);
        var mail = new MailArguments { ReversePath = from is null ? null : EmailAddress.Parse(from) };
        mail = change?.Invoke(mail) ?? mail;
        if (await Policy.OnMailAsync(peer, mail, Ct) is { } no)
            return no;
        var envelope = new SmtpEnvelope { Id = TraceId.Create(Clock.GetUtcNow(), Random), Mail = mail };
        foreach (var address in to)
        {
            var rcpt = new RcptArguments
            {
                Recipient = EmailAddress.Parse(address),
                Notify = notify,
                OriginalRecipient = originalRecipient,
            };
            var decision = await Policy.OnRcptAsync(peer, envelope, rcpt, Ct);
            if (decision.Refusal is { } refusal)
                return refusal;
            envelope.Recipients.Add(new AcceptedRecipient(rcpt, decision.Target));
        }

        await using var incoming = (await Intake.BeginAsync(peer, envelope, Ct)).Message!;
        foreach (var b in Encoding.UTF8.GetBytes(message).Chunk(7))
            await incoming.WriteAsync(new ReadOnlySequence<byte>(b), Ct);
        return (await incoming.CompleteAsync(Ct))[0];
    }

    public async Task<List<string>> InboxAsync()
    {
        var inbox = (await Store.Mail.FindMailboxAsync(Ann.Id, Mailbox.Inbox, Ct))!;
        var texts = new List<string>();
        await foreach (var row in Store.Mail.ReadMessagesAsync(inbox.Id, [new UidRange(1, uint.MaxValue)], Ct))
        {
            await using var content = await Store.Mail.OpenAsync(row, Ct);
            var bytes = new byte[content.Length];
            await content.ReadAsync(0, bytes, Ct);
            texts.Add(Encoding.UTF8.GetString(bytes));
        }

        return texts;
    }

    public async Task<QueueItem?> LeaseAsync()
    {
        var now = Clock.GetUtcNow();
        return await Store.Queue.LeaseAsync(now, now.AddHours(2), 1, [], Ct) is [var item] ? item : null;
    }

    public async ValueTask<IReadOnlyList<RecipientOutcome>> DeliverAsync(
        QueueItem item,
        Func<CancellationToken, ValueTask<MessageContent>> open,
        CancellationToken ct
    )
    {
        Attempts.Enqueue(item.Destination.Ascii);
        await OnAttempt(item, ct);
        var isDown = IsDown(item);
        return
        [
            .. item.Recipients.Select(r =>
            {
                var (action, reply) = isDown
                    ? (DeliveryAction.Deferred, new SmtpReply(451, "4.4.1", "no connection") { IsOurs = true })
                    : Remote(r);
                return new RecipientOutcome(r, action, reply, reply.IsOurs ? null : "mx.far.example")
                {
                    IsDestinationDown = isDown,
                };
            }),
        ];
    }

    /// <summary>Submits a message to each address, one after another.</summary>
    public async Task SubmitAsync(params string[] to)
    {
        foreach (var address in to)
        {
            var reply = await SendAsync(
                ListenerRole.Submission,
                "ann@our.example",
                [address],
                "Subject: x\r\n\r\nx\r\n"
            );
            Assert.Equal(250, reply.Code);
        }
    }

    /// <summary>Waits, without moving the clock, until something is so.</summary>
    public static async Task UntilAsync(Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20), TimeProvider.System);
        while (!holds())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    public ValueTask DisposeAsync()
    {
        Resolver.Dispose();
        return Store.DisposeAsync();
    }
}
