using System.Collections.Concurrent;
using Postreiter.Core;
using Postreiter.Storage;
using Postreiter.Storage.Accounts;

namespace Postreiter.Delivery.Inbound;

/// <summary>
/// Knows since when an account is over its quota (F2): 452 4.2.2 for 24 h, then 552 5.2.2. Kept in memory: after a restart
/// the 24 h begin anew, to the sender's favour. At most 100,000 accounts; past that they are all deferred.
/// </summary>
internal sealed class QuotaWatch(IStore store, TimeProvider time)
{
    private const int MaxEntries = 100_000;
    private static readonly TimeSpan Patience = TimeSpan.FromHours(24);
    private readonly ConcurrentDictionary<long, long> _overSince = new();

    /// <summary>The refusal when an account has no room for a message of this size; null when it has.</summary>
    /// <param name="account">From the cache; asked anew when it has a quota.</param>
    /// <param name="size">Bytes, 0 when not known.</param>
    /// <param name="ct">Stops waiting.</param>
    public async ValueTask<SmtpReply?> CheckAsync(Account account, long size, CancellationToken ct)
    {
        if (!account.HasQuota)
            return null;
        var now = await store.Directory.FindAccountAsync(account.Address, ct) ?? account;
        if (!now.Fits(Math.Max(size, 1)))
            return Refuse(account.Id);
        return null;
    }

    /// <summary>A message found room: whatever was refused before, the account is not over its quota.</summary>
    public void NoteDelivery(Account account)
    {
        if (account.QuotaBytes > 0)
            _overSince.TryRemove(account.Id, out _);
    }

    /// <summary>The refusal for an account that is found over its quota now.</summary>
    public SmtpReply Refuse(long accountId)
    {
        // F11: a clock that jumps must not turn a deferral into a refusal.
        var now = time.GetTimestamp();
        var since = _overSince.Count < MaxEntries ? _overSince.GetOrAdd(accountId, now) : now;
        return time.GetElapsedTime(since, now) < Patience
            ? new SmtpReply(452, "4.2.2", "Mailbox full")
            : new SmtpReply(552, "5.2.2", "Mailbox full");
    }
}
