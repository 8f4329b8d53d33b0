using System.Buffers;
using Postreiter.Core;
using Postreiter.Delivery.Inbound;
using Postreiter.Messages;
using Postreiter.Milter;
using Postreiter.Milter.Syntax;
using Postreiter.Smtp.Server;
using Postreiter.Storage.Blobs;

namespace Postreiter.Delivery.Milters;

/// <summary>
/// One message on its way through the milters of its session. They see it while it arrives, up to and with the first that may change it: those
/// behind that one are to see what it makes of it, and so are shown the whole afterwards.
/// </summary>
internal sealed class MilterMessage : IAsyncDisposable
{
    private static readonly TimeSpan MostWhileItComes = TimeSpan.FromMinutes(5);

    private readonly MilterSession _session;
    private readonly MessageIntake _intake;
    private readonly SmtpPeer _peer;
    private readonly SmtpEnvelope _envelope;
    private readonly List<MilterLink> _live = [];
    private readonly List<BlobWriter> _writers = [];
    private readonly byte[] _piece;
    private ArrayBufferWriter<byte>? _header = new(2048);
    private TimeSpan _spent;
    private int _held;
    private bool _isDisposed;

    public MilterMessage(MilterSession session, MessageIntake intake, SmtpPeer peer, SmtpEnvelope envelope)
    {
        (_session, _intake, _peer, _envelope) = (session, intake, peer, envelope);
        foreach (var link in session.Links)
        {
            _live.Add(link);
            if (link.ChangesContent)
                break;
        }

        _piece = ArrayPool<byte>.Shared.Rent(MilterPacket.MaxChunk);
    }

    /// <summary>The header as it is kept; what stands behind it is body.</summary>
    public void AppendHeader(ReadOnlySpan<byte> bytes) => _header?.Write(bytes);

    /// <summary>The header is whole.</summary>
    public async ValueTask<SmtpReply?> StartAsync(CancellationToken ct)
    {
        if (_header is not { } written)
            return null;
        _header = null;
        var header = MilterHeader.Read(written.WrittenMemory);
        foreach (var link in _live)
        {
            if (await WhileItComesAsync(link, token => link.HeaderAsync(header, token), ct) is { } refusal)
                return Note(refusal);
        }

        return await BodyAsync(written.WrittenMemory[header.Length..], ct);
    }

    /// <summary>The next octets of the body as it is kept.</summary>
    public async ValueTask<SmtpReply?> BodyAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        while (!bytes.IsEmpty)
        {
            var count = Math.Min(bytes.Length, MilterPacket.MaxChunk - _held);
            bytes[..count].CopyTo(_piece.AsMemory(_held));
            _held += count;
            bytes = bytes[count..];
            if (_held == MilterPacket.MaxChunk && await FlushAsync(ct) is { } refusal)
                return refusal;
        }

        return null;
    }

    /// <summary>The message is whole, and stored.</summary>
    /// <param name="content">As it is stored.</param>
    /// <param name="facts">Its structure.</param>
    /// <param name="ct">Ends with the session.</param>
    /// <exception cref="Storage.StoreException">What milters make of it cannot be stored.</exception>
    public async ValueTask<MilterOutcome> EndAsync(PendingBlob content, MessageFacts facts, CancellationToken ct)
    {
        var outcome = new MilterOutcome
        {
            Content = content,
            Facts = facts,
            Envelope = _envelope,
        };
        var time = _session.Chain.Time;
        using var budget = new CancellationTokenSource(_session.Options.Budget, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(budget.Token, ct);
        var last = TakePiece();
        foreach (var link in last.IsEmpty ? [] : _live)
        {
            var early = await InTimeAsync(link, () => PieceAsync(link, last, either.Token), budget.Token, ct);
            if (early is not null)
                return outcome with { Refusal = Note(early) };
        }

        foreach (var link in _session.Links)
        {
            if (!link.IsAsked)
                continue;
            var began = time.GetTimestamp();
            IReadOnlyList<MilterChange> changes = [];
            BlobWriter? body = null;
            var refusal = await InTimeAsync(
                link,
                async () =>
                {
                    if (!_live.Contains(link) && await ShowAsync(link, outcome.Content, either.Token) is { } no)
                        return no;
                    (var decided, changes) = await link.EndAsync(
                        (piece, token) => (body ??= Begin()).WriteAsync(piece, token),
                        either.Token
                    );
                    return decided;
                },
                budget.Token,
                ct
            );
            if (refusal is not null)
                return outcome with { Refusal = Note(refusal) };
            if (changes.Count > 0)
                outcome = await ApplyAsync(link, outcome, changes, body, time.GetElapsedTime(began), ct);
            else if (!link.HasFailed)
                link.Note("continue", "nothing to say", time.GetElapsedTime(began).TotalMilliseconds);
            if (outcome.Refusal is not null)
                return outcome with { Refusal = Note(outcome.Refusal) };
        }

        Note(null);
        return outcome;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        ArrayPool<byte>.Shared.Return(_piece);
        foreach (var writer in _writers)
            await writer.DisposeAsync();
    }

    // F7: all of them together have so long after the final dot.
    private async ValueTask<SmtpReply?> InTimeAsync(
        MilterLink link,
        Func<ValueTask<SmtpReply?>> ask,
        CancellationToken budget,
        CancellationToken ct
    )
    {
        try
        {
            return await ask();
        }
        catch (OperationCanceledException) when (budget.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            InboundMetrics.Limit("F7");
            return Note(await link.GiveUpAsync("it took longer than smtp.verdict_budget"));
        }
    }

    // One that takes nearly its whole time for every piece would hold a session for hours.
    private async ValueTask<SmtpReply?> WhileItComesAsync(
        MilterLink link,
        Func<CancellationToken, ValueTask<SmtpReply?>> ask,
        CancellationToken ct
    )
    {
        if (!link.IsAsked)
            return null;
        var time = _session.Chain.Time;
        var began = time.GetTimestamp();
        var left = MostWhileItComes - _spent;
        using var patience = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, ct);
        try
        {
            return await ask(either.Token);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            return Note(await link.GiveUpAsync("the message was held up by it for too long"));
        }
        finally
        {
            _spent += time.GetElapsedTime(began);
        }
    }

    private async ValueTask<SmtpReply?> FlushAsync(CancellationToken ct)
    {
        var piece = TakePiece();
        foreach (var link in _live)
        {
            if (await PieceAsync(link, piece, ct) is { } refusal)
                return Note(refusal);
        }

        return null;
    }

    private ReadOnlyMemory<byte> TakePiece()
    {
        var piece = _piece.AsMemory(0, _held);
        _held = 0;
        return piece;
    }

    private ValueTask<SmtpReply?> PieceAsync(MilterLink link, ReadOnlyMemory<byte> piece, CancellationToken ct) =>
        WhileItComesAsync(link, token => link.BodyAsync(piece, token), ct);

    /// <summary>Shows a milter the whole as those before it have made it.</summary>
    private async ValueTask<SmtpReply?> ShowAsync(MilterLink link, PendingBlob content, CancellationToken ct)
    {
        var header = MilterHeader.Read(await ReadHeaderAsync(content, ct));
        if (await link.HeaderAsync(header, ct) is { } refusal)
            return refusal;
        for (long at = header.Length; link.IsAsked; )
        {
            var count = await content.ReadAsync(at, _piece.AsMemory(0, MilterPacket.MaxChunk), ct);
            if (count == 0)
                return null;
            at += count;
            if (await link.BodyAsync(_piece.AsMemory(0, count), ct) is { } no)
                return no;
        }

        return null;
    }

    private async ValueTask<MilterOutcome> ApplyAsync(
        MilterLink link,
        MilterOutcome outcome,
        IReadOnlyList<MilterChange> changes,
        BlobWriter? body,
        TimeSpan took,
        CancellationToken ct
    )
    {
        var header = MilterHeader.Read(await ReadHeaderAsync(outcome.Content, ct));
        var start = header.Length;
        var words = new List<string>();
        var isRewritten = body is not null;
        var envelope = new MilterEnvelope(outcome.Envelope, _intake.Resolver, _session.Options.MaxRecipients);
        var held = outcome.Held;
        foreach (var change in changes)
        {
            if (header.Apply(change, link.HasLeadingSpace) is { } word)
            {
                isRewritten = true;
                words.Add(word);
            }
            else if (change is MilterReplaceBody)
                words.Add("another body");
            else if (change is MilterQuarantine quarantine)
            {
                var reason = $"milter: {Shown(quarantine.Reason)}";
                held ??= reason;
                words.Add($"held: {Shown(quarantine.Reason)}");
            }
            else if (await envelope.ApplyAsync(change, ct) is { } said)
                words.Add(said);
        }

        var written = isRewritten ? header.Write() : default;
        if (written.Length > 2 * HeaderPass.MaxHeaderBytes)
            return outcome with { Refusal = await link.GiveUpAsync("its fields are too many") };
        foreach (var recipient in envelope.Added)
            _intake.Gate?.NoteAdded(_peer, recipient);
        link.Note("changed", string.Join(", ", words.Take(50)), took.TotalMilliseconds);
        outcome = outcome with
        {
            Envelope = envelope.Complete(),
            Held = held,
            HasChanged = outcome.HasChanged || isRewritten || envelope.HasChanged,
        };
        if (envelope.Refusal is not null)
            return outcome with { Refusal = envelope.Refusal };
        // Nobody is left: refused, so that its author is told.
        if (outcome.Envelope.Recipients.Count == 0)
            return outcome with { Refusal = new SmtpReply(550, "5.7.1", "Refused") };
        return isRewritten ? await RewriteAsync(outcome, written, start, body, ct) : outcome;
    }

    // It stands in lists and traces, and is another program's text.
    private static string Shown(string reason) =>
        new([.. reason.Take(200).Select(static c => c is >= ' ' and <= '~' ? c : '?')]);

    private async ValueTask<MilterOutcome> RewriteAsync(
        MilterOutcome outcome,
        ReadOnlyMemory<byte> header,
        int start,
        BlobWriter? body,
        CancellationToken ct
    )
    {
        var (source, at) = body is null ? (outcome.Content, start) : (await body.CompleteAsync(ct), 0);
        var writer = Begin();
        var scanner = _intake.NewScanner();
        await AppendAsync(header);
        for (long from = at; ; )
        {
            var count = await source.ReadAsync(from, _piece.AsMemory(0, MilterPacket.MaxChunk), ct);
            if (count == 0)
                break;
            from += count;
            await AppendAsync(_piece.AsMemory(0, count));
        }

        return outcome with
        {
            Content = await writer.CompleteAsync(ct),
            Facts = scanner.Complete(),
        };

        async ValueTask AppendAsync(ReadOnlyMemory<byte> bytes)
        {
            await writer.WriteAsync(bytes, ct);
            scanner.Append(bytes.Span);
        }
    }

    private BlobWriter Begin()
    {
        var writer = _intake.Store.Blobs.Begin();
        _writers.Add(writer);
        return writer;
    }

    /// <summary>The beginning of a message, its header whole in it.</summary>
    internal static async ValueTask<ReadOnlyMemory<byte>> ReadHeaderAsync(PendingBlob content, CancellationToken ct)
    {
        // A header of ours has the size that L4 allows, and what milters may add to it.
        const int Most = 2 * HeaderPass.MaxHeaderBytes + 16 * 1024;
        for (var size = 16 * 1024; ; size *= 4)
        {
            var bytes = new byte[Math.Min(Math.Min(size, Most), content.Length)];
            var count = 0;
            while (count < bytes.Length)
            {
                var read = await content.ReadAsync(count, bytes.AsMemory(count), ct);
                if (read == 0)
                    break;
                count += read;
            }

            if (
                count == content.Length
                || size >= Most
                || bytes.AsSpan(0, count).IndexOf("\n\r\n"u8) >= 0
                || bytes is [(byte)'\r', (byte)'\n', ..]
            )
                return bytes.AsMemory(0, count);
        }
    }

    private SmtpReply? Note(SmtpReply? refusal) =>
        _intake.Gate is { } gate ? gate.NoteWhole(_peer, _session, refusal) : refusal;
}

/// <summary>What milters make of a message.</summary>
internal sealed record MilterOutcome
{
    /// <summary>The reply that refuses it; null when it is taken.</summary>
    public SmtpReply? Refusal { get; init; }

    /// <summary>What is to be filed; good until the message is disposed.</summary>
    public required PendingBlob Content { get; init; }

    /// <summary>Of that.</summary>
    public required MessageFacts Facts { get; init; }

    /// <summary>From whom and for whom.</summary>
    public required SmtpEnvelope Envelope { get; init; }

    /// <summary>Why it is to be held; null when it is not.</summary>
    public string? Held { get; init; }

    /// <summary>Whether anything differs from what came.</summary>
    public bool HasChanged { get; init; }
}
