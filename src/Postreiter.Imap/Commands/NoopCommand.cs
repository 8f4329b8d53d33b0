using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Commands;

/// <summary>NOOP and CHECK: the session tells changes after every command (RFC 9051 §6.1.2, RFC 3501 §6.4.1).</summary>
internal sealed class NoopCommand(string name, ImapStates states) : IImapCommand
{
    public string Name => name;

    public ImapStates AllowedIn => states;

    public ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct) =>
        new(args.AtEnd ? ImapReply.Ok("Done") : ImapReply.Syntax);
}
