using System.Text;
using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Learning;
using Postreiter.Messages;
using Postreiter.Storage;
using Postreiter.Storage.Lists;
using Postreiter.Storage.Mail;

namespace Postreiter.Delivery.Lists;

/// <summary>
/// A user allows or blocks senders by moving their mail into a mailbox of a certain name, and takes it back by moving it out again; the mail stays
/// where it was moved to. One worker does it behind their backs, in order; what comes above what can wait is forgotten, which costs no mail.
/// </summary>
/// <remarks>
/// The sender of a mail is its author; where the From field names several, or none, it is the envelope's sender: a spammer who writes a friend's name
/// beside his own must not have the friend blocked. Nobody's own address is taken.
/// </remarks>
public sealed partial class ListTeacher : IAsyncDisposable
{
    private const int BatchEntries = 100;

    private readonly IStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Backlog<Move> _moves;

    /// <summary>Nothing is done before the first move.</summary>
    /// <param name="store">The mail, and the lists.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Told of changes and of faults.</param>
    public ListTeacher(IStore store, TimeProvider time, ILogger log)
    {
        (_store, _time, _log) = (store, time, log);
        _moves = new(TeachAsync, (move, e) => LogFault(e, move.MailboxId), time);
    }

    /// <summary>The mailbox whose mail is wanted, at the top or below INBOX; empty for none. May change at any time.</summary>
    public string AllowMailbox { get; set; } = "Allow senders";

    /// <summary>The mailbox whose mail is not. May change at any time.</summary>
    public string BlockMailbox { get; set; } = "Block senders";

    /// <summary>A user has put messages into a mailbox.</summary>
    /// <param name="account">Whose they are.</param>
    /// <param name="from">Where they were; null for new ones.</param>
    /// <param name="to">Where they are.</param>
    /// <param name="uids">Which.</param>
    public void Put(EmailAddress account, string? from, Mailbox to, IReadOnlyList<UidRange> uids)
    {
        ArgumentNullException.ThrowIfNull(to);
        var (left, entered) = (KindOf(from), KindOf(to.Name));
        // Who throws such a mail away does not say that its sender is another now.
        if (left == entered || (entered is null && to.Use == SpecialUse.Trash))
            return;
        _moves.Add(new Move(account, to.Id, uids, left, entered));
    }

    /// <summary>Takes no more, and does what waits.</summary>
    public Task CompleteAsync() => _moves.CompleteAsync();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _moves.DisposeAsync();

    /// <summary>The sender that a user means by a mail of theirs; null for none.</summary>
    internal static EmailAddress? SenderOf(StoredMessage message, EmailAddress account)
    {
        if ((Author(message) ?? EnvelopeSender(message.Prefix.Span)) is not { } sender || sender == account)
            return null;
        // As an entry it would mean others too: *@example.org is an address, and a pattern.
        return sender.LocalPart.AsSpan().ContainsAny('*', '?') ? null : sender;
    }

    private static EmailAddress? Author(StoredMessage message)
    {
        if (message.Structure.IsEmpty || MessageStructure.Read(message.Structure).Envelope is not { } envelope)
            return null;
        return envelope.From is [var one] && Authors.TryRead(one, out var author) ? author : null;
    }

    // It is the first field that we put in front of what comes in.
    private static EmailAddress? EnvelopeSender(ReadOnlySpan<byte> prefix)
    {
        var name = "Return-Path: <"u8;
        var end = prefix.IndexOf(">\r\n"u8);
        return
            prefix.StartsWith(name)
            && end > name.Length
            && EmailAddress.TryParse(Encoding.UTF8.GetString(prefix[name.Length..end]), out var sender)
            ? sender
            : null;
    }

    private ListKind? KindOf(string? mailbox)
    {
        if (mailbox is null)
            return null;
        const string inbox = Mailbox.Inbox + "/";
        var name = mailbox.StartsWith(inbox, StringComparison.OrdinalIgnoreCase) ? mailbox[inbox.Length..] : mailbox;
        return Is(AllowMailbox) ? ListKind.Allow
            : Is(BlockMailbox) ? ListKind.Block
            : null;

        bool Is(string wanted) => wanted.Length > 0 && wanted.Equals(name, StringComparison.OrdinalIgnoreCase);
    }

    private async Task TeachAsync(Move move, CancellationToken ct)
    {
        var senders = new HashSet<EmailAddress>();
        await foreach (var message in _store.Mail.ReadMessagesAsync(move.MailboxId, move.Uids, ct))
        {
            if (SenderOf(message, move.Account) is { } sender && senders.Add(sender) && senders.Count >= BatchEntries)
                await FlushAsync();
        }

        await FlushAsync();

        async Task FlushAsync()
        {
            if (senders.Count == 0)
                return;
            var entries = senders.Select(SenderEntry.Of).ToList();
            var (scope, count) = (move.Account.Key, 0);
            if (move.Entered is { } kind)
            {
                var now = _time.GetUtcNow();
                var changes = await _store.Lists.AddAsync(
                    scope,
                    [.. entries.Select(e => new ListEntry(e.Text, kind, ListOrigin.Move, now))],
                    ct
                );
                count = changes.Count(static c => c is ListChange.Added or ListChange.Moved);
                if (changes.Contains(ListChange.Full))
                    LogFull(move.Account);
            }
            else if (move.Left is { } left)
            {
                var removed = await _store.Lists.RemoveAsync(
                    scope,
                    left,
                    [.. entries.Select(static e => e.Text)],
                    onlyMoved: true,
                    ct
                );
                count = removed.Count(static r => r);
            }

            LogDone(move.Account, count, move.Entered?.ToString() ?? "no longer " + move.Left);
            senders.Clear();
        }
    }

    private sealed record Move(
        EmailAddress Account,
        long MailboxId,
        IReadOnlyList<UidRange> Uids,
        ListKind? Left,
        ListKind? Entered
    );

    [LoggerMessage(Level = LogLevel.Information, Message = "{Account}: {Count} senders: {Kind}")]
    private partial void LogDone(EmailAddress account, int count, string kind);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Account}: the lists are full of entries that were added by hand; a mail that was moved adds none"
    )]
    private partial void LogFull(EmailAddress account);

    [LoggerMessage(Level = LogLevel.Error, Message = "Senders of messages in mailbox {Mailbox} were not listed")]
    private partial void LogFault(Exception e, long mailbox);
}
