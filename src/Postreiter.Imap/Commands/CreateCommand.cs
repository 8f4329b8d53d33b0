using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Commands;

/// <summary>CREATE (RFC 9051 §6.3.4) with USE (RFC 6154 §3).</summary>
internal sealed class CreateCommand : IImapCommand
{
    private const int MaxUses = 10;

    private static readonly ImapReply NoSuchUse = ImapReply.No("That special use cannot be given", "USEATTR");

    public string Name => "CREATE";

    public ImapStates AllowedIn => ImapStates.LoggedIn;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.TrySpace() || !MailboxName.TryRead(args, session, out var mailbox, out var given))
            return ImapReply.Syntax;
        var uses = new List<SpecialUse?>();
        if (!TryParameters(args, uses) || !args.AtEnd)
            return ImapReply.Syntax;
        // RFC 6154 §3: nothing is made when the use cannot be given. A mailbox has one at most.
        if (uses.Count > 1 || uses.Contains(null))
            return NoSuchUse;
        // RFC 9051 §6.3.4: a separator at the end only says that children will come.
        (mailbox, given) = (mailbox.TrimEnd(Mailbox.Separator), given.TrimEnd(Mailbox.Separator));
        if (!MailboxName.IsGood(mailbox))
            return MailboxName.Refuse(session, mailbox);
        var use = uses.Count == 0 ? SpecialUse.None : uses[0].GetValueOrDefault();
        var change = await session.Store.Mail.CreateMailboxAsync(session.AccountId, mailbox, use, ct);
        if (change == MailboxChange.NotAllowed && use != SpecialUse.None)
            return NoSuchUse;
        if (change == MailboxChange.Done)
            MailboxResponses.OldName(session, given, mailbox);
        return MailboxName.Answer(session, change);
    }

    /// <summary><c>[SP "(" "USE" SP "(" [use-attr *(SP use-attr)] ")" ")"]</c>; null is a use that we do not have.</summary>
    private static bool TryParameters(ImapReader args, List<SpecialUse?> uses)
    {
        if (!args.TrySpace())
            return true;
        if (!args.TryOpen() || !args.TryKeyword("USE"u8) || !args.TrySpace() || !args.TryOpen())
            return false;
        for (var count = 0; !args.TryClose(); count++)
        {
            if (count == MaxUses || (count > 0 && !args.TrySpace()) || !args.TryByte((byte)'\\'))
                return false;
            if (!args.TryAtom(out var name))
                return false;
            SpecialUse? use = name.ToUpperInvariant() switch
            {
                "SENT" => SpecialUse.Sent,
                "DRAFTS" => SpecialUse.Drafts,
                "JUNK" => SpecialUse.Junk,
                "TRASH" => SpecialUse.Trash,
                "ARCHIVE" => SpecialUse.Archive,
                _ => null,
            };
            if (!uses.Contains(use))
                uses.Add(use);
        }

        return args.TryClose();
    }
}
