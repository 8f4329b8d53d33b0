using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Commands;

/// <summary>Mailbox names on the wire: modified UTF-7, UTF-8 after ENABLE IMAP4rev2 or UTF8=ACCEPT (RFC 9051 §5.1).</summary>
internal static class MailboxName
{
    public static readonly ImapReply Refused = ImapReply.No("Not a name for a mailbox", "CANNOT");
    private const int MaxBytes = 1000;
    private const int MaxLevelBytes = 255;
    private const int MaxDepth = 16;

    /// <summary>Reads a name, normalised: NFC, INBOX in capitals.</summary>
    public static bool TryRead(ImapReader args, ImapSession session, out string name) =>
        TryRead(args, session, out name, out _);

    /// <summary>Reads a name, and gives it as the client wrote it, too.</summary>
    public static bool TryRead(ImapReader args, ImapSession session, out string name, out string given)
    {
        name = given = "";
        return args.TryAstring(out var bytes) && TryDecode(bytes, session, out name, out given);
    }

    /// <summary>Reads a name's bytes.</summary>
    public static bool TryDecode(byte[] bytes, ImapSession session, out string name) =>
        TryDecode(bytes, session, out name, out _);

    private static bool TryDecode(byte[] bytes, ImapSession session, out string name, out string given)
    {
        given = "";
        if (!session.UsesUtf8)
        {
            if (!ModifiedUtf7.TryDecode(bytes, out name))
                return false;
        }
        else if (System.Text.Unicode.Utf8.IsValid(bytes))
            name = System.Text.Encoding.UTF8.GetString(bytes);
        else
        {
            name = "";
            return false;
        }

        // Lone surrogates can come out of UTF-7; they have no normal form.
        if (name.EnumerateRunes().Any(r => r.Value == 0xFFFD))
            return false;
        given = name;
        name = name.Normalize();
        if (name.Equals(Mailbox.Inbox, StringComparison.OrdinalIgnoreCase))
            name = Mailbox.Inbox;
        else if (name.StartsWith("INBOX/", StringComparison.OrdinalIgnoreCase))
            name = Mailbox.Inbox + name[5..];
        return true;
    }

    /// <summary>Whether a mailbox may get this name (L25): no wildcards, controls or line ends of any kind (RFC 9051 §5.1).</summary>
    public static bool IsGood(string name) =>
        !IsTooLong(name)
        && Array.TrueForAll(name.Split(Mailbox.Separator), static level => level.Length > 0)
        && !name.Any(static c => char.IsControl(c) || c is '*' or '%' or '\u2028' or '\u2029');

    /// <summary>The answer when the name of a mailbox to be made is not good.</summary>
    public static ImapReply Refuse(ImapSession session, string name)
    {
        if (IsTooLong(name))
            session.Meet("L25");
        return Refused;
    }

    /// <summary>The answer when a target is not there: TRYCREATE only if it could be made (RFC 9051 §6.3.12).</summary>
    public static ImapReply NoTarget(string name) => IsGood(name) ? ImapReply.NoTarget : ImapReply.NoMailbox;

    private static bool IsTooLong(string name)
    {
        var levels = name.Split(Mailbox.Separator);
        return levels.Length > MaxDepth
            || System.Text.Encoding.UTF8.GetByteCount(name) > MaxBytes
            || Array.Exists(levels, static level => System.Text.Encoding.UTF8.GetByteCount(level) > MaxLevelBytes);
    }

    /// <summary>Writes a name.</summary>
    public static void Write(ImapWriter writer, ImapSession session, string name) =>
        writer.String(session.UsesUtf8 ? name : ModifiedUtf7.Encode(name), session.UsesUtf8);

    /// <summary>The answer to a change of mailboxes.</summary>
    public static ImapReply Answer(ImapSession session, MailboxChange change)
    {
        if (change == MailboxChange.TooMany)
            session.Meet("L25");
        return change switch
        {
            MailboxChange.Done => ImapReply.Ok("Done"),
            MailboxChange.AlreadyExists => ImapReply.No("The name is taken", "ALREADYEXISTS"),
            MailboxChange.NotFound => ImapReply.NoMailbox,
            MailboxChange.HasChildren => ImapReply.No("It has children", "HASCHILDREN"),
            MailboxChange.TooMany => ImapReply.No("Too many mailboxes", "LIMIT"),
            _ => ImapReply.No("That cannot be done with it", "CANNOT"),
        };
    }
}
