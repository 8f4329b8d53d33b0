using System.Buffers;
using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Lists;
using Postreiter.Messages;
using Postreiter.Smtp.Server;
using Postreiter.Storage;
using Postreiter.Storage.Blobs;

namespace Postreiter.Delivery.Inbound;

/// <summary>One message on its way in: its bytes go at once to the blob writer, to the scanner and to the check of its sender.</summary>
/// <param name="intake">Whose.</param>
/// <param name="scanner">Reads it.</param>
/// <param name="peer">Who brings it.</param>
/// <param name="envelope">For whom.</param>
/// <param name="check">Of its sender; null for none.</param>
internal sealed partial class IncomingMessage(
    MessageIntake intake,
    IMessageScanner scanner,
    SmtpPeer peer,
    SmtpEnvelope envelope,
    MessageCheck? check
) : IIncomingMessage
{
    private static readonly SmtpReply TooBig = new(552, "5.3.4", "Message too big");

    private readonly DateTimeOffset _now = intake.Time.GetUtcNow();
    private readonly BlobWriter _blob = intake.Store.Blobs.Begin();
    private ArrayBufferWriter<byte> _passed = new(512);
    private readonly HeaderPass _header = new(
        intake.HostName,
        intake.MaxHops,
        peer.Role == ListenerRole.Submission ? new HeaderAdditions(intake.Time.GetUtcNow(), envelope.Id) : null
    );

    // The header as it came, fields that are taken out included: signatures are over that. Only where somebody checks.
    private ArrayBufferWriter<byte>? _asItCame = check is null ? null : new(2048);

    // And as it goes on; only where it is to be signed.
    private ArrayBufferWriter<byte>? _asItGoes =
        intake.Keys is not null && MessageSigning.IsWanted(peer, envelope, check is not null) ? new(2048) : null;
    private MessageSigning? _signing;
    private long _received;

    /// <inheritdoc/>
    public SmtpReply? EarlyRefusal { get; private set; }

    /// <inheritdoc/>
    public async ValueTask WriteAsync(ReadOnlySequence<byte> bytes, CancellationToken ct)
    {
        _received += bytes.Length;
        if (_received > intake.MaxMessageBytes)
            EarlyRefusal ??= TooBig;
        foreach (var part in bytes)
        {
            if (EarlyRefusal is not null)
                return;
            await WritePartAsync(part, ct);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SmtpReply>> CompleteAsync(CancellationToken ct)
    {
        if (EarlyRefusal is null)
            await PassHeaderAsync(h => h.Complete(_passed), ct);
        if (EarlyRefusal is { } refusal)
            return Replies(refusal);
        try
        {
            await StartReadersAsync(ct);
            if (EarlyRefusal is { } early)
                return Replies(early);
            // What filters say is known here, before anything is durable.
            var verdict = check is null ? null : await CheckAsync(check, ct);
            if (verdict?.Refusal is { } denied)
            {
                intake.Gate?.Judge(peer, verdict, null, _received);
                return Replies(denied);
            }

            var content = await _blob.CompleteAsync(ct);
            return await FilterAndFileAsync(content, scanner.Complete(), verdict, ct);
        }
        catch (StoreException e)
        {
            return Replies(intake.ReplyTo(e, peer, envelope));
        }
    }

    private async ValueTask<IReadOnlyList<SmtpReply>> FilterAndFileAsync(
        PendingBlob content,
        MessageFacts facts,
        SenderVerdict? verdict,
        CancellationToken ct
    )
    {
        ReceptionGate.NoteKind(peer, facts);
        if (ReceptionGate.RefuseNotice(peer, Authors.Of(facts.Root.Envelope), verdict) is { } notOurs)
        {
            intake.Gate?.Judge(peer, verdict, null, content.Length, refusal: notOurs);
            return Replies(notOurs);
        }

        var reverseName = peer.ReverseName is { } asked ? await asked : null;
        // At one time; all are through before anything else is done with the content.
        var scanning = ScannedAsync(content, ct);
        var looking = LookedIntoAsync(content, facts, ct);
        var filtering = MilterAndFilterAsync(content, facts, reverseName, verdict, ct);
        var isHandedOver = false;
        try
        {
            await Task.WhenAll(scanning, looking, filtering);
            var (virus, contents) = (await scanning, await looking);
            var (made, spam) = await filtering;
            var readers = ReaderSettling.Settle(
                intake.Gate,
                intake.Spam,
                peer,
                made.Envelope,
                made.Facts,
                verdict,
                ref spam
            );
            var refusal = made.Refusal ?? Readers.RefusalOf(readers.Of(made.Envelope), spam);
            var delay = intake.Gate?.Judge(peer, verdict, spam, content.Length, virus, contents, refusal);
            if ((virus.Refusal ?? contents?.Refusal ?? refusal ?? spam?.Refusal ?? delay) is { } refused)
                return Replies(refused);
            await using var tagged = await TagAsync(made, spam, ct);
            if (intake.Reports is { } reports && peer.User is null)
                await reports.LookAsync(envelope, made.Facts, made.Content, verdict, ct);
            var outcome = new IncomingFiling(
                intake,
                peer,
                made.Envelope,
                tagged?.Content ?? made.Content,
                tagged?.Structure ?? made.Facts.Structure,
                _header.DeliveredTo,
                reverseName,
                verdict,
                _signing,
                _now
            )
            {
                Spam = spam,
                Virus = virus,
                Contents = contents,
                Readers = readers,
                Apart = virus.Quarantine ?? contents?.Quarantine ?? made.Held,
            };
            isHandedOver = true;
            return RepliesFor(made.Envelope, await outcome.FileAsync(ct));
        }
        finally
        {
            if (!isHandedOver && filtering is { IsCompletedSuccessfully: true, Result.Spam.Late: { } late })
                late.Dispose();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        check?.Dispose();
        _signing?.Dispose();
        if (_scan is not null)
            await _scan.DisposeAsync();
        if (Milters is not null)
            await Milters.DisposeAsync();
        await _blob.DisposeAsync();
    }

    private async ValueTask<SenderVerdict> CheckAsync(MessageCheck sender, CancellationToken ct)
    {
        var verdict = await sender.CompleteAsync(ct);
        foreach (var result in verdict.Results.Results)
            InboundMetrics.Authentication(result.Method, result.Result);
        InboundMetrics.Verdict(verdict.Action.ToString());
        intake.Reporting?.Counter.Count(peer.Address, envelope.Mail.ReversePath, verdict);
        if (intake.Log.IsEnabled(LogLevel.Information))
            LogVerdict(intake.Log, peer.ConnectionId, envelope.Id, verdict.Summary, verdict.Action, verdict.Reason);
        return verdict;
    }

    private async ValueTask WritePartAsync(ReadOnlyMemory<byte> part, CancellationToken ct)
    {
        if (!_header.IsInBody)
        {
            var taken = 0;
            await PassHeaderAsync(h => taken = h.Append(part.Span, _passed), ct);
            _asItCame?.Write(part.Span[..taken]);
            part = part[taken..];
            if (_header.IsInBody && EarlyRefusal is null)
                await StartReadersOrRefuseAsync(ct);
        }

        if (!part.IsEmpty && EarlyRefusal is null)
        {
            check?.AppendBody(part.Span);
            _signing?.AppendBody(part.Span);
            await KeepAsync(part, ct);
            if (EarlyRefusal is null)
                await ShowAsync(part, ct);
        }
    }

    private async ValueTask StartReadersOrRefuseAsync(CancellationToken ct)
    {
        try
        {
            await StartReadersAsync(ct);
        }
        catch (StoreException e)
        {
            EarlyRefusal = intake.ReplyTo(e, peer, envelope);
        }
    }

    /// <summary>The header is whole: who reads the body with it begins. Once.</summary>
    private async ValueTask StartReadersAsync(CancellationToken ct)
    {
        var (came, goes) = (_asItCame, _asItGoes);
        (_asItCame, _asItGoes) = (null, null);
        // The order counts: all of them say which hashes they need before the body begins.
        if (came is not null)
            check!.Start(_header.HasHeader ? WithoutEmptyLine(came.WrittenMemory) : default);
        if (goes is not null && _header.HasHeader)
            _signing = await MessageSigning.StartAsync(
                intake.Keys!,
                peer,
                envelope,
                LargeHeader.ForSigning(WithoutEmptyLine(goes.WrittenMemory)),
                check is { IsHeaderWhole: true } && !_header.HasChanged ? check.Message : null,
                intake.Time,
                ct
            );
        // A message without a header: what was taken for one is text.
        if (came is not null && !_header.HasHeader)
            check!.AppendBody(came.WrittenSpan);
        if (Milters is not null)
            EarlyRefusal ??= await Milters.StartAsync(ct);
    }

    // The empty line is neither header nor body (RFC 5322 §2.1).
    private static ReadOnlyMemory<byte> WithoutEmptyLine(ReadOnlyMemory<byte> header) =>
        header.Span is [.., (byte)'\n', (byte)'\r', (byte)'\n'] or [(byte)'\r', (byte)'\n'] ? header[..^2] : header;

    private async ValueTask PassHeaderAsync(Action<HeaderPass> step, CancellationToken ct)
    {
        step(_header);
        EarlyRefusal ??= _header.Refusal;
        if (_passed.WrittenCount > 0 && EarlyRefusal is null)
        {
            _asItGoes?.Write(_passed.WrittenSpan);
            Milters?.AppendHeader(_passed.WrittenSpan);
            await KeepAsync(_passed.WrittenMemory, ct);
        }

        _passed.ResetWrittenCount();
        // What a header needed is not held while the body comes (L30).
        if (_header.IsInBody)
            _passed = new ArrayBufferWriter<byte>();
    }

    private async ValueTask KeepAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        try
        {
            await _blob.WriteAsync(bytes, ct);
            scanner.Append(bytes.Span);
            await ScanAsync(bytes, ct);
        }
        catch (StoreException e)
        {
            EarlyRefusal = intake.ReplyTo(e, peer, envelope);
        }
    }

    private SmtpReply[] Replies(SmtpReply reply) =>
        peer.Role == ListenerRole.Lmtp ? [.. Enumerable.Repeat(reply, envelope.Recipients.Count)] : [reply];

    [LoggerMessage(Level = LogLevel.Information, Message = "{Connection}: {Id} {Results}: {Action} {Reason}")]
    private static partial void LogVerdict(
        ILogger log,
        string connection,
        TraceId id,
        string results,
        SenderAction action,
        string reason
    );
}
