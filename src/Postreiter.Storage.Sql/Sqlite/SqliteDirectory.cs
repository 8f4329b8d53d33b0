using Postreiter.Core;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Mail;

namespace Postreiter.Storage.Sql.Sqlite;

internal sealed class SqliteDirectory(SqliteStore store) : IDirectoryStore
{
    private const string AccountColumns =
        "id, address, hash, salt, iterations, stored_key, server_key, quota, used, quota_messages, used_messages, created";

    public ValueTask<IReadOnlyList<DomainName>> ListDomainsAsync(CancellationToken ct) =>
        new(
            store.Read(s => s.List("SELECT name FROM domains", r => DomainName.Parse(r.GetString(0))).Order().ToArray())
        );

    public ValueTask<bool> IsLocalDomainAsync(DomainName domain, CancellationToken ct) =>
        new(store.Read(s => s.Scalar("SELECT 1 FROM domains WHERE name = $0", domain.Ascii) is not null));

    public ValueTask<bool> AddDomainAsync(DomainName domain, CancellationToken ct) =>
        ChangeAsync(s => s.Run("INSERT INTO domains VALUES($0) ON CONFLICT DO NOTHING", domain.Ascii) > 0, ct);

    public ValueTask<RemoveDomainResult> RemoveDomainAsync(DomainName domain, CancellationToken ct) =>
        store.WriteAsync(
            scope =>
            {
                var s = scope.Session;
                if (s.Scalar("SELECT 1 FROM domains WHERE name = $0", domain.Ascii) is null)
                    return RemoveDomainResult.NotFound;
                var end = "@" + domain.Ascii;
                if (
                    s.Scalar("SELECT 1 FROM accounts WHERE domain = $0 LIMIT 1", domain.Ascii) is not null
                    || s.Scalar("SELECT 1 FROM aliases WHERE substr(key, -length($0)) = $0 LIMIT 1", end) is not null
                )
                    return RemoveDomainResult.InUse;
                s.Run("DELETE FROM dkim_keys WHERE domain = $0", domain.Ascii);
                SqliteLists.Drop(scope, domain.Ascii);
                s.Run("DELETE FROM domains WHERE name = $0", domain.Ascii);
                scope.DirectoryChanged();
                return RemoveDomainResult.Removed;
            },
            ct
        );

    public ValueTask<IReadOnlyList<Account>> ListAccountsAsync(CancellationToken ct) =>
        new(store.Read(s => s.List($"SELECT {AccountColumns} FROM accounts ORDER BY key", ReadAccount)));

    public ValueTask<Account?> FindAccountAsync(EmailAddress address, CancellationToken ct) =>
        new(store.Read(s => Find(s, address)));

    public ValueTask<Account?> AddAccountAsync(NewAccount account, CancellationToken ct) =>
        store.WriteAsync(
            scope =>
            {
                var s = scope.Session;
                var key = account.Address.Key;
                if (s.Scalar("SELECT 1 FROM aliases WHERE key = $0", key) is not null)
                    return null;
                var (secret, now) = (account.Credentials, scope.Time.GetUtcNow().UtcTicks);
                var added = s.Run(
                    """
                    INSERT INTO accounts(key, address, domain, hash, salt, iterations, stored_key, server_key, quota,
                        quota_messages, used, modseq, created) VALUES($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 1, $10)
                    ON CONFLICT DO NOTHING
                    """,
                    key,
                    account.Address.ToString(),
                    account.Address.Domain.Ascii,
                    secret.PasswordHash,
                    secret.Scram.Salt,
                    secret.Scram.Iterations,
                    secret.Scram.StoredKey,
                    secret.Scram.ServerKey,
                    account.QuotaBytes,
                    account.QuotaMessages,
                    now
                );
                if (added == 0)
                    return null;
                var made = Find(s, account.Address)!;
                MailboxRows.Add(scope, made.Id, Mailbox.Inbox, SpecialUse.None, subscribed: true);
                foreach (var use in Enum.GetValues<SpecialUse>().Where(u => u != SpecialUse.None))
                    MailboxRows.Add(scope, made.Id, use.ToString(), use, subscribed: true);
                scope.DirectoryChanged();
                return made;
            },
            ct
        );

    public ValueTask<bool> SetCredentialsAsync(EmailAddress address, Credentials credentials, CancellationToken ct) =>
        ChangeAsync(
            s =>
                s.Run(
                    """
                    UPDATE accounts SET hash = $1, salt = $2, iterations = $3, stored_key = $4, server_key = $5
                    WHERE key = $0
                    """,
                    address.Key,
                    credentials.PasswordHash,
                    credentials.Scram.Salt,
                    credentials.Scram.Iterations,
                    credentials.Scram.StoredKey,
                    credentials.Scram.ServerKey
                ) > 0,
            ct
        );

    public ValueTask<bool> SetQuotaAsync(EmailAddress address, long? bytes, long? messages, CancellationToken ct) =>
        ChangeAsync(
            s =>
                s.Run(
                    """
                    UPDATE accounts SET quota = ifnull($1, quota), quota_messages = ifnull($2, quota_messages)
                    WHERE key = $0
                    """,
                    address.Key,
                    bytes,
                    messages
                ) > 0,
            ct
        );

    public ValueTask<bool> RemoveAccountAsync(EmailAddress address, CancellationToken ct) =>
        store.WriteAsync(
            scope =>
            {
                var s = scope.Session;
                if (Find(s, address) is not { } account)
                    return false;
                foreach (var box in MailboxRows.List(s, account.Id))
                    MailboxRows.Remove(scope, box, keep: false);
                KeptRows.Drop(scope, account.Id);
                QuarantineRows.Drop(scope, "account_id = $0", account.Id);
                s.Run("DELETE FROM old_names WHERE account_id = $0", account.Id);
                SqliteLearning.Drop(s, account.Id);
                SqliteLists.Drop(scope, account.Address.Key);
                s.Run("DELETE FROM accounts WHERE id = $0", account.Id);
                scope.AccountChanged(account.Id);
                scope.DirectoryChanged();
                return true;
            },
            ct
        );

    public ValueTask<IReadOnlyList<Alias>> ListAliasesAsync(CancellationToken ct) =>
        new(store.Read(s => s.List("SELECT key, targets FROM aliases ORDER BY key", ReadAlias)));

    public ValueTask<Alias?> FindAliasAsync(string key, CancellationToken ct) =>
        new(store.Read(s => s.First("SELECT key, targets FROM aliases WHERE key = $0", ReadAlias, key)));

    public async ValueTask SetAliasAsync(Alias alias, CancellationToken ct) =>
        await ChangeAsync(
            s => s.Run("REPLACE INTO aliases VALUES($0, $1)", alias.Key, string.Join('\n', alias.Targets)) > 0,
            ct
        );

    public ValueTask<bool> RemoveAliasAsync(string key, CancellationToken ct) =>
        ChangeAsync(s => s.Run("DELETE FROM aliases WHERE key = $0", key) > 0, ct);

    private ValueTask<bool> ChangeAsync(Func<SqlSession, bool> change, CancellationToken ct) =>
        store.WriteAsync(
            scope =>
            {
                var changed = change(scope.Session);
                if (changed)
                    scope.DirectoryChanged();
                return changed;
            },
            ct
        );

    private static Account? Find(SqlSession session, EmailAddress address) =>
        session.First($"SELECT {AccountColumns} FROM accounts WHERE key = $0", ReadAccount, address.Key);

    private static Account ReadAccount(SqlStatement r) =>
        new(
            r.GetInt64(0),
            EmailAddress.Parse(r.GetString(1)),
            new Credentials(r.GetString(2), new ScramKeys(r.GetBytes(3), r.GetInt32(4), r.GetBytes(5), r.GetBytes(6))),
            r.GetInt64(7),
            r.GetInt64(8),
            r.GetInt64(9),
            r.GetInt64(10),
            new DateTimeOffset(r.GetInt64(11), TimeSpan.Zero)
        );

    // An address has no line end in it.
    private static Alias ReadAlias(SqlStatement r) =>
        new(r.GetString(0), [.. r.GetString(1).Split('\n').Select(EmailAddress.Parse)]);
}
