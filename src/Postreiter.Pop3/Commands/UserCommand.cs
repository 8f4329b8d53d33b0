using System.Text;
using System.Text.Unicode;

namespace Postreiter.Pop3.Commands;

/// <summary>USER: the name for the PASS that follows.</summary>
/// <remarks>RFC 1939 §7. Every name is taken alike: the reply does not tell which exist (RFC 1939 §13).</remarks>
internal sealed class UserCommand : IPop3Command
{
    public Pop3Phases AllowedIn => Pop3Phases.Authorization;

    public ValueTask<Pop3Reply> ExecuteAsync(Pop3Session session, ReadOnlyMemory<byte>? argument, CancellationToken ct)
    {
        if (!session.AllowsPasswords)
            return new(Pop3Reply.Bad("no passwords without TLS: send STLS first"));
        if (argument is not { Length: > 0 } name || !Utf8.IsValid(name.Span))
            return new(Pop3Reply.Syntax);
        session.UserName = Encoding.UTF8.GetString(name.Span);
        return new(Pop3Reply.Ok("now the password"));
    }
}
