using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Commands;

/// <summary>ENABLE (RFC 9051 §6.3.1) with IMAP4rev2 and UTF8=ACCEPT (RFC 6855 §3).</summary>
internal sealed class EnableCommand : IImapCommand
{
    private const int MaxNames = 50;

    public string Name => "ENABLE";

    public ImapStates AllowedIn => ImapStates.LoggedIn;

    public ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        var names = new List<string>();
        while (args.TrySpace())
        {
            if (names.Count == MaxNames || !args.TryAtom(out var name))
                return new(ImapReply.Syntax);
            names.Add(name.ToUpperInvariant());
        }

        if (names.Count == 0 || !args.AtEnd)
            return new(ImapReply.Syntax);
        // RFC 9051 §7.2.1: only what this command has switched on. Names that we do not know are passed over.
        session.Writer.Raw("* ENABLED"u8);
        if (names.Contains("IMAP4REV2") && !session.IsRev2)
        {
            session.IsRev2 = true;
            session.Writer.Raw(" IMAP4rev2"u8);
        }

        if (names.Contains("UTF8=ACCEPT") && !session.AcceptsUtf8)
        {
            session.AcceptsUtf8 = true;
            session.Writer.Raw(" UTF8=ACCEPT"u8);
        }

        session.Writer.Crlf();
        return new(ImapReply.Ok("Done"));
    }
}
