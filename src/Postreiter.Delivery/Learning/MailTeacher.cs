using Microsoft.Extensions.Logging;
using Postreiter.Storage;
using Postreiter.Storage.Learning;
using Postreiter.Storage.Mail;

namespace Postreiter.Delivery.Learning;

/// <summary>
/// Learns what users judged, behind their backs: reads the messages and has them learned in batches.
/// </summary>
public sealed partial class MailTeacher : IAsyncDisposable
{
    private const int BatchMails = 100;
    private const int BatchOctets = 4 * 1024 * 1024;

    private readonly IStore _store;
    private readonly MailLearning _learning;
    private readonly ILogger _log;
    private readonly Backlog<Judgement> _judgements;

    /// <summary>Nothing is done before the first judgement.</summary>
    /// <param name="store">The mail.</param>
    /// <param name="learning">Learns.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Told of faults.</param>
    public MailTeacher(IStore store, MailLearning learning, TimeProvider time, ILogger log)
    {
        (_store, _learning, _log) = (store, learning, log);
        _judgements = new(LearnAsync, (judgement, e) => LogFault(e, judgement.MailboxId), time);
    }

    /// <summary>Octets of a message that are looked at. May change at any time. Default 512 KiB, as in scans.</summary>
    public int MaxBytes { get; set; } = 512 * 1024;

    /// <summary>A user has judged messages.</summary>
    /// <param name="accountId">Whose they are.</param>
    /// <param name="mailboxId">Where they are.</param>
    /// <param name="uids">Which.</param>
    /// <param name="isSpam">Whether they are spam.</param>
    public void Judge(long accountId, long mailboxId, IReadOnlyList<UidRange> uids, bool isSpam) =>
        _judgements.Add(new Judgement(accountId, mailboxId, uids, isSpam));

    /// <summary>Takes no more, and learns what waits.</summary>
    public Task CompleteAsync() => _judgements.CompleteAsync();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _judgements.DisposeAsync();

    private async Task LearnAsync(Judgement judgement, CancellationToken ct)
    {
        var (batch, octets) = (new List<MailToLearn>(), 0);
        await foreach (var message in _store.Mail.ReadMessagesAsync(judgement.MailboxId, judgement.Uids, ct))
        {
            var mail = await ReadAsync(message, ct);
            if (_learning.Read(mail, judgement.IsSpam) is not { } read)
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
            var changed = await _store.Learning.LearnAsync(judgement.AccountId, batch, ct);
            LogLearned(judgement.AccountId, changed.Count(static c => c), judgement.IsSpam ? "spam" : "ham");
            batch.Clear();
        }
    }

    private async Task<ReadOnlyMemory<byte>> ReadAsync(StoredMessage message, CancellationToken ct)
    {
        await using var content = await _store.Mail.OpenAsync(message, ct);
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
