using System.Diagnostics.CodeAnalysis;
using System.Text;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Inbound;
using Postreiter.MailAuth.Batv;
using Postreiter.Messages;
using Postreiter.Messages.Reports;
using Postreiter.Storage;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Queue;

namespace Postreiter.Delivery.Reports;

/// <summary>Makes a report into a filing: into the sender's mailbox, or into the queue towards a remote sender.</summary>
/// <param name="store">Takes the content in.</param>
/// <param name="resolver">Finds the sender.</param>
/// <param name="scanner">Makes a scanner for one message.</param>
/// <param name="hostName">Ours: Reporting-MTA.</param>
/// <param name="time">The clock.</param>
/// <param name="random">For the notices' names.</param>
/// <param name="keys">Sign those that go out; null for no signatures.</param>
public sealed class NoticeFiler(
    IStore store,
    RecipientResolver resolver,
    Func<IMessageScanner> scanner,
    DomainName hostName,
    TimeProvider time,
    Random random,
    SigningKeys? keys = null
)
{
    /// <summary>Most bytes of the original that go back with RET=FULL; more goes back as headers only (RFC 3461 §4.3).</summary>
    internal const int MaxReturned = 64 * 1024;

    /// <summary>Writes a report about recipients of one message.</summary>
    /// <param name="envelope">Sender and DSN parameters; a null sender never gets a report (RFC 3461 §6, F15).</param>
    /// <param name="arrival">When it came in.</param>
    /// <param name="recipients">One or more, all with one action.</param>
    /// <param name="length">Bytes of the message.</param>
    /// <param name="read">Reads the message.</param>
    /// <param name="open">Takes the report's writer; the caller disposes it once the filing is done, also after a fault.</param>
    /// <param name="ct">Stops waiting.</param>
    /// <returns>Null when nobody is to be told.</returns>
    internal async ValueTask<Filing?> WriteAsync(
        QueueEnvelope envelope,
        DateTimeOffset arrival,
        IReadOnlyList<ReportedRecipient> recipients,
        long length,
        Func<long, Memory<byte>, CancellationToken, ValueTask<int>> read,
        ICollection<BlobWriter> open,
        CancellationToken ct
    )
    {
        if (envelope.ReversePath is not { } sender || recipients.Count == 0)
            return null;
        // What we put in front of a user's address is nothing that its user knows.
        if (
            BatvSigner.TryStrip(sender, out var plain) && await resolver.Directory.IsLocalDomainAsync(sender.Domain, ct)
        )
            sender = plain;
        var now = time.GetUtcNow();
        var id = NewId(now);
        var (original, isWhole) = await ReadOriginalAsync(envelope.Return, recipients[0].Action, length, read, ct);
        var bytes = ReportWriter.Write(
            new DeliveryReport
            {
                ReportingHost = hostName.Ascii,
                To = sender,
                Id = id,
                Now = now,
                Arrival = arrival,
                EnvelopeId = envelope.EnvelopeId,
                Recipients = recipients,
                Original = original,
                IsOriginalWhole = isWhole,
            }
        );
        var writer = store.Blobs.Begin();
        open.Add(writer);
        await writer.WriteAsync(bytes, ct);
        var scan = scanner();
        scan.Append(bytes);
        var filing = new Filing
        {
            DeliveryId = id,
            Content = await writer.CompleteAsync(ct),
            Structure = scan.Complete().Structure,
        };
        return await AddressAsync(filing, bytes, sender, now, ct);
    }

    /// <summary>Tells somebody here something, and the postmaster too unless that is not wanted: a plain text, filed at once.</summary>
    /// <param name="to">Who it is about.</param>
    /// <param name="subject">ASCII, one line.</param>
    /// <param name="text">Lines with LF.</param>
    /// <param name="ct">Stops waiting.</param>
    /// <param name="isForPostmasterToo">Whether the postmaster gets a copy.</param>
    internal async ValueTask TellAsync(
        EmailAddress to,
        string subject,
        string text,
        CancellationToken ct,
        bool isForPostmasterToo = true
    )
    {
        var now = time.GetUtcNow();
        var id = NewId(now);
        var bytes = Encoding.UTF8.GetBytes(
            $"""
            From: Mail server <postmaster@{hostName.Ascii}>
            To: <{to}>
            Subject: {subject}
            Date: {MailDate.Format(now)}
            Message-ID: <{id}@{hostName.Ascii}>
            Auto-Submitted: auto-generated
            MIME-Version: 1.0
            Content-Type: text/plain; charset={(Ascii.IsValid(text) ? "us-ascii" : "utf-8")}
            Content-Transfer-Encoding: {(Ascii.IsValid(text) ? "7bit" : "8bit")}

            {text}
            """.ReplaceLineEndings("\r\n")
        );
        await using var writer = store.Blobs.Begin();
        await writer.WriteAsync(bytes, ct);
        var scan = scanner();
        scan.Append(bytes);
        var filing = new Filing
        {
            DeliveryId = id,
            Content = await writer.CompleteAsync(ct),
            Structure = scan.Complete().Structure,
        };
        var (owner, postmaster) = (await resolver.ResolveAsync(to, ct), await resolver.ResolvePostmasterAsync(ct));
        var copies = new List<MailboxCopy>();
        foreach (
            var account in owner
                .Accounts.Concat(isForPostmasterToo ? postmaster.Accounts : [])
                .DistinctBy(static a => a.Id)
        )
        {
            copies.Add(
                new MailboxCopy
                {
                    AccountId = account.Id,
                    MailboxId = await resolver.Directory.FindInboxAsync(account.Id, ct),
                    Prefix = Encoding.UTF8.GetBytes(TraceField.ReturnPath(null)),
                    InternalDate = now,
                }
            );
        }

        if (copies.Count > 0)
            await store.Mail.FileAsync(filing with { Copies = copies }, ct);
    }

    [SuppressMessage("Security", "CA5394", Justification = "A name, not a secret.")]
    private TraceId NewId(DateTimeOffset now)
    {
        lock (random)
            return TraceId.Create(now, random);
    }

    private async ValueTask<Filing?> AddressAsync(
        Filing filing,
        byte[] bytes,
        EmailAddress sender,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var target = await resolver.ResolveAsync(sender, ct);
        if (target.Status == ResolutionStatus.NotLocal)
            target = new Resolution(ResolutionStatus.Found, [], [sender]);
        // A sender of ours who is gone: the postmaster learns of it (P5: nothing leaves the queue in silence).
        if (target.Status != ResolutionStatus.Found)
            target = await resolver.ResolvePostmasterAsync(ct);
        var prefix = Encoding.UTF8.GetBytes(TraceField.ReturnPath(null));
        var copies = new List<MailboxCopy>();
        foreach (var account in target.Accounts)
        {
            copies.Add(
                new MailboxCopy
                {
                    AccountId = account.Id,
                    MailboxId = await resolver.Directory.FindInboxAsync(account.Id, ct),
                    Prefix = prefix,
                    InternalDate = now,
                }
            );
        }

        var signatures =
            keys is not null && target.Remote.Count > 0
                ? await MessageSigning.SignWholeAsync(keys, hostName, bytes, time, ct)
                : [];
        var queue = target
            .Remote.GroupBy(a => a.Domain)
            .Select(domain => new NewQueueItem
            {
                Destination = domain.Key,
                Envelope = new QueueEnvelope
                {
                    ReversePath = null,
                    Body = BodyType.EightBitMime,
                    SmtpUtf8 = sender.NeedsUtf8,
                },
                // RFC 3461 §6: a report asks for no report.
                Recipients = [.. domain.Select(a => new QueueRecipient(a, DsnNotify.Never))],
                Prefix = signatures,
                Created = now,
                NextAttempt = now,
            });
        var addressed = filing with { Copies = copies, Queue = [.. queue] };
        return addressed.Copies.Count + addressed.Queue.Count > 0 ? addressed : null;
    }

    private static async ValueTask<(ReadOnlyMemory<byte> Original, bool IsWhole)> ReadOriginalAsync(
        DsnReturn asked,
        ReportAction action,
        long length,
        Func<long, Memory<byte>, CancellationToken, ValueTask<int>> read,
        CancellationToken ct
    )
    {
        var buffer = new byte[(int)Math.Min(length, MaxReturned)];
        var count = 0;
        while (count < buffer.Length && await read(count, buffer.AsMemory(count), ct) is > 0 and var got)
            count += got;
        // RFC 3461 §4.3: RET is about failures; other reports carry headers. A binary message cannot be inside a report that goes by
        // DATA: it has line ends that are none.
        if (
            asked == DsnReturn.Full
            && action == ReportAction.Failed
            && count == length
            && HasLines(buffer.AsSpan(0, count))
        )
            return (buffer.AsMemory(0, count), true);
        var end = buffer.AsSpan(0, count).IndexOf("\r\n\r\n"u8);
        // A header above the bound is cut after its last whole line.
        var cut = end >= 0 ? end + 2 : buffer.AsSpan(0, count).LastIndexOf("\r\n"u8) + 2;
        var header = buffer.AsMemory(0, end < 0 && cut == 1 ? 0 : cut);
        return (HasLines(header.Span) ? header : default, false);
    }

    /// <summary>Whether every CR and LF is part of a CRLF.</summary>
    private static bool HasLines(ReadOnlySpan<byte> text)
    {
        while (text.IndexOfAny((byte)'\r', (byte)'\n') is >= 0 and var at)
        {
            if (text[at] == '\n' || at + 1 == text.Length || text[at + 1] != '\n')
                return false;
            text = text[(at + 2)..];
        }

        return true;
    }
}
