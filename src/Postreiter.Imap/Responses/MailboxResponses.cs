using Postreiter.Imap.Commands;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Responses;

/// <summary>LIST, LSUB and STATUS responses (RFC 9051 §7.3.1, §7.3.4).</summary>
internal static class MailboxResponses
{
    /// <summary>A LIST or LSUB response.</summary>
    /// <param name="session">Whose writer and form of names.</param>
    /// <param name="command">LIST or LSUB.</param>
    /// <param name="attributes">Separated by spaces.</param>
    /// <param name="name">The mailbox.</param>
    /// <param name="extended">Extended data items in parentheses, or null.</param>
    public static void List(
        ImapSession session,
        string command,
        string attributes,
        string name,
        string? extended = null
    )
    {
        session.Writer.Raw($"* {command} ({attributes}) \"/\" ");
        MailboxName.Write(session.Writer, session, name);
        if (extended is not null)
            session.Writer.Raw(" ("u8).Raw(extended).Raw(")"u8);
        session.Writer.Crlf();
    }

    /// <summary>Tells an IMAP4rev2 client under which name we know a mailbox, if it wrote another one (RFC 9051 §6.3.9.7).</summary>
    /// <param name="session">Whose writer.</param>
    /// <param name="given">The name as it came.</param>
    /// <param name="name">The name as it is.</param>
    /// <param name="attributes">Such as \NonExistent.</param>
    /// <returns>Whether there was something to tell.</returns>
    public static bool OldName(ImapSession session, string given, string name, string attributes = "")
    {
        if (!session.IsRev2 || name == Mailbox.Inbox || string.Equals(given, name, StringComparison.Ordinal))
            return false;
        session.Writer.Raw($"* LIST ({attributes}) \"/\" ");
        MailboxName.Write(session.Writer, session, name);
        MailboxName.Write(session.Writer.Raw(" (\"OLDNAME\" ("u8), session, given);
        session.Writer.Raw("))\r\n"u8);
        return true;
    }

    /// <summary>All flags of a mailbox: the system flags and its keywords, those within L25.</summary>
    public static MessageFlags Flags(IReadOnlyCollection<string> keywords) =>
        new(
            SystemFlags.Seen | SystemFlags.Answered | SystemFlags.Flagged | SystemFlags.Deleted | SystemFlags.Draft,
            keywords.Take(KeywordCensus.Most)
        );

    /// <summary>Tells which flags can be kept; <c>\*</c> while new keywords can be made (RFC 9051 §7.1).</summary>
    public static void PermanentFlags(ImapWriter writer, IReadOnlyCollection<string> keywords)
    {
        var andNew = keywords.Count < KeywordCensus.Most;
        writer.Raw("* OK [PERMANENTFLAGS "u8).Flags(Flags(keywords), andNew).Raw("] Kept\r\n"u8);
    }

    /// <summary>A STATUS response.</summary>
    public static void Status(ImapSession session, Mailbox box, IReadOnlyList<StatusItem> items)
    {
        var writer = session.Writer;
        MailboxName.Write(writer.Raw("* STATUS "u8), session, box.Name);
        for (var i = 0; i < items.Count; i++)
        {
            var (name, value) = items[i] switch
            {
                StatusItem.Messages => ("MESSAGES ", box.Messages),
                StatusItem.UidNext => ("UIDNEXT ", box.UidNext),
                StatusItem.UidValidity => ("UIDVALIDITY ", box.UidValidity),
                StatusItem.Unseen => ("UNSEEN ", box.Unseen),
                StatusItem.Deleted => ("DELETED ", box.Deleted),
                StatusItem.Size => ("SIZE ", box.Size),
                _ => ("RECENT ", 0L),
            };
            writer.Raw(i == 0 ? " ("u8 : " "u8).Raw(name).Number(value);
        }

        writer.Raw(")\r\n"u8);
    }
}
