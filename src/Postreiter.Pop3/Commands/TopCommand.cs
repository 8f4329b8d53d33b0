using Postreiter.Pop3.Syntax;

namespace Postreiter.Pop3.Commands;

/// <summary>TOP: a message's header, the empty line and some lines of its body.</summary>
/// <remarks>RFC 1939 §7.</remarks>
internal sealed class TopCommand : IPop3Command
{
    public Pop3Phases AllowedIn => Pop3Phases.Transaction;

    public async ValueTask<Pop3Reply> ExecuteAsync(
        Pop3Session session,
        ReadOnlyMemory<byte>? argument,
        CancellationToken ct
    )
    {
        if (argument is not { } text || !MessageNumbers.TryParseWithCount(text.Span, out var number, out var bodyLines))
            return Pop3Reply.Syntax;
        if (!session.Maildrop.Has(number))
            return Pop3Reply.NoSuchMessage;
        return await session.OpenAsync(number, ct) is { } content
            ? Pop3Reply.Message("top of message follows", content, bodyLines)
            : Pop3Reply.MessageGone;
    }
}
