using Postreiter.Storage.Mail;

namespace Postreiter.Storage.Sql.Sqlite;

internal sealed partial class SqliteMail
{
    // L25
    private const int MostMailboxes = 10_000;

    public ValueTask<IReadOnlyList<Mailbox>> ListMailboxesAsync(long accountId, CancellationToken ct) =>
        new(store.Read(s => MailboxRows.List(s, accountId)));

    public ValueTask<Mailbox?> FindMailboxAsync(long accountId, string name, CancellationToken ct) =>
        new(store.Read(s => MailboxRows.Find(s, accountId, name)));

    public ValueTask<Mailbox?> FindMailboxAsync(long accountId, SpecialUse use, CancellationToken ct) =>
        new(use == SpecialUse.None ? null : store.Read(s => MailboxRows.Find(s, accountId, use)));

    public ValueTask<MailboxChange> CreateMailboxAsync(
        long accountId,
        string name,
        SpecialUse use,
        CancellationToken ct
    ) =>
        store.WriteAsync(
            scope =>
            {
                var s = scope.Session;
                if (s.Scalar("SELECT 1 FROM accounts WHERE id = $0", accountId) is null)
                    return MailboxChange.NotFound;
                if (MailboxRows.Find(s, accountId, name) is not null)
                    return MailboxChange.AlreadyExists;
                if (use != SpecialUse.None && MailboxRows.Find(s, accountId, use) is not null)
                    return MailboxChange.NotAllowed;
                if (!AddParents(scope, accountId, name, more: 1))
                    return MailboxChange.TooMany;
                MailboxRows.Add(scope, accountId, name, use, subscribed: false);
                scope.AccountChanged(accountId);
                return MailboxChange.Done;
            },
            ct
        );

    public ValueTask<MailboxChange> RenameMailboxAsync(long accountId, string from, string to, CancellationToken ct) =>
        store.WriteAsync(
            scope =>
            {
                var s = scope.Session;
                if (MailboxRows.Find(s, accountId, from) is not { } box)
                    return MailboxChange.NotFound;
                if (MailboxRows.Find(s, accountId, to) is not null)
                    return MailboxChange.AlreadyExists;
                var isInbox = box.Name == Mailbox.Inbox;
                if (!isInbox && to.StartsWith(from + Mailbox.Separator, StringComparison.Ordinal))
                    return MailboxChange.NotAllowed;
                if (!AddParents(scope, accountId, to, more: isInbox ? 1 : 0))
                    return MailboxChange.TooMany;
                scope.AccountChanged(accountId);
                if (isInbox)
                {
                    // RFC 9051 §6.3.6: its messages move, INBOX itself stays.
                    var target = MailboxRows.Add(scope, accountId, to, SpecialUse.None, subscribed: false);
                    MessageRows.Transfer(scope, box, MessageRows.List(s, box.Id, [UidRange.All]), target, move: true);
                    return MailboxChange.Done;
                }

                foreach (var moved in MailboxRows.List(s, accountId).OrderBy(m => m.Id))
                {
                    if (moved.Id == box.Id || moved.Name.StartsWith(from + "/", StringComparison.Ordinal))
                        Rename(scope, moved, to + moved.Name[from.Length..]);
                }

                return MailboxChange.Done;
            },
            ct
        );

    public ValueTask<MailboxChange> DeleteMailboxAsync(long accountId, string name, CancellationToken ct) =>
        store.WriteAsync(
            scope =>
            {
                var s = scope.Session;
                if (MailboxRows.Find(s, accountId, name) is not { } box)
                    return MailboxChange.NotFound;
                if (box.Name == Mailbox.Inbox)
                    return MailboxChange.NotAllowed;
                // "0" comes right after "/".
                var child = s.Scalar(
                    "SELECT 1 FROM mailboxes WHERE account_id = $0 AND name >= $1 AND name < $2 LIMIT 1",
                    accountId,
                    name + "/",
                    name + "0"
                );
                if (child is not null)
                    return MailboxChange.HasChildren;
                MailboxRows.Forget(s, box);
                MailboxRows.Remove(scope, box, keep: true);
                scope.AccountChanged(accountId);
                return MailboxChange.Done;
            },
            ct
        );

    public ValueTask<MailboxChange> SubscribeAsync(
        long accountId,
        string name,
        bool subscribed,
        CancellationToken ct
    ) =>
        store.WriteAsync(
            scope =>
            {
                var s = scope.Session;
                if (MailboxRows.Find(s, accountId, name) is not { } box)
                    return MailboxChange.NotFound;
                s.Run("UPDATE mailboxes SET subscribed = $1 WHERE id = $0", box.Id, subscribed);
                scope.AccountChanged(accountId);
                return MailboxChange.Done;
            },
            ct
        );

    private static void Rename(WriteScope scope, Mailbox box, string name)
    {
        var s = scope.Session;
        MailboxRows.Forget(s, box);
        var old = s.Integer(
            "SELECT uid_validity FROM old_names WHERE account_id = $0 AND name = $1",
            box.AccountId,
            name
        );
        // RFC 9051 §2.3.1.1: under one name UIDVALIDITY only grows, also when the mailbox came from elsewhere.
        var validity = old > box.UidValidity ? scope.NextUidValidity() : box.UidValidity;
        s.Run("UPDATE mailboxes SET name = $1, uid_validity = $2 WHERE id = $0", box.Id, name, (long)validity);
    }

    private static bool AddParents(WriteScope scope, long accountId, string name, int more)
    {
        var missing = MissingLevels(scope.Session, accountId, [ParentOf(name)]);
        if (!HasRoom(scope.Session, accountId, missing.Count + more))
            return false;
        foreach (var parent in missing)
            MailboxRows.Add(scope, accountId, parent, SpecialUse.None, subscribed: false);
        return true;
    }

    private static string ParentOf(string name) => name[..Math.Max(0, name.LastIndexOf(Mailbox.Separator))];

    /// <summary>Names that are not mailboxes yet, of these and of their parents; parents before children.</summary>
    internal static List<string> MissingLevels(SqlSession s, long accountId, IEnumerable<string> names)
    {
        var missing = new List<string>();
        foreach (var name in names.Where(n => n.Length > 0))
        {
            for (var at = name.IndexOf('/', 1); ; at = name.IndexOf('/', at + 1))
            {
                var level = at < 0 ? name : name[..at];
                if (!missing.Contains(level, StringComparer.Ordinal) && MailboxRows.Find(s, accountId, level) is null)
                    missing.Add(level);
                if (at < 0)
                    break;
            }
        }

        return missing;
    }

    internal static bool HasRoom(SqlSession s, long accountId, int more) =>
        s.Integer("SELECT count(*) FROM mailboxes WHERE account_id = $0", accountId) + more <= MostMailboxes;
}
