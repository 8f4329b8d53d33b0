namespace Postreiter.Pop3.Commands;

/// <summary>STAT: how many messages, how many octets; those marked deleted are not counted.</summary>
/// <remarks>RFC 1939 §5.</remarks>
internal sealed class StatCommand : IPop3Command
{
    public Pop3Phases AllowedIn => Pop3Phases.Transaction;

    public ValueTask<Pop3Reply> ExecuteAsync(
        Pop3Session session,
        ReadOnlyMemory<byte>? argument,
        CancellationToken ct
    ) =>
        new(
            argument is null
                ? Pop3Reply.Ok($"{session.Maildrop.Remaining} {session.Maildrop.RemainingSize}")
                : Pop3Reply.Syntax
        );
}
