using System.Collections.Concurrent;
using Postreiter.Core;

namespace Postreiter.Delivery.Inbound;

/// <summary>
/// L34: how much each account may send to other servers in a day, so that a stolen password is worth little. Counted when RCPT is
/// answered, all sessions of an account together: many sessions at once get no further than one.
/// </summary>
/// <remarks>
/// Kept in memory. A restart forgets the day's counts, which is to the sender's favour, and whom an account has written to, which
/// costs it places among its first-time recipients of that one day; mail over the limit is deferred, never lost. To keep this
/// in the store would make every recipient a write of its own.
/// </remarks>
/// <param name="time">The clock; days are measured, not read from the calendar (F11).</param>
internal sealed class OutboundAllowance(TimeProvider time)
{
    // Of one account; when it is full, the oldest half is forgotten. 16 bytes each.
    private const int MaxKnown = 20_000;
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private readonly ConcurrentDictionary<long, Ledger> _ledgers = new();

    /// <summary>How much; may change at any time.</summary>
    public OutboundLimits Limits { get; set; } = new();

    /// <summary>Takes one recipient into account.</summary>
    /// <param name="accountId">Whose message.</param>
    /// <param name="recipient">At another server.</param>
    /// <param name="isFirst">Whether it is the message's first such recipient: that one counts the message.</param>
    /// <returns>False when the limit is met: nothing was counted.</returns>
    public bool TryTake(long accountId, EmailAddress recipient, bool isFirst)
    {
        var (maxMessages, maxNewRecipients) = (Limits.MaxMessages, Limits.MaxNewRecipients);
        var ledger = _ledgers.GetOrAdd(accountId, static _ => new Ledger());
        lock (ledger)
        {
            if (ledger.Since is not { } since || time.GetElapsedTime(since) >= Day)
                (ledger.Since, ledger.Messages, ledger.NewRecipients) = (time.GetTimestamp(), 0, 0);
            var isNewRecipient = !ledger.Knows(recipient);
            if (
                (isFirst && maxMessages > 0 && ledger.Messages >= maxMessages)
                || (isNewRecipient && maxNewRecipients > 0 && ledger.NewRecipients >= maxNewRecipients)
            )
                return false;
            if (isFirst)
                ledger.Messages++;
            if (isNewRecipient)
            {
                ledger.NewRecipients++;
                ledger.Learn(recipient);
            }

            return true;
        }
    }

    private sealed class Ledger
    {
        private HashSet<EmailAddress> _young = [];
        private HashSet<EmailAddress> _old = [];

        public long? Since { get; set; }

        public int Messages { get; set; }

        public int NewRecipients { get; set; }

        public bool Knows(EmailAddress recipient) => _young.Contains(recipient) || _old.Contains(recipient);

        public void Learn(EmailAddress recipient)
        {
            if (_young.Count >= MaxKnown / 2)
                (_old, _young) = (_young, []);
            _young.Add(recipient);
        }
    }
}
