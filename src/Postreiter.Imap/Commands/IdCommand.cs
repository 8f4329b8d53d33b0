using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Commands;

/// <summary>ID (RFC 2971): what the client says is read and forgotten.</summary>
internal sealed class IdCommand : IImapCommand
{
    private const int MaxStrings = 60;

    public string Name => "ID";

    public ImapStates AllowedIn => ImapStates.Any;

    public ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.TrySpace() || !(args.TryKeyword("NIL"u8) || TryList(args)) || !args.AtEnd)
            return new(ImapReply.Syntax);
        session.Writer.Raw("* ID (\"name\" \"Postreiter\")\r\n"u8);
        return new(ImapReply.Ok("Done"));
    }

    private static bool TryList(ImapReader args)
    {
        if (!args.TryOpen())
            return false;
        for (var count = 0; !args.TryClose(); count++)
        {
            // RFC 2971 §3.3: 30 pairs at most.
            if (count == MaxStrings || (count > 0 && !args.TrySpace()) || !args.TryNstring(out _))
                return false;
        }

        return true;
    }
}
