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

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<RecipientOutcome>> DeliverAsync(
        QueueItem item,
        Func<CancellationToken, ValueTask<MessageContent>> open,
        CancellationToken ct
    )
    {
        var route = await _router.FindAsync(item.Destination, ct);
        if (route.Failure is { } failure)
            return All(item, failure, null);

        IReadOnlyList<RecipientOutcome> last = All(
            item,
            new SmtpReply(451, "4.4.1", "no server could be reached"),
            null
        );
        foreach (var hop in route.Hops)
        {
            var (outcomes, mayTryNext) = await TryAsync(item, hop, hop.Tls, open, ct);
            logger.LogInformation(
                "Queue item {Item} to {Host} {Address}: {Reply}",
                item.Id,
                hop.Name,
                hop.EndPoint,
                outcomes[0].Reply
            );
            if (!mayTryNext)
                return outcomes;
            last = outcomes;
        }

        return last;
    }

    private async ValueTask<(IReadOnlyList<RecipientOutcome> Outcomes, bool MayTryNext)> TryAsync(
        QueueItem item,
        NextHop hop,
        SmtpTlsMode tls,
        Func<CancellationToken, ValueTask<MessageContent>> open,
        CancellationToken ct
    )
    {
        var dialled = await dialler.ConnectAsync(hop.EndPoint, ConnectTimeout, ct);
        if (dialled.Connection is not { } connection)
            return (All(item, new SmtpReply(451, "4.4.1", $"no connection: {dialled.Error}"), null), true);
        await using (connection)
        {
            var settings = new SmtpClientOptions
            {
                HostName = options.HostName,
                ServerName = hop.Name,
                Tls = tls,
                Credentials = hop.Credentials,
                AllowPlaintextAuth = options.AllowPlaintextAuth,
            };
            var client = new SmtpClient(connection, settings, time);
            if (await client.OpenAsync(ct) is not { } refusal)
            {
                await using var content = await open(ct);
                var result = await client.SendAsync(Message(item, content), ct);
                if (!result.Replies.Any(r => r.ClosesConnection))
                    await client.QuitAsync(ct);
                return (Outcomes(item, result.Replies, hop.Name, client.OffersDsn), result.MayTryNextHost);
            }

            // RFC 5321 §4.1.1.10: whoever still listens hears QUIT first.
            if (!refusal.ClosesConnection)
                await client.QuitAsync(ct);

            // RFC 7435 §3: no TLS is better than no mail, where TLS was only an offer.
            if (!client.TlsFailed || tls != SmtpTlsMode.Opportunistic)
                return (All(item, refusal, hop.Name), refusal.IsTransient);
        }

        return await TryAsync(item, hop, SmtpTlsMode.None, open, ct);
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

    private static RecipientOutcome[] All(QueueItem item, SmtpReply reply, string? host) =>
        Outcomes(item, [.. Enumerable.Repeat(reply, item.Recipients.Count)], host, false);

    private static RecipientOutcome[] Outcomes(
        QueueItem item,
        IReadOnlyList<SmtpReply> replies,
        string? host,
        bool dsn
    ) =>
        [
            .. item.Recipients.Zip(
                replies,
                (recipient, reply) => new RecipientOutcome(recipient, ActionOf(reply, dsn), reply, host)
            ),
        ];

    private static DeliveryAction ActionOf(SmtpReply reply, bool dsn) =>
        reply switch
        {
            { IsPositive: true } => dsn ? DeliveryAction.Delivered : DeliveryAction.Relayed,
            { IsPermanent: true } => DeliveryAction.Failed,
            _ => DeliveryAction.Deferred,
        };
}
