using Postreiter.Core;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Mail;

namespace Postreiter.Testing.Memory;

internal sealed class MemoryDirectory(MemoryState state) : IDirectoryStore
{
    public ValueTask<IReadOnlyList<DomainName>> ListDomainsAsync(CancellationToken ct)
    {
        lock (state.Lock)
            return new([.. state.Domains.Order()]);
    }

    public ValueTask<bool> IsLocalDomainAsync(DomainName domain, CancellationToken ct)
    {
        lock (state.Lock)
            return new(state.Domains.Contains(domain));
    }

    public ValueTask<bool> AddDomainAsync(DomainName domain, CancellationToken ct)
    {
        lock (state.Lock)
            return new(Told(state.Domains.Add(domain)));
    }

    public ValueTask<RemoveDomainResult> RemoveDomainAsync(DomainName domain, CancellationToken ct)
    {
        lock (state.Lock)
        {
            if (!state.Domains.Contains(domain))
                return new(RemoveDomainResult.NotFound);
            if (
                state.Accounts.Values.Any(a => a.Address.Domain == domain)
                || state.Aliases.Keys.Any(k => k.EndsWith("@" + domain.Ascii, StringComparison.Ordinal))
            )
                return new(RemoveDomainResult.InUse);
            state.DkimKeys.RemoveAll(k => k.Domain == domain);
            MemoryLists.Drop(state, domain.Ascii);
            Told(state.Domains.Remove(domain));
            return new(RemoveDomainResult.Removed);
        }
    }

    public ValueTask<IReadOnlyList<Account>> ListAccountsAsync(CancellationToken ct)
    {
        lock (state.Lock)
            return new([
                .. state.Accounts.Values.Select(a => a.ToAccount()).OrderBy(a => a.Address.Key, StringComparer.Ordinal),
            ]);
    }

    public ValueTask<Account?> FindAccountAsync(EmailAddress address, CancellationToken ct)
    {
        lock (state.Lock)
            return new(Find(address)?.ToAccount());
    }

    public ValueTask<Account?> AddAccountAsync(NewAccount account, CancellationToken ct)
    {
        lock (state.Lock)
        {
            if (Find(account.Address) is not null || state.Aliases.ContainsKey(account.Address.Key))
                return new((Account?)null);
            var added = new MemoryAccount(state.NextId(), account.Address, state.Time.GetUtcNow())
            {
                Credentials = account.Credentials,
                Quota = account.QuotaBytes,
                QuotaMessages = account.QuotaMessages,
            };
            state.Accounts.Add(added.Id, added);
            state.AddMailbox(added, Mailbox.Inbox, SpecialUse.None, subscribed: true);
            foreach (var use in Enum.GetValues<SpecialUse>().Where(u => u != SpecialUse.None))
                state.AddMailbox(added, use.ToString(), use, subscribed: true);
            Told(true);
            return new(added.ToAccount());
        }
    }

    public ValueTask<bool> SetCredentialsAsync(EmailAddress address, Credentials credentials, CancellationToken ct)
    {
        lock (state.Lock)
        {
            if (Find(address) is not { } account)
                return new(false);
            account.Credentials = credentials;
            return new(Told(true));
        }
    }

    public ValueTask<bool> SetQuotaAsync(EmailAddress address, long? bytes, long? messages, CancellationToken ct)
    {
        lock (state.Lock)
        {
            if (Find(address) is not { } account)
                return new(false);
            account.Quota = bytes ?? account.Quota;
            account.QuotaMessages = messages ?? account.QuotaMessages;
            return new(Told(true));
        }
    }

    public ValueTask<bool> RemoveAccountAsync(EmailAddress address, CancellationToken ct)
    {
        lock (state.Lock)
        {
            if (Find(address) is not { } account)
                return new(false);
            state.Accounts.Remove(account.Id);
            state.Learned.Remove(account.Id);
            foreach (var kept in state.Quarantine.Values.Where(q => q.Row.AccountId == account.Id).ToList())
                state.Quarantine.Remove(kept.Row.Id);
            MemoryLists.Drop(state, account.Address.Key);
            state.Feed.AccountChanged(account.Id);
            return new(Told(true));
        }
    }

    public ValueTask<IReadOnlyList<Alias>> ListAliasesAsync(CancellationToken ct)
    {
        lock (state.Lock)
            return new([.. state.Aliases.Values]);
    }

    public ValueTask<Alias?> FindAliasAsync(string key, CancellationToken ct)
    {
        lock (state.Lock)
            return new(state.Aliases.GetValueOrDefault(key));
    }

    public ValueTask SetAliasAsync(Alias alias, CancellationToken ct)
    {
        lock (state.Lock)
        {
            state.Aliases[alias.Key] = alias;
            Told(true);
            return ValueTask.CompletedTask;
        }
    }

    public ValueTask<bool> RemoveAliasAsync(string key, CancellationToken ct)
    {
        lock (state.Lock)
            return new(Told(state.Aliases.Remove(key)));
    }

    private MemoryAccount? Find(EmailAddress address) =>
        state.Accounts.Values.FirstOrDefault(a => a.Address == address);

    private bool Told(bool changed)
    {
        if (changed)
            state.Feed.DirectoryChanged();
        return changed;
    }
}
