using System.Text;
using System.Text.Unicode;

namespace Postreiter.Pop3.Commands;

/// <summary>PASS: logs in with the name that USER gave.</summary>
/// <remarks>RFC 1939 §7. The whole rest of the line is the password, with its spaces.</remarks>
internal sealed class PassCommand : IPop3Command
{
    public Pop3Phases AllowedIn => Pop3Phases.Authorization;

    public async ValueTask<Pop3Reply> ExecuteAsync(
        Pop3Session session,
        ReadOnlyMemory<byte>? argument,
        CancellationToken ct
    )
    {
        // RFC 1939 §7: only right after a USER, which one PASS uses up.
        if (session.UserName is not { } user)
            return Pop3Reply.Bad("USER comes first");
        session.UserName = null;
        if (argument is not { Length: > 0 } password || !Utf8.IsValid(password.Span))
            return Pop3Reply.Syntax;
        var result = await session.Authenticator.VerifyPasswordAsync(
            user,
            Encoding.UTF8.GetString(password.Span),
            session.Remote,
            ct
        );
        return await session.LogInAsync(result, ct);
    }
}
