using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Commands;

/// <summary>CAPABILITY (RFC 9051 §6.1.1).</summary>
internal sealed class CapabilityCommand : IImapCommand
{
    private const string Always = "CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL- ID ENABLE SASL-IR";

    public string Name => "CAPABILITY";

    public ImapStates AllowedIn => ImapStates.Any;

    /// <summary>The capability words as of now: before login how to log in, then what can be done.</summary>
    public static string Words(ImapSession session)
    {
        if (session.User is not null)
            return Always
                + " UIDPLUS MOVE UNSELECT IDLE NAMESPACE CHILDREN LIST-EXTENDED LIST-STATUS SPECIAL-USE CREATE-SPECIAL-USE"
                + " STATUS=SIZE UTF8=ACCEPT BINARY ESEARCH SEARCHRES";
        var words = session.Connection.CanStartTls ? Always + " STARTTLS" : Always;
        if (!session.AllowsPasswords)
            words += " LOGINDISABLED";
        var mechanisms = session.Services.Sasl.Mechanisms(session.Connection, session.Options.AllowPlaintext);
        return words + string.Concat(mechanisms.Select(static m => " AUTH=" + m));
    }

    public ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.AtEnd)
            return new(ImapReply.Syntax);
        session.Writer.Raw("* "u8).Raw(Words(session)).Crlf();
        return new(ImapReply.Ok("Done"));
    }
}
