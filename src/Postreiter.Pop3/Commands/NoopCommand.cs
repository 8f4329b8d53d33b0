namespace Postreiter.Pop3.Commands;

/// <summary>NOOP: nothing.</summary>
/// <remarks>RFC 1939 §5.</remarks>
internal sealed class NoopCommand : IPop3Command
{
    private static readonly Pop3Reply Done = Pop3Reply.Ok("done");

    public Pop3Phases AllowedIn => Pop3Phases.Transaction;

    public ValueTask<Pop3Reply> ExecuteAsync(
        Pop3Session session,
        ReadOnlyMemory<byte>? argument,
        CancellationToken ct
    ) => new(argument is null ? Done : Pop3Reply.Syntax);
}
