using Postreiter.Pop3.Syntax;

namespace Postreiter.Pop3.Commands;

/// <summary>DELE: marks a message; QUIT removes it.</summary>
/// <remarks>RFC 1939 §5.</remarks>
internal sealed class DeleCommand : IPop3Command
{
    public Pop3Phases AllowedIn => Pop3Phases.Transaction;

    public ValueTask<Pop3Reply> ExecuteAsync(Pop3Session session, ReadOnlyMemory<byte>? argument, CancellationToken ct)
    {
        if (argument is not { } text || !MessageNumbers.TryParse(text.Span, out var number))
            return new(Pop3Reply.Syntax);
        if (!session.Maildrop.Has(number))
            return new(Pop3Reply.NoSuchMessage);
        session.Maildrop.Delete(number);
        return new(Pop3Reply.Ok($"message {number} deleted"));
    }
}
