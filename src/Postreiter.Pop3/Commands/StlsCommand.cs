namespace Postreiter.Pop3.Commands;

/// <summary>STLS: TLS starts after the reply; what the client had sent before is forgotten.</summary>
/// <remarks>RFC 2595 §4.</remarks>
internal sealed class StlsCommand : IPop3Command
{
    public Pop3Phases AllowedIn => Pop3Phases.Authorization;

    public ValueTask<Pop3Reply> ExecuteAsync(Pop3Session session, ReadOnlyMemory<byte>? argument, CancellationToken ct)
    {
        if (argument is not null)
            return new(Pop3Reply.Syntax);
        // RFC 2595 §4: -ERR when TLS is active already.
        return new(
            session.CanStartTls
                ? Pop3Reply.Ok("begin TLS") with
                {
                    StartsTls = true,
                }
                : Pop3Reply.Bad("TLS cannot be started")
        );
    }
}
