using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Inbound;
using Postreiter.Delivery.Lists;
using Postreiter.MailAuth.Dkim;
using Postreiter.MailAuth.Dmarc;
using Postreiter.MailAuth.Spf;
using Postreiter.Smtp.Server;
using Postreiter.Storage;
using Postreiter.Storage.Lists;

namespace Postreiter.Delivery.Gate;

/// <content>Whose mail is wanted, by the site, a domain or an account.</content>
public sealed partial class ReceptionGate
{
    /// <summary>The check's name where an account has written to the sender.</summary>
    public const string CorrespondentCheck = "correspondent";

    private const string ThresholdCheck = "threshold";

    private static readonly SmtpReply ListsDown = new(451, "4.3.0", "Temporary failure, try again later");

    /// <summary>The lists of the store; null for none.</summary>
    public StoredLists? Stored { get; init; }

    /// <summary>As <see cref="FindReadersAsync"/>; false where the lists cannot be read: no mail passes them unseen (P14).</summary>
    private async ValueTask<bool> TryFindReadersAsync(
        SmtpPeer peer,
        GateSession session,
        GateTransaction transaction,
        EmailAddress recipient,
        Resolution? target,
        SpfResult? spf,
        CancellationToken ct
    )
    {
        try
        {
            await FindReadersAsync(peer, session, transaction, recipient, target, spf, ct);
            return true;
        }
        catch (StoreException e)
        {
            LogListsDown(e, peer.ConnectionId);
            return false;
        }
    }

    /// <summary>Who gets the message by a recipient, with what is known before it comes.</summary>
    /// <exception cref="StoreException">The lists cannot be read.</exception>
    private async ValueTask FindReadersAsync(
        SmtpPeer peer,
        GateSession session,
        GateTransaction transaction,
        EmailAddress recipient,
        Resolution? target,
        SpfResult? spf,
        CancellationToken ct
    )
    {
        // RCPT may come twice, and an entry counts once.
        if (transaction.Readers.Of(recipient).Count > 0)
            return;
        var key = recipient.Key;
        var site = await FindAsync(IListStore.Site, "here");
        var domain = await FindAsync(recipient.Domain.Ascii, $"at {recipient.Domain.Ascii}");
        // The store has lists of accounts: what a stranger puts behind a plus sign asks it for nothing, and fills no memory.
        var isAccount = target?.Accounts.Any(a => a.Address.Key == key) == true;
        var named = await FindAsync(key, $"by {key}", isAccount);
        var readers = new List<Reader>();
        foreach (var account in target?.Accounts ?? [])
        {
            var own =
                account.Address.Key == key ? named : await FindAsync(account.Address.Key, $"by {account.Address.Key}");
            readers.Add(
                new Reader(recipient, account)
                {
                    Scopes = own == named ? [site, domain, named] : [site, domain, named, own],
                    Threshold = own.Threshold ?? domain.Threshold,
                }
            );
        }

        if (readers.Count == 0 || target is { Remote.Count: > 0 })
            readers.Add(new Reader(recipient, null) { Scopes = [site, domain, named], Threshold = domain.Threshold });
        transaction.Readers.Add(recipient, readers);
        foreach (var reader in readers)
        {
            Note(transaction, reader, site);
            if (reader.Threshold is { } threshold)
                transaction.Note(
                    Label(transaction, reader),
                    new CheckRecord(
                        ThresholdCheck,
                        "own",
                        0,
                        0,
                        FormattableString.Invariant($"mail is spam from {threshold:0.###} points on")
                    )
                );
        }

        async ValueTask<ScopeFinding> FindAsync(string scope, string whose, bool isStored = true)
        {
            // An account of that name may be meant by another recipient.
            var name = isStored ? scope : $"<{scope}>";
            if (transaction.Scopes.TryGetValue(name, out var known))
                return known;
            var stored = Stored is null || !isStored ? ListedScope.Empty : await Stored.FindAsync(scope, ct);
            var found = new ScopeFinding(whose, session.Options.Lists.Find(scope), stored);
            // Our own hosts are not looked at; thresholds hold for their mail too.
            if (session.IsChecked)
                found.Envelope(peer.Address, transaction.Mail?.ReversePath, spf);
            transaction.Scopes.Add(name, found);
            return found;
        }
    }

    /// <summary>The message is whole: its authors count too, and whom they have heard from.</summary>
    /// <param name="peer">Who brought it.</param>
    /// <param name="envelope">For whom.</param>
    /// <param name="authors">The addresses of its From field.</param>
    /// <param name="verdict">What is known of its sender.</param>
    /// <returns>Who gets it; null where nobody is known.</returns>
    internal Readers? ReadersOf(
        SmtpPeer peer,
        SmtpEnvelope envelope,
        IReadOnlyList<EmailAddress> authors,
        SenderVerdict? verdict
    )
    {
        if (Session(peer) is not { Transaction: { } transaction } session)
            return null;
        if (!session.IsChecked)
            return transaction.Readers;
        var isVouchedFor = LookAtAuthors(transaction, authors, verdict);
        transaction.Scopes.TryGetValue(IListStore.Site, out var site);
        foreach (var reader in transaction.Readers.Of(envelope))
        {
            Note(transaction, reader, site);
            reader.IsBackscatter = transaction.IsBackscatterFor(reader);
            if (reader.IsBackscatter && session.Options.OnBackscatter == FailurePolicy.Reject)
                reader.Refusal = NotOurMail;
            if (session.Options.Welcome < 0)
                Welcome(session, transaction, reader, verdict, isVouchedFor ? authors[0] : null);
        }

        return transaction.Readers;
    }

    /// <summary>What the lists say of the authors; the same when it is asked again.</summary>
    /// <returns>Whether anything vouches for the only author.</returns>
    private static bool LookAtAuthors(
        GateTransaction transaction,
        IReadOnlyList<EmailAddress> authors,
        SenderVerdict? verdict
    )
    {
        var isVouchedFor = authors.Count == 1 && verdict is not null && IsVouchedFor(authors[0].Domain, verdict);
        foreach (var scope in transaction.Scopes.Values)
        {
            foreach (var author in authors)
                scope.Author(author, isVouchedFor);
        }

        return isVouchedFor;
    }

    // A domain without a DMARC policy vouches for its authors all the same, and for those below it; the one below speaks for nobody above.
    private static bool IsVouchedFor(DomainName author, SenderVerdict verdict)
    {
        if (verdict.Dmarc.Result is not (DmarcResult.Pass or DmarcResult.None))
            return false;
        var vouching = verdict
            .Dkim.Where(static d => d.Result == DkimResult.Pass)
            .Select(static d => d.Domain.ToLowerInvariant())
            .ToHashSet(StringComparer.Ordinal);
        if (verdict.Spf.Result == SpfResult.Pass)
            vouching.Add(verdict.Spf.Domain.ToLowerInvariant());
        return verdict.Dmarc.Result == DmarcResult.Pass || author.FindInOrAbove(vouching) is not null;
    }

    private void Welcome(
        GateSession session,
        GateTransaction transaction,
        Reader reader,
        SenderVerdict? verdict,
        EmailAddress? author
    )
    {
        if (reader.Account is not { } account)
            return;
        var sender = verdict?.Spf.Result == SpfResult.Pass ? transaction.Mail?.ReversePath : null;
        foreach (var address in new[] { sender, author })
        {
            if (address is not { } known || !greylist.IsCorrespondent(account.Address, known))
                continue;
            var record = new CheckRecord(
                CorrespondentCheck,
                "welcome",
                session.Options.Welcome,
                0,
                $"{account.Address.Key} has written to {known.Key}"
            );
            reader.Add(record, isOwn: true);
            transaction.Note(Label(transaction, reader), record);
            return;
        }
    }

    private static void Note(GateTransaction transaction, Reader reader, ScopeFinding? site)
    {
        foreach (var scope in reader.Scopes)
        {
            foreach (var record in scope.Records)
            {
                if (reader.Add(record, isOwn: scope != site))
                    transaction.Note(scope == site ? null : Label(transaction, reader), record);
            }
        }
    }

    // Of an alias with several readers each has a line of its own.
    private static string Label(GateTransaction transaction, Reader reader) =>
        reader.Account is { } account && transaction.Readers.Of(reader.Recipient).Count > 1
            ? account.Address.ToString()
            : reader.Recipient.ToString();

    [LoggerMessage(Level = LogLevel.Error, Message = "{Connection}: the lists of senders cannot be read")]
    private partial void LogListsDown(StoreException e, string connection);
}
