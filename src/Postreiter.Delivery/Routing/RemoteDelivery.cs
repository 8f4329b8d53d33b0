using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Queue;
using Postreiter.Dns;
using Postreiter.Net;
using Postreiter.Smtp.Client;
using Postreiter.Smtp.Server;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Queue;

namespace Postreiter.Delivery.Routing;

/// <summary>Hands queue items to the servers of their destination by SMTP.</summary>
/// <param name="options">Settings.</param>
/// <param name="dns">DNS.</param>
/// <param name="dialler">Makes the connections.</param>
/// <param name="random">Shuffles equal exchangers.</param>
/// <param name="time">Measures timeouts.</param>
/// <param name="logger">One line for each host tried.</param>
public sealed class RemoteDelivery(
    OutboundOptions options,
    IDnsResolver dns,
    IDialler dialler,
    Random random,
    TimeProvider time,
    ILogger<RemoteDelivery> logger
) : IRemoteDelivery
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(30);
    private readonly Router _router = new(options, dns, random);
    private readonly IdleSessions _idle = new(options.KeepSession, time);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<RecipientOutcome>> DeliverAsync(
        QueueItem item,
        Func<CancellationToken, ValueTask<MessageContent>> open,
        CancellationToken ct
    )
    {
        using var timer = new CancellationTokenSource(options.MaxAttempt, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, ct);
        try
        {
            return await AttemptAsync(item, open, either.Token);
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            return Outcomes(
                item,
                All(item, new SmtpReply(451, "4.4.2", "the attempt took too long") { IsOurs = true })
            );
        }
    }

    private async ValueTask<IReadOnlyList<RecipientOutcome>> AttemptAsync(
        QueueItem item,
        Func<CancellationToken, ValueTask<MessageContent>> open,
        CancellationToken ct
    )
    {
        var route = await _router.FindAsync(item.Destination, ct);
        // RFC 5321 §5.1: addresses are tried in order until one takes the mail. A host that refuses us as a whole may be a
        // broken or a decoy one, so its 5yz is final only where no other host leaves hope.
        SmtpReply? hope = route.Failure is { IsTransient: true } ? route.Failure : null;
        var last = Outcomes(item, All(item, route.Failure ?? NoHost), isDown: true);
        foreach (var hop in route.Hops)
        {
            var (replies, host, dsn) = await TryAsync(item, hop, open, ct);
            logger.LogInformation(
                "Queue item {Item} to {Host} {Address}: {Reply}",
                item.Id,
                hop.Name,
                hop.EndPoint,
                replies.Replies[0]
            );
            if (!replies.MayTryNextHost)
                return Outcomes(item, replies.Replies, host, dsn);
            var reply = replies.Replies[0];
            if (reply.IsTransient || hope is null)
                last = Outcomes(item, replies.Replies, host, isDown: replies.IsHostDown);
            hope ??= reply.IsTransient ? reply : null;
        }

        return last;
    }

    private static SmtpReply NoHost => new(451, "4.4.1", "no server could be reached") { IsOurs = true };

    private async ValueTask<(HopResult Result, string Host, bool OffersDsn)> TryAsync(
        QueueItem item,
        NextHop hop,
        Func<CancellationToken, ValueTask<MessageContent>> open,
        CancellationToken ct
    )
    {
        while (_idle.Take(hop) is { } kept)
        {
            var result = await SendAsync(item, hop, kept, open, ct);
            // One that the server has ended in the meantime says nothing about the server.
            if (!result.MayTryNextHost || !result.Replies[0].ClosesConnection)
                return (result, hop.Name, kept.Client.OffersDsn);
        }

        var (session, refusal) = await OpenAsync(hop, hop.Tls, ct);
        // RFC 7435 §3: no TLS is better than no mail, where TLS was only an offer.
        if (session is null && refusal.TlsFailed && hop.Tls == SmtpTlsMode.Opportunistic)
            (session, refusal) = await OpenAsync(hop, SmtpTlsMode.None, ct);
        return session is null
            ? (new HopResult(All(item, refusal.Reply!), true, true), hop.Name, false)
            : (await SendAsync(item, hop, session, open, ct), hop.Name, session.Client.OffersDsn);
    }

    private async ValueTask<(OpenSession? Session, (SmtpReply? Reply, bool TlsFailed) Refusal)> OpenAsync(
        NextHop hop,
        SmtpTlsMode tls,
        CancellationToken ct
    )
    {
        var dialled = await dialler.ConnectAsync(hop.EndPoint, ConnectTimeout, ct);
        if (dialled.Connection is not { } connection)
        {
            var words = $"no connection to {hop.EndPoint}: {dialled.Error}";
            return (null, (new SmtpReply(451, "4.4.1", words) { IsOurs = true }, false));
        }

        var client = new SmtpClient(
            connection,
            new SmtpClientOptions
            {
                HostName = options.HostName,
                ServerName = hop.Name,
                Tls = tls,
                Credentials = hop.Credentials,
                AllowPlaintextAuth = options.AllowPlaintextAuth,
                RefusesOwnName = hop.IsExchanger,
            },
            time
        );
        var session = new OpenSession(connection, client);
        var isLeftOpen = false;
        try
        {
            if (await client.OpenAsync(ct) is not { } refusal)
            {
                isLeftOpen = true;
                return (session, (null, false));
            }

            // RFC 5321 §4.1.1.10: whoever still listens hears QUIT.
            if (!refusal.ClosesConnection)
            {
                isLeftOpen = true;
                _ = IdleSessions.CloseAsync(session);
            }

            return (null, (refusal, client.TlsFailed));
        }
        finally
        {
            if (!isLeftOpen)
            {
                connection.Abort();
                await connection.DisposeAsync();
            }
        }
    }

    private async ValueTask<HopResult> SendAsync(
        QueueItem item,
        NextHop hop,
        OpenSession session,
        Func<CancellationToken, ValueTask<MessageContent>> open,
        CancellationToken ct
    )
    {
        SendResult? result = null;
        try
        {
            await using var content = await open(ct);
            result = await session.Client.SendAsync(Message(item, content), ct);
        }
        finally
        {
            if (result?.Replies.Any(r => r.ClosesConnection) ?? true)
            {
                session.Connection.Abort();
                await session.Connection.DisposeAsync();
            }
            else if (++session.Messages < options.MaxMessagesPerSession)
            {
                _idle.Put(hop, session);
            }
            else
            {
                // The outcome does not wait for the goodbye: it is to be written down at once (P3).
                _ = IdleSessions.CloseAsync(session);
            }
        }

        return new HopResult(result.Replies, result.MayTryNextHost, false);
    }

    private static OutgoingMessage Message(QueueItem item, MessageContent content) =>
        new()
        {
            Mail = new MailArguments
            {
                ReversePath = item.Envelope.ReversePath,
                Body = (SmtpBody)item.Envelope.Body,
                SmtpUtf8 = item.Envelope.SmtpUtf8,
                EnvelopeId = item.Envelope.EnvelopeId,
                Return = item.Envelope.Return switch
                {
                    DsnReturn.Full => "FULL",
                    DsnReturn.Headers => "HDRS",
                    _ => null,
                },
            },
            Recipients =
            [
                .. item.Recipients.Select(r => new RcptArguments
                {
                    Recipient = r.Address,
                    Notify = (SmtpNotify)r.Notify,
                    OriginalRecipient = r.OriginalRecipient,
                }),
            ],
            Length = content.Length,
            ReadAsync = content.ReadAsync,
        };

    private static SmtpReply[] All(QueueItem item, SmtpReply reply) =>
        [.. Enumerable.Repeat(reply, item.Recipients.Count)];

    private static RecipientOutcome[] Outcomes(
        QueueItem item,
        IReadOnlyList<SmtpReply> replies,
        string? host = null,
        bool dsn = false,
        bool isDown = false
    ) =>
        [
            .. item.Recipients.Zip(
                replies,
                (recipient, reply) =>
                    new RecipientOutcome(recipient, ActionOf(reply, dsn), reply, reply.IsOurs ? null : host)
                    {
                        IsDestinationDown = isDown,
                    }
            ),
        ];

    private static DeliveryAction ActionOf(SmtpReply reply, bool dsn) =>
        reply switch
        {
            { IsPositive: true } => dsn ? DeliveryAction.Delivered : DeliveryAction.Relayed,
            { IsPermanent: true } => DeliveryAction.Failed,
            _ => DeliveryAction.Deferred,
        };

    /// <summary>What one host said.</summary>
    /// <param name="Replies">One for each recipient.</param>
    /// <param name="MayTryNextHost">Another host may be tried.</param>
    /// <param name="IsHostDown">No session came about.</param>
    private sealed record HopResult(IReadOnlyList<SmtpReply> Replies, bool MayTryNextHost, bool IsHostDown);
}
