using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Commands;

/// <summary>SELECT and EXAMINE (RFC 9051 §6.3.2, §6.3.3).</summary>
internal sealed class SelectCommand(string name, bool isReadOnly) : IImapCommand
{
    public string Name => name;

    public ImapStates AllowedIn => ImapStates.LoggedIn;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.TrySpace() || !MailboxName.TryRead(args, session, out var mailbox, out var given) || !args.AtEnd)
            return ImapReply.Syntax;
        // RFC 9051 §6.3.2: the old mailbox is left also when the new one cannot be opened.
        session.CloseSelected();
        // Listening starts before the snapshot, so that no change falls between the two.
        var changes = session.Store.Changes.SubscribeToAccount(session.AccountId);
        MailboxChanges? opened = null;
        try
        {
            if (await session.Store.Mail.FindMailboxAsync(session.AccountId, mailbox, ct) is { } found)
                opened = await session.Recent.OpenAsync(session.Store.Mail, found.Id, ct);
        }
        finally
        {
            if (opened is null)
                changes.Dispose();
        }

        if (opened is null)
            return ImapReply.NoMailbox;
        session.Select(new SelectedMailbox(opened, isReadOnly, changes));
        Tell(session, opened);
        if (session.IsRev2)
        {
            // RFC 9051 §6.3.2: with the name that the client wrote, when it is not the one we keep.
            var attributes = opened.Mailbox.Use == SpecialUse.None ? "" : $"\\{opened.Mailbox.Use}";
            if (!MailboxResponses.OldName(session, given, mailbox, attributes))
                MailboxResponses.List(session, "LIST", attributes, opened.Mailbox.Name);
        }

        return ImapReply.Ok("Selected", isReadOnly ? "READ-ONLY" : "READ-WRITE");
    }

    private void Tell(ImapSession session, MailboxChanges opened)
    {
        var writer = session.Writer;
        var keywords = KeywordCensus.Of(opened.Entries);
        writer.Raw("* FLAGS "u8).Flags(MailboxResponses.Flags(keywords)).Crlf();
        if (isReadOnly)
            writer.Raw("* OK [PERMANENTFLAGS ()] None can be changed\r\n"u8);
        else
            MailboxResponses.PermanentFlags(writer, keywords);
        writer.Raw("* "u8).Number(opened.Entries.Count).Raw(" EXISTS\r\n"u8);
        if (!session.IsRev2)
            TellRev1(writer, opened);
        writer.Raw("* OK [UIDVALIDITY "u8).Number(opened.Mailbox.UidValidity).Raw("] Valid\r\n"u8);
        writer.Raw("* OK [UIDNEXT "u8).Number(opened.Mailbox.UidNext).Raw("] Next\r\n"u8);
    }

    /// <summary>What RFC 3501 §6.3.1 has and RFC 9051 no longer.</summary>
    private static void TellRev1(ImapWriter writer, MailboxChanges opened)
    {
        // Deviation: RFC 3501 §2.3.2. \Recent is never set: which session saw a message first is no use to anybody but mail
        // notifiers of old, and costs a write for each SELECT. RFC 9051 has done away with it.
        writer.Raw("* 0 RECENT\r\n"u8);
        for (var i = 0; i < opened.Entries.Count; i++)
        {
            if (opened.Entries[i].Flags.Has(SystemFlags.Seen))
                continue;
            writer.Raw("* OK [UNSEEN "u8).Number(i + 1).Raw("] First unseen\r\n"u8);
            return;
        }
    }
}
