using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Commands;

/// <summary>CREATE, DELETE, SUBSCRIBE and UNSUBSCRIBE (RFC 9051 §6.3.4, §6.3.5, §6.3.7, §6.3.8).</summary>
internal sealed class MailboxCommand(string name) : IImapCommand
{
    public string Name => name;

    public ImapStates AllowedIn => ImapStates.LoggedIn;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.TrySpace() || !MailboxName.TryRead(args, session, out var mailbox) || !args.AtEnd)
            return ImapReply.Syntax;
        var (mail, account) = (session.Store.Mail, session.AccountId);
        if (name == "CREATE")
        {
            // RFC 9051 §6.3.4: a separator at the end only says that children will come.
            mailbox = mailbox.TrimEnd(Mailbox.Separator);
            return MailboxName.IsGood(mailbox)
                ? MailboxName.Answer(await mail.CreateMailboxAsync(account, mailbox, SpecialUse.None, ct))
                : MailboxName.Refused;
        }

        return MailboxName.Answer(
            name == "DELETE"
                ? await mail.DeleteMailboxAsync(account, mailbox, ct)
                : await mail.SubscribeAsync(account, mailbox, name == "SUBSCRIBE", ct)
        );
    }
}

/// <summary>RENAME (RFC 9051 §6.3.6).</summary>
internal sealed class RenameCommand : IImapCommand
{
    public string Name => "RENAME";

    public ImapStates AllowedIn => ImapStates.LoggedIn;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.TrySpace() || !MailboxName.TryRead(args, session, out var from) || !args.TrySpace())
            return ImapReply.Syntax;
        if (!MailboxName.TryRead(args, session, out var to) || !args.AtEnd)
            return ImapReply.Syntax;
        to = to.TrimEnd(Mailbox.Separator);
        return MailboxName.IsGood(to)
            ? MailboxName.Answer(await session.Store.Mail.RenameMailboxAsync(session.AccountId, from, to, ct))
            : MailboxName.Refused;
    }
}

/// <summary>NAMESPACE (RFC 2342): one personal namespace without a prefix.</summary>
internal sealed class NamespaceCommand : IImapCommand
{
    public string Name => "NAMESPACE";

    public ImapStates AllowedIn => ImapStates.LoggedIn;

    public ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.AtEnd)
            return new(ImapReply.Syntax);
        session.Writer.Raw("* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n"u8);
        return new(ImapReply.Ok("Done"));
    }
}

/// <summary>STATUS (RFC 9051 §6.3.11); RECENT for RFC 3501 clients is always 0.</summary>
internal sealed class StatusCommand : IImapCommand
{
    private const int MaxItems = 20;

    public string Name => "STATUS";

    public ImapStates AllowedIn => ImapStates.LoggedIn;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.TrySpace() || !MailboxName.TryRead(args, session, out var name))
            return ImapReply.Syntax;
        if (!args.TrySpace() || !args.TryOpen())
            return ImapReply.Syntax;
        var items = new List<string>();
        do
        {
            if (items.Count == MaxItems || !args.TryAtom(out var item) || !IsItem(item.ToUpperInvariant()))
                return ImapReply.Syntax;
            items.Add(item.ToUpperInvariant());
        } while (args.TrySpace());
        if (!args.TryClose() || !args.AtEnd)
            return ImapReply.Syntax;
        if (await session.Store.Mail.FindMailboxAsync(session.AccountId, name, ct) is not { } box)
            return ImapReply.NoMailbox;
        MailboxName.Write(session.Writer.Raw("* STATUS "u8), session, box.Name);
        for (var i = 0; i < items.Count; i++)
            session.Writer.Raw(i == 0 ? " (" : " ").Raw(items[i]).Raw(" "u8).Number(Value(box, items[i]));
        session.Writer.Raw(")\r\n"u8);
        return ImapReply.Ok("Done");
    }

    private static bool IsItem(string item) =>
        item is "MESSAGES" or "UIDNEXT" or "UIDVALIDITY" or "UNSEEN" or "DELETED" or "SIZE" or "RECENT";

    private static long Value(Mailbox box, string item) =>
        item switch
        {
            "MESSAGES" => box.Messages,
            "UIDNEXT" => box.UidNext,
            "UIDVALIDITY" => box.UidValidity,
            "UNSEEN" => box.Unseen,
            "DELETED" => box.Deleted,
            "SIZE" => box.Size,
            _ => 0,
        };
}
