using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Commands;

/// <summary>What stands before the message of APPEND.</summary>
/// <param name="Mailbox">Where to; normalised.</param>
/// <param name="Flags">Flags it starts with.</param>
/// <param name="Date">INTERNALDATE; null is now.</param>
/// <param name="IsUtf8">The literal stands in <c>UTF8 (…)</c> (RFC 6855 §4).</param>
internal sealed record AppendArguments(string Mailbox, MessageFlags Flags, DateTimeOffset? Date, bool IsUtf8)
{
    public static readonly AppendArguments None = new("", MessageFlags.None, null, IsUtf8: false);

    /// <summary>Reads <c>SP mailbox [SP flag-list] [SP date-time] SP</c>, up to the literal.</summary>
    public static bool TryRead(ImapReader args, ImapSession session, out AppendArguments arguments)
    {
        arguments = None;
        if (!args.TrySpace() || !MailboxName.TryRead(args, session, out var mailbox) || !args.TrySpace())
            return false;
        var flags = MessageFlags.None;
        if (args.Peek == '(' && (!args.TryFlagList(out flags) || !args.TrySpace()))
            return false;
        DateTimeOffset? date = null;
        if (args.Peek == '"')
        {
            if (!ImapDate.TryReadDateTime(args, out var read) || !args.TrySpace())
                return false;
            date = read;
        }

        var isUtf8 = args.TryKeyword("UTF8"u8);
        // RFC 6855 §4: only after ENABLE UTF8=ACCEPT.
        if (isUtf8 && !(session.UsesUtf8 && args.TrySpace() && args.TryOpen()))
            return false;
        arguments = new AppendArguments(mailbox, flags, date, isUtf8);
        return args.AtEnd;
    }
}
