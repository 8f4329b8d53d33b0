using Postreiter.Storage.Mail;

namespace Postreiter.Testing.Memory;

internal sealed partial class MemoryMail
{
    public ValueTask<IReadOnlyList<KeptMessage>> ListKeptAsync(
        long accountId,
        KeptSelection selection,
        long afterId,
        int most,
        CancellationToken ct
    )
    {
        lock (state.Lock)
            return new([
                .. Kept(accountId, selection)
                    .Where(k => k.Id > afterId)
                    .Take(most)
                    .Select(k => new KeptMessage(
                        k.Id,
                        k.Mailbox,
                        k.Removed,
                        k.Message.Row.Flags,
                        k.Message.Row.InternalDate,
                        k.Message.Row.Size
                    )),
            ]);
    }

    public ValueTask<UndeleteResult> UndeleteAsync(
        long accountId,
        KeptSelection selection,
        int most,
        CancellationToken ct
    )
    {
        lock (state.Lock)
        {
            var kept = Kept(accountId, selection).Take(most).ToList();
            if (Account(accountId) is not { } account || kept.Count == 0)
                return new(new UndeleteResult(UndeleteStatus.Done, 0));
            var missing = MissingLevels(account, kept.Select(k => k.Mailbox));
            if (account.Mailboxes.Count + missing.Count > MostMailboxes)
                return new(new UndeleteResult(UndeleteStatus.TooManyMailboxes, 0));
            if (!account.Fits(kept.Sum(k => k.Message.Row.Size), kept.Count))
                return new(new UndeleteResult(UndeleteStatus.OverQuota, 0));
            foreach (var name in missing)
                state.AddMailbox(account, name, SpecialUse.None, subscribed: false);
            var modSeq = ++account.ModSeq;
            var change = new FlagChange(FlagChangeKind.Remove, new MessageFlags(SystemFlags.Deleted, []));
            foreach (var entry in kept)
            {
                var row = entry.Message.Row;
                account
                    .Find(entry.Mailbox)!
                    .Add(row with { Flags = row.Flags.After(change) }, entry.Message.Content, modSeq);
                account.Kept.Remove(entry);
            }

            state.Feed.AccountChanged(accountId);
            return new(new UndeleteResult(UndeleteStatus.Done, kept.Count));
        }
    }

    private IEnumerable<MemoryKept> Kept(long accountId, KeptSelection selection)
    {
        var oldest = state.Time.GetUtcNow() - state.Options.Undelete;
        var name = string.Equals(selection.Mailbox, Mailbox.Inbox, StringComparison.OrdinalIgnoreCase)
            ? Mailbox.Inbox
            : selection.Mailbox;
        return (Account(accountId)?.Kept ?? []).Where(k =>
            (name is null || k.Mailbox == name) && k.Removed >= oldest && !(k.Removed < selection.Since)
        );
    }
}
