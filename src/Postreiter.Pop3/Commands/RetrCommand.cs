using Postreiter.Pop3.Syntax;

namespace Postreiter.Pop3.Commands;

/// <summary>RETR: a whole message.</summary>
/// <remarks>RFC 1939 §5.</remarks>
internal sealed class RetrCommand : IPop3Command
{
    public Pop3Phases AllowedIn => Pop3Phases.Transaction;

    public async ValueTask<Pop3Reply> ExecuteAsync(
        Pop3Session session,
        ReadOnlyMemory<byte>? argument,
        CancellationToken ct
    )
    {
        if (argument is not { } text || !MessageNumbers.TryParse(text.Span, out var number))
            return Pop3Reply.Syntax;
        if (!session.Maildrop.Has(number))
            return Pop3Reply.NoSuchMessage;
        return await session.OpenAsync(number, ct) is { } content
            ? Pop3Reply.Message($"{content.Length} octets", content, bodyLines: null)
            : Pop3Reply.MessageGone;
    }
}
