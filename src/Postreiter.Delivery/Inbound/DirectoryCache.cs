using System.Collections.Concurrent;
using Postreiter.Core;
using Postreiter.Storage;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Mail;

namespace Postreiter.Delivery.Inbound;

/// <summary>
/// What was asked of the directory a moment ago, absences included: at most 10,000 answers of each kind, for at most
/// 5 s, all forgotten when the change feed tells of a change. A fault of the directory is never kept.
/// </summary>
internal sealed class DirectoryCache(IStore store, TimeProvider time) : IDisposable
{
    private const int MaxEntries = 10_000;
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    private readonly ChangeSubscription _changes = store.Changes.SubscribeToDirectory();
    private Answers _answers = new(time.GetTimestamp());

    /// <summary>Whether mail for this domain is ours.</summary>
    public ValueTask<bool> IsLocalDomainAsync(DomainName domain, CancellationToken ct) =>
        AskAsync(a => a.Domains, domain, store.Directory.IsLocalDomainAsync, ct);

    /// <summary>The account with this address, or null; its used bytes may be 5 s old.</summary>
    public ValueTask<Account?> FindAccountAsync(EmailAddress address, CancellationToken ct) =>
        AskAsync(a => a.Accounts, address, store.Directory.FindAccountAsync, ct);

    /// <summary>The alias with this key, or null.</summary>
    public ValueTask<Alias?> FindAliasAsync(string key, CancellationToken ct) =>
        AskAsync(a => a.Aliases, key, store.Directory.FindAliasAsync, ct);

    /// <summary>The oldest account of a domain, of any domain where it has none, or null on a site without accounts.</summary>
    public ValueTask<Account?> FindOldestAccountAsync(DomainName domain, CancellationToken ct) =>
        AskAsync(a => a.Oldest, domain, ReadOldestAccountAsync, ct);

    /// <summary>The id of an account's INBOX; 0 when it has none, which <see cref="MailboxCopy.MailboxId"/> takes as INBOX.</summary>
    public ValueTask<long> FindInboxAsync(long accountId, CancellationToken ct) =>
        AskAsync(
            a => a.Inboxes,
            accountId,
            async (id, token) => (await store.Mail.FindMailboxAsync(id, Mailbox.Inbox, token))?.Id ?? 0,
            ct
        );

    /// <summary>The id of an account's mailbox for junk; 0, which is INBOX, when it has none.</summary>
    public ValueTask<long> FindJunkAsync(long accountId, CancellationToken ct) =>
        AskAsync(
            a => a.Junk,
            accountId,
            async (id, token) => (await store.Mail.FindMailboxAsync(id, SpecialUse.Junk, token))?.Id ?? 0,
            ct
        );

    /// <inheritdoc/>
    public void Dispose() => _changes.Dispose();

    private async ValueTask<Account?> ReadOldestAccountAsync(DomainName domain, CancellationToken ct)
    {
        var accounts = await store.Directory.ListAccountsAsync(ct);
        return accounts.Where(a => a.Address.Domain == domain).MinBy(a => a.Id) ?? accounts.MinBy(a => a.Id);
    }

    private async ValueTask<TAnswer> AskAsync<TKey, TAnswer>(
        Func<Answers, ConcurrentDictionary<TKey, TAnswer>> kind,
        TKey key,
        Func<TKey, CancellationToken, ValueTask<TAnswer>> ask,
        CancellationToken ct
    )
        where TKey : notnull
    {
        // The answers belong to the time before any change that comes while the directory is asked.
        var answers = _answers;
        if (_changes.TryTake() || time.GetElapsedTime(answers.Since) >= Lifetime)
            _answers = answers = new Answers(time.GetTimestamp());

        var known = kind(answers);
        if (known.TryGetValue(key, out var answer))
            return answer;
        answer = await ask(key, ct);
        if (known.Count < MaxEntries)
            known[key] = answer;
        return answer;
    }

    private sealed class Answers(long since)
    {
        public long Since => since;

        public ConcurrentDictionary<DomainName, bool> Domains { get; } = new();

        public ConcurrentDictionary<EmailAddress, Account?> Accounts { get; } = new();

        public ConcurrentDictionary<string, Alias?> Aliases { get; } = new(StringComparer.Ordinal);

        public ConcurrentDictionary<DomainName, Account?> Oldest { get; } = new();

        public ConcurrentDictionary<long, long> Inboxes { get; } = new();

        public ConcurrentDictionary<long, long> Junk { get; } = new();
    }
}
