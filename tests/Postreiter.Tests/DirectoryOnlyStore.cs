using System.Collections.Concurrent;
using Postreiter.Core;
using Postreiter.Hosting;
using Postreiter.Messages;
using Postreiter.Settings;
using Postreiter.Storage;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Queue;

namespace Postreiter.Tests;

/// <summary>
/// A store of domains, accounts and aliases in memory, for tests of the program's own commands; mail and queue are not
/// there. What is put in stays for the next opening by the same opener.
/// </summary>
internal sealed class DirectoryOnlyStore : IStore, IDirectoryStore, IStoreOpener
{
    private readonly ConcurrentDictionary<string, DomainName> _domains = new();
    private readonly ConcurrentDictionary<string, Account> _accounts = new();
    private readonly ConcurrentDictionary<string, Alias> _aliases = new();
    private long _lastId;

    /// <summary>Makes every question to the directory fail.</summary>
    public bool IsDown { get; set; }

    /// <summary>Openings that were not closed yet.</summary>
    public int Open { get; private set; }

    public IDirectoryStore Directory =>
        IsDown ? throw new StoreException(StoreFault.Busy, "the directory is down") : this;

    public IMailStore Mail => throw new StoreException(StoreFault.Internal, "no mail here");

    public IQueueStore Queue => throw new StoreException(StoreFault.Internal, "no queue here");

    public IBlobIntake Blobs => throw new StoreException(StoreFault.Internal, "no contents here");

    public IChangeFeed Changes => throw new StoreException(StoreFault.Internal, "no feed here");

    /// <summary>For commands that read no message.</summary>
    public static IMessageScanner NoScanner() => throw new InvalidOperationException("no message is read here");

    public ValueTask<IStore> OpenAsync(DataFolder folder, ServerSettings settings, CancellationToken ct)
    {
        Open++;
        return ValueTask.FromResult<IStore>(this);
    }

    public ValueTask DisposeAsync()
    {
        Open--;
        return ValueTask.CompletedTask;
    }

    public Task<StoreCheckReport> CheckAsync(IProgress<(long Done, long Total)>? progress, CancellationToken ct) =>
        Task.FromResult(
            new StoreCheckReport(_accounts.Count, 0, 0, 0, 0, _accounts.IsEmpty ? ["there is no account"] : [])
        );

    public ValueTask<IReadOnlyList<DomainName>> ListDomainsAsync(CancellationToken ct) =>
        ValueTask.FromResult<IReadOnlyList<DomainName>>([.. _domains.Values.Order()]);

    public ValueTask<bool> IsLocalDomainAsync(DomainName domain, CancellationToken ct) =>
        ValueTask.FromResult(_domains.ContainsKey(domain.Ascii));

    public ValueTask<bool> AddDomainAsync(DomainName domain, CancellationToken ct) =>
        ValueTask.FromResult(_domains.TryAdd(domain.Ascii, domain));

    public ValueTask<RemoveDomainResult> RemoveDomainAsync(DomainName domain, CancellationToken ct) =>
        ValueTask.FromResult(
            _accounts.Values.Any(a => a.Address.Domain == domain) ? RemoveDomainResult.InUse
            : _domains.TryRemove(domain.Ascii, out _) ? RemoveDomainResult.Removed
            : RemoveDomainResult.NotFound
        );

    public ValueTask<IReadOnlyList<Account>> ListAccountsAsync(CancellationToken ct) =>
        ValueTask.FromResult<IReadOnlyList<Account>>([.. _accounts.OrderBy(a => a.Key).Select(a => a.Value)]);

    public ValueTask<Account?> FindAccountAsync(EmailAddress address, CancellationToken ct) =>
        ValueTask.FromResult(_accounts.GetValueOrDefault(address.Key));

    public ValueTask<Account?> AddAccountAsync(NewAccount account, CancellationToken ct)
    {
        var id = Interlocked.Increment(ref _lastId);
        var added = new Account(id, account.Address, account.Credentials, account.QuotaBytes, 0, default);
        return ValueTask.FromResult(_accounts.TryAdd(account.Address.Key, added) ? added : null);
    }

    public ValueTask<bool> SetCredentialsAsync(EmailAddress address, Credentials credentials, CancellationToken ct) =>
        ChangeAsync(address, a => a with { Credentials = credentials });

    public ValueTask<bool> SetQuotaAsync(EmailAddress address, long quotaBytes, CancellationToken ct) =>
        ChangeAsync(address, a => a with { QuotaBytes = quotaBytes });

    public ValueTask<bool> RemoveAccountAsync(EmailAddress address, CancellationToken ct) =>
        ValueTask.FromResult(_accounts.TryRemove(address.Key, out _));

    public ValueTask<IReadOnlyList<Alias>> ListAliasesAsync(CancellationToken ct) =>
        ValueTask.FromResult<IReadOnlyList<Alias>>([.. _aliases.OrderBy(a => a.Key).Select(a => a.Value)]);

    public ValueTask<Alias?> FindAliasAsync(string key, CancellationToken ct) =>
        ValueTask.FromResult(_aliases.GetValueOrDefault(key));

    public ValueTask SetAliasAsync(Alias alias, CancellationToken ct)
    {
        _aliases[alias.Key] = alias;
        return ValueTask.CompletedTask;
    }

    public ValueTask<bool> RemoveAliasAsync(string key, CancellationToken ct) =>
        ValueTask.FromResult(_aliases.TryRemove(key, out _));

    private ValueTask<bool> ChangeAsync(EmailAddress address, Func<Account, Account> change)
    {
        if (!_accounts.TryGetValue(address.Key, out var account))
            return ValueTask.FromResult(false);
        _accounts[address.Key] = change(account);
        return ValueTask.FromResult(true);
    }
}
