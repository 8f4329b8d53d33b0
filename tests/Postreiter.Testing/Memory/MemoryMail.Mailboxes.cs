using Postreiter.Storage.Mail;

namespace Postreiter.Testing.Memory;

internal sealed partial class MemoryMail
{
    private const int MostMailboxes = 10_000;

    public ValueTask<IReadOnlyList<Mailbox>> ListMailboxesAsync(long accountId, CancellationToken ct)
    {
        lock (state.Lock)
            return state.Accounts.TryGetValue(accountId, out var account)
                ? new([
                    .. account
                        .Mailboxes.OrderBy(m => m.Name != Mailbox.Inbox)
                        .ThenBy(m => m.Name, StringComparer.Ordinal)
                        .Select(m => m.ToMailbox()),
                ])
                : new([]);
    }

    public ValueTask<Mailbox?> FindMailboxAsync(long accountId, string name, CancellationToken ct)
    {
        lock (state.Lock)
            return new(Account(accountId)?.Find(name)?.ToMailbox());
    }

    public ValueTask<Mailbox?> FindMailboxAsync(long accountId, SpecialUse use, CancellationToken ct)
    {
        lock (state.Lock)
            return new(
                use == SpecialUse.None ? null : Account(accountId)?.Mailboxes.Find(m => m.Use == use)?.ToMailbox()
            );
    }

    public ValueTask<MailboxChange> CreateMailboxAsync(
        long accountId,
        string name,
        SpecialUse use,
        CancellationToken ct
    )
    {
        lock (state.Lock)
        {
            if (Account(accountId) is not { } account)
                return new(MailboxChange.NotFound);
            if (account.Find(name) is not null)
                return new(MailboxChange.AlreadyExists);
            if (use != SpecialUse.None && account.Mailboxes.Exists(m => m.Use == use))
                return new(MailboxChange.NotAllowed);
            var parents = MissingParents(account, name);
            if (account.Mailboxes.Count + parents.Count + 1 > MostMailboxes)
                return new(MailboxChange.TooMany);
            foreach (var parent in parents)
                state.AddMailbox(account, parent, SpecialUse.None, subscribed: false);
            state.AddMailbox(account, name, use, subscribed: false);
            state.Feed.AccountChanged(accountId);
            return new(MailboxChange.Done);
        }
    }

    public ValueTask<MailboxChange> RenameMailboxAsync(long accountId, string from, string to, CancellationToken ct)
    {
        lock (state.Lock)
        {
            if (Account(accountId) is not { } account || account.Find(from) is not { } box)
                return new(MailboxChange.NotFound);
            if (account.Find(to) is not null)
                return new(MailboxChange.AlreadyExists);
            var isInbox = box.Name == Mailbox.Inbox;
            if (!isInbox && to.StartsWith(from + Mailbox.Separator, StringComparison.Ordinal))
                return new(MailboxChange.NotAllowed);
            var parents = MissingParents(account, to);
            if (account.Mailboxes.Count + parents.Count + (isInbox ? 1 : 0) > MostMailboxes)
                return new(MailboxChange.TooMany);
            foreach (var parent in parents)
                state.AddMailbox(account, parent, SpecialUse.None, subscribed: false);

            if (isInbox)
            {
                var target = state.AddMailbox(account, to, SpecialUse.None, subscribed: false);
                Transfer(box, [.. box.Messages.Values], target, move: true);
            }
            else
            {
                var children = account.Mailboxes.Where(m => m.Name.StartsWith(from + "/", StringComparison.Ordinal));
                foreach (var moved in children.Append(box).OrderBy(m => m.Id).ToList())
                    Rename(moved, to + moved.Name[from.Length..]);
            }

            state.Feed.AccountChanged(accountId);
            return new(MailboxChange.Done);
        }
    }

    public ValueTask<MailboxChange> DeleteMailboxAsync(long accountId, string name, CancellationToken ct)
    {
        lock (state.Lock)
        {
            if (Account(accountId) is not { } account || account.Find(name) is not { } box)
                return new(MailboxChange.NotFound);
            if (box.Name == Mailbox.Inbox)
                return new(MailboxChange.NotAllowed);
            if (account.Mailboxes.Exists(m => m.Name.StartsWith(name + "/", StringComparison.Ordinal)))
                return new(MailboxChange.HasChildren);
            foreach (var message in box.Messages.Values)
                box.Keep(state, message);
            account.Used -= box.Messages.Values.Sum(m => m.Row.Size);
            account.Mailboxes.Remove(box);
            Forget(box);
            state.Feed.AccountChanged(accountId);
            return new(MailboxChange.Done);
        }
    }

    public ValueTask<MailboxChange> SubscribeAsync(long accountId, string name, bool subscribed, CancellationToken ct)
    {
        lock (state.Lock)
        {
            if (Account(accountId)?.Find(name) is not { } box)
                return new(MailboxChange.NotFound);
            box.Subscribed = subscribed;
            state.Feed.AccountChanged(accountId);
            return new(MailboxChange.Done);
        }
    }

    private void Rename(MemoryMailbox box, string name)
    {
        Forget(box);
        box.Name = name;
        // RFC 9051 §2.3.1.1: under one name UIDVALIDITY only grows, also when the mailbox came from elsewhere.
        if (box.Account.OldNames.TryGetValue(name, out var old) && old > box.UidValidity)
            box.UidValidity = state.NextUidValidity();
    }

    private static void Forget(MemoryMailbox box) =>
        box.Account.OldNames[box.Name] = Math.Max(box.UidValidity, box.Account.OldNames.GetValueOrDefault(box.Name));

    private static List<string> MissingParents(MemoryAccount account, string name) =>
        MissingLevels(account, [name[..Math.Max(0, name.LastIndexOf(Mailbox.Separator))]]);

    private static List<string> MissingLevels(MemoryAccount account, IEnumerable<string> names)
    {
        var missing = new List<string>();
        foreach (var name in names.Where(n => n.Length > 0))
        {
            var levels = name.Split(Mailbox.Separator);
            for (var i = 1; i <= levels.Length; i++)
            {
                var level = string.Join(Mailbox.Separator, levels.Take(i));
                if (account.Find(level) is null && !missing.Contains(level))
                    missing.Add(level);
            }
        }

        return missing;
    }

    private MemoryAccount? Account(long id) => state.Accounts.GetValueOrDefault(id);
}
