using System.Text;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Inbound;
using Postreiter.Delivery.Lists;
using Postreiter.Delivery.Milters;
using Postreiter.Delivery.Reports;
using Postreiter.Delivery.Scanning;
using Postreiter.Delivery.Scanning.Contents;
using Postreiter.MailAuth;
using Postreiter.Messages;
using Postreiter.Milter;
using Postreiter.Smtp.Server;
using Postreiter.Storage.Blobs;

namespace Postreiter.Delivery.Foreign;

/// <summary>One message that another server takes in: judged as one of ours while it arrives, and kept nowhere.</summary>
internal sealed class ForeignMessage : IAsyncDisposable
{
    /// <summary>Said of what passes; the other server has its own words for it.</summary>
    public static readonly SmtpReply Passed = new(250, "2.0.0", "Passed by the gate, for the other server to take");

    private static readonly SmtpReply TooBig = new(552, "5.3.4", "Message too big");

    private readonly ForeignGate _foreign;
    private readonly SmtpPeer _peer;
    private readonly SmtpEnvelope _envelope;
    private readonly DateTimeOffset _now;
    private readonly MessageCheck? _check;
    private readonly BlobWriter _blob;
    private readonly IMessageScanner _scanner;
    private readonly ContentScan? _scan;
    private readonly bool _isTrusted;
    private readonly List<MilterChange> _forged = [];
    private bool _isDisposed;

    public ForeignMessage(ForeignGate foreign, SmtpPeer peer, SmtpEnvelope envelope, bool isTrusted)
    {
        (_foreign, _peer, _envelope, _isTrusted) = (foreign, peer, envelope, isTrusted);
        _now = foreign.Time.GetUtcNow();
        _check = !isTrusted && foreign.Checks.Covers(peer) ? foreign.Checks.Begin(peer, envelope) : null;
        _blob = foreign.Blobs.Begin();
        _scanner = foreign.NewScanner();
        _scan = foreign.Virus?.Begin();
    }

    /// <summary>The header is whole.</summary>
    /// <param name="header">As it came, without the empty line.</param>
    /// <param name="ct">Gives up.</param>
    public async ValueTask StartAsync(ReadOnlyMemory<byte> header, CancellationToken ct)
    {
        // A copy: who checks holds it while the body comes.
        ReadOnlyMemory<byte> own = header.ToArray();
        _check?.Start(own);
        await KeepAsync(WithoutForged(own), ct);
        await KeepAsync("\r\n"u8.ToArray(), ct);
    }

    /// <summary>The next octets of the body.</summary>
    /// <returns>A refusal that is certain, or null.</returns>
    public async ValueTask<SmtpReply?> AppendAsync(ReadOnlyMemory<byte> body, CancellationToken ct)
    {
        if (_blob.Length + body.Length > _foreign.Options.MaxMessageBytes)
            return TooBig;
        _check?.AppendBody(body.Span);
        await KeepAsync(body, ct);
        if (_scan?.Found is not { } found || _foreign.Virus is not { } filter)
            return null;
        var outcome = new VirusOutcome
        {
            Refusal = filter.Refuse(_peer, _envelope, found),
            Found = found,
            Steps = [found],
        };
        _foreign.Gate.Judge(_peer, null, null, _blob.Length, outcome);
        return outcome.Refusal;
    }

    /// <summary>The message is whole.</summary>
    public async ValueTask<(SmtpReply? Refusal, IReadOnlyList<MilterChange> Changes)> CompleteAsync(
        CancellationToken ct
    )
    {
        var sender = _check is null ? null : await _check.CompleteAsync(ct);
        if (sender?.Refusal is { } denied)
        {
            _foreign.Gate.Judge(_peer, sender, null, _blob.Length);
            return (denied, []);
        }

        var content = await _blob.CompleteAsync(ct);
        var facts = _scanner.Complete();
        var reverseName = _peer.ReverseName is { } asked ? await asked : null;
        var scanning = ScannedAsync(content, ct);
        var looking = _foreign.Contents is { } rules
            ? rules.CheckAsync(_peer, _envelope, facts.Root, content, ct)
            : Task.FromResult<ContentOutcome?>(null);
        var filtering = FilteredAsync(content, reverseName, sender, ct);
        try
        {
            await Task.WhenAll(scanning, looking, filtering);
        }
        finally
        {
            // Whoever has it now goes on with it, scanned or not.
            if (filtering is { IsCompletedSuccessfully: true, Result.Late: { } late })
                late.Dispose();
        }

        var (virus, contents, spam) = (await scanning, await looking, await filtering);
        // Nothing is kept here, and what is found before the end is refused too.
        if (virus is { Quarantine: not null, Found: { } bad })
            virus = virus with { Quarantine = null, Refusal = VirusFilter.RefusalOf(bad) };
        var readers = _isTrusted
            ? []
            : ReaderSettling
                .Settle(_foreign.Gate, _foreign.Spam, _peer, _envelope, facts, sender, ref spam)
                .Of(_envelope)
                .ToList();
        // The other server gives one reply for all of them: where one wants it, all get it, marked.
        var refusal = Readers.RefusalOf(readers, spam);
        var delay = _foreign.Gate.Judge(_peer, sender, spam, content.Length, virus, contents, refusal);
        refusal = virus.Refusal ?? contents?.Refusal ?? refusal ?? spam?.Refusal ?? delay;
        return refusal is not null ? (refusal, []) : (null, Changes(sender, virus, contents, readers));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        _check?.Dispose();
        if (_scan is not null)
            await _scan.DisposeAsync();
        await _blob.DisposeAsync();
    }

    private List<MilterChange> Changes(
        SenderVerdict? sender,
        VirusOutcome virus,
        ContentOutcome? contents,
        List<Reader> readers
    )
    {
        var changes = new List<MilterChange>(_forged);
        var options = _foreign.Options;
        // One copy for all of them: of whom it is spam, their marks are on it.
        var marked = readers.Find(static r => r.Verdict is { IsJunk: true }) ?? readers.FirstOrDefault();
        var marks = virus.Marks + contents?.Marks + marked?.Verdict?.Marks;
        if (options.AddsResults)
            marks = sender?.Results.ToField(allowUtf8: _envelope.Mail.SmtpUtf8) + marks;
        // The first is to stand on top: it is put there last.
        foreach (var field in MilterHeader.Read(Encoding.UTF8.GetBytes(marks)).Fields.Reverse())
            changes.Add(
                new MilterInsertHeader(
                    0,
                    Encoding.Latin1.GetString(field.Name.Span),
                    Encoding.Latin1.GetString(field.Value.Span).TrimStart(' ')
                )
            );
        if (options.HoldsJunk && Reason(sender, contents, readers) is { } reason)
        {
            changes.Add(new MilterQuarantine(reason));
            foreach (var recipient in _envelope.Recipients)
                ReceptionGate.NoteApart(_peer, recipient.Arguments.Recipient, reason);
        }

        return changes;
    }

    // Where it would go to Junk here, for anybody.
    private static string? Reason(SenderVerdict? sender, ContentOutcome? contents, List<Reader> readers)
    {
        if (contents is { Quarantine.Length: > 0 })
            return contents.Quarantine;
        if (sender is { Action: SenderAction.Quarantine } && !readers.TrueForAll(static r => r.IsExemptFromPolicy))
            return sender.Reason;
        return readers.Exists(static r => r.Verdict is { IsJunk: true }) ? "spam" : null;
    }

    private Task<SpamOutcome?> FilteredAsync(
        PendingBlob content,
        DomainName? reverseName,
        SenderVerdict? sender,
        CancellationToken ct
    ) =>
        _foreign.Spam is { } filter && !_isTrusted
            ? filter
                .CheckAsync(
                    _peer,
                    _envelope,
                    TraceField.ReturnPath(_envelope.Mail.ReversePath)
                        + TraceField.Received(_peer, _envelope, reverseName, _foreign.HostName, _now),
                    content,
                    sender,
                    ct
                )
                .AsTask()
            : Task.FromResult<SpamOutcome?>(null);

    private async Task<VirusOutcome> ScannedAsync(PendingBlob content, CancellationToken ct) =>
        _scan is null || _foreign.Virus is not { } filter
            ? new VirusOutcome()
            : await filter.CompleteAsync(_scan, _peer, _envelope, () => new ContentStream(content), ct);

    private async ValueTask KeepAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        await _blob.WriteAsync(bytes, ct);
        _scanner.Append(bytes.Span);
        if (_scan is not null)
            await _scan.AppendAsync(bytes, ct);
    }

    /// <summary>What only a receiver may write is left out, and is to be taken out there: from behind, so that no number moves.</summary>
    private ReadOnlyMemory<byte> WithoutForged(ReadOnlyMemory<byte> header)
    {
        var counts = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        var kept = new MemoryStream(header.Length);
        string[] ours = [_foreign.HostName];
        foreach (var field in MilterHeader.Read(header).Fields)
        {
            var name = Encoding.Latin1.GetString(field.Name.Span);
            counts[name] = counts.GetValueOrDefault(name) + 1;
            if (
                name.StartsWith("X-Spam-", StringComparison.OrdinalIgnoreCase)
                || name.Equals(ContentFilter.FieldName, StringComparison.OrdinalIgnoreCase)
                || (
                    name.Equals(AuthenticationResults.FieldName, StringComparison.OrdinalIgnoreCase)
                    && AuthenticationResults.Claims(field.Value.Span, ours)
                )
            )
                _forged.Insert(0, new MilterChangeHeader(counts[name], name, ""));
            else
                kept.Write(field.Whole.Span);
        }

        return kept.ToArray();
    }
}
