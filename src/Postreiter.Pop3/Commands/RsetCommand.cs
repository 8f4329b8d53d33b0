namespace Postreiter.Pop3.Commands;

/// <summary>RSET: takes all marks off.</summary>
/// <remarks>RFC 1939 §5.</remarks>
internal sealed class RsetCommand : IPop3Command
{
    public Pop3Phases AllowedIn => Pop3Phases.Transaction;

    public ValueTask<Pop3Reply> ExecuteAsync(Pop3Session session, ReadOnlyMemory<byte>? argument, CancellationToken ct)
    {
        if (argument is not null)
            return new(Pop3Reply.Syntax);
        session.Maildrop.Reset();
        return new(Pop3Reply.Ok($"{session.Maildrop.Remaining} messages"));
    }
}
