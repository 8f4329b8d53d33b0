using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Postreiter.Storage;
using Postreiter.Storage.Learning;
using Postreiter.Storage.Mail;

namespace Postreiter.Delivery.Learning;

/// <summary>
/// Learns what users judged, behind their backs: one worker reads the messages and has them learned in batches. So many judgements can
/// wait that a user may move a whole mailbox; what comes above that is forgotten, which costs no mail.
/// </summary>
/// <param name="store">The mail.</param>
/// <param name="learning">Learns.</param>
/// <param name="log">Told of faults.</param>
public sealed partial class MailTeacher(IStore store, MailLearning learning, ILogger log) : IAsyncDisposable
{
    private const int MaxWaiting = 10_000;
    private const int BatchMails = 100;
    private const int BatchOctets = 4 * 1024 * 1024;

    private readonly Channel<Judgement> _waiting = Channel.CreateBounded<Judgement>(
        new BoundedChannelOptions(MaxWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite }
    );

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private Task? _work;

    /// <summary>Octets of a message that are looked at. May change at any time. Default 512 KiB, as in scans.</summary>
    public int MaxBytes { get; set; } = 512 * 1024;

    /// <summary>A user has judged messages.</summary>
    /// <param name="accountId">Whose they are.</param>
    /// <param name="mailboxId">Where they are.</param>
    /// <param name="uids">Which.</param>
    /// <param name="isSpam">Whether they are spam.</param>
    public void Judge(long accountId, long mailboxId, IReadOnlyList<UidRange> uids, bool isSpam)
    {
        // The worker is there from the first judgement on.
        lock (_lock)
            _work ??= Task.Run(WorkAsync);
        _waiting.Writer.TryWrite(new Judgement(accountId, mailboxId, uids, isSpam));
    }

    /// <summary>Takes no more, and learns what waits.</summary>
    public async Task CompleteAsync()
    {
        _waiting.Writer.TryComplete();
        if (_work is { } work)
            await work;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _stop.CancelAsync();
        if (_work is { } work)
            await work;
        _stop.Dispose();
    }

    private async Task WorkAsync()
    {
        try
        {
            await foreach (var judgement in _waiting.Reader.ReadAllAsync(_stop.Token))
                await TryLearnAsync(judgement, _stop.Token);
        }
        catch (OperationCanceledException)
        {
            // What waits is not learned any more.
        }
    }

    // A mailbox that is gone, a message that is damaged: the next judgement is none the worse for it.
    private async Task TryLearnAsync(Judgement judgement, CancellationToken ct)
    {
        try
        {
            await LearnAsync(judgement, ct);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFault(e, judgement.MailboxId);
        }
    }

    private async Task LearnAsync(Judgement judgement, CancellationToken ct)
    {
        var (batch, octets) = (new List<MailToLearn>(), 0);
        await foreach (var message in store.Mail.ReadMessagesAsync(judgement.MailboxId, judgement.Uids, ct))
        {
            var mail = await ReadAsync(message, ct);
            if (learning.Read(mail, judgement.IsSpam) is not { } read)
                continue;
            batch.Add(read);
            octets += read.Tokens.Length;
            if (batch.Count >= BatchMails || octets >= BatchOctets)
            {
                await FlushAsync();
                octets = 0;
            }
        }

        await FlushAsync();

        async Task FlushAsync()
        {
            if (batch.Count == 0)
                return;
            var changed = await store.Learning.LearnAsync(judgement.AccountId, batch, ct);
            LogLearned(judgement.AccountId, changed.Count(static c => c), judgement.IsSpam ? "spam" : "ham");
            batch.Clear();
        }
    }

    private async Task<ReadOnlyMemory<byte>> ReadAsync(StoredMessage message, CancellationToken ct)
    {
        await using var content = await store.Mail.OpenAsync(message, ct);
        var mail = new byte[Math.Min(content.Length, MaxBytes)];
        var at = 0;
        while (at < mail.Length && await content.ReadAsync(at, mail.AsMemory(at), ct) is var read and > 0)
            at += read;
        return mail.AsMemory(0, at);
    }

    private sealed record Judgement(long AccountId, long MailboxId, IReadOnlyList<UidRange> Uids, bool IsSpam);

    [LoggerMessage(Level = LogLevel.Information, Message = "Account {Account}: learned {Count} messages as {Kind}")]
    private partial void LogLearned(long account, int count, string kind);

    [LoggerMessage(Level = LogLevel.Error, Message = "Messages of mailbox {Mailbox} were not learned")]
    private partial void LogFault(Exception e, long mailbox);
}
