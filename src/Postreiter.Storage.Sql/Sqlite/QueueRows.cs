using System.Text.Json;
using Postreiter.Core;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Queue;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>Rows of the queue. Envelope and recipients are JSON: they are read and written whole.</summary>
internal static class QueueRows
{
    public const string Columns =
        "id, delivery, destination, envelope, recipients, prefix, size, blob, created, next_attempt, attempts, "
        + "delay_notice, state, lease";

    public static void Add(SqlSession s, Filing filing, NewQueueItem item, byte[] blob)
    {
        s.Run(
            """
            INSERT INTO queue(delivery, destination, envelope, recipients, prefix, size, blob, created, next_attempt, due,
                attempts, delay_notice, state, lease) VALUES($0, $1, $2, $3, $4, $5, $6, $7, $8, $8, 0, 0, 0, 0)
            """,
            filing.DeliveryId.ToString(),
            item.Destination.Ascii,
            Envelope(item.Envelope),
            Recipients(item.Recipients),
            item.Prefix.ToArray(),
            item.Prefix.Length + filing.Content.Length,
            blob,
            item.Created.UtcTicks,
            item.NextAttempt.UtcTicks
        );
    }

    public static string Envelope(QueueEnvelope envelope) =>
        JsonSerializer.Serialize(
            new EnvelopeRow(
                envelope.ReversePath?.ToString(),
                envelope.EnvelopeId,
                envelope.Return,
                envelope.SmtpUtf8,
                envelope.Body
            )
        );

    public static string Recipients(IReadOnlyList<QueueRecipient> recipients) =>
        JsonSerializer.Serialize(
            recipients.Select(r => new RecipientRow(r.Address.ToString(), r.Notify, r.OriginalRecipient, r.LastResult))
        );

    public static QueueItem Read(SqlStatement r)
    {
        var envelope = JsonSerializer.Deserialize<EnvelopeRow>(r.GetString(3))!;
        return new QueueItem
        {
            Id = r.GetInt64(0),
            DeliveryId = TraceId.TryParse(r.GetString(1), out var id) ? id : default,
            Destination = DomainName.Parse(r.GetString(2)),
            Envelope = new QueueEnvelope
            {
                ReversePath = envelope.From is null ? null : EmailAddress.Parse(envelope.From),
                EnvelopeId = envelope.Id,
                Return = envelope.Return,
                SmtpUtf8 = envelope.Utf8,
                Body = envelope.Body,
            },
            Recipients =
            [
                .. JsonSerializer
                    .Deserialize<RecipientRow[]>(r.GetString(4))!
                    .Select(x => new QueueRecipient(EmailAddress.Parse(x.To), x.Notify, x.Original)
                    {
                        LastResult = x.Last,
                    }),
            ],
            Prefix = r.GetBytes(5),
            Size = r.GetInt64(6),
            Blob = new BlobId(r.GetBytes(7)),
            Created = new DateTimeOffset(r.GetInt64(8), TimeSpan.Zero),
            NextAttempt = new DateTimeOffset(r.GetInt64(9), TimeSpan.Zero),
            Attempts = r.GetInt32(10),
            DelayNoticeSent = r.GetInt64(11) != 0,
            State = (QueueState)r.GetInt32(12),
            Lease = r.GetInt64(13),
        };
    }

    private sealed record EnvelopeRow(string? From, string? Id, DsnReturn Return, bool Utf8, BodyType Body);

    private sealed record RecipientRow(string To, DsnNotify Notify, string? Original, string? Last);
}
