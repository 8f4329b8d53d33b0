using Microsoft.Extensions.Logging;

namespace Postreiter.Pop3.Commands;

/// <summary>QUIT: removes the messages marked deleted, all or none, then ends the session.</summary>
/// <remarks>RFC 1939 §6: only here; a session that ends otherwise removes nothing.</remarks>
internal sealed class QuitCommand : IPop3Command
{
    private static readonly Pop3Reply Bye = Pop3Reply.Ok("bye") with { Closes = true };

    private static readonly Pop3Reply NotRemoved = Pop3Reply.Error(
        "[SYS/TEMP] the messages marked deleted are not removed"
    ) with
    {
        Closes = true,
    };

    public Pop3Phases AllowedIn => Pop3Phases.Any;

    public async ValueTask<Pop3Reply> ExecuteAsync(
        Pop3Session session,
        ReadOnlyMemory<byte>? argument,
        CancellationToken ct
    )
    {
        if (argument is not null)
            return Pop3Reply.Syntax;
        if (session.Phase != Pop3Phases.Transaction || session.Maildrop.DeletedUids() is not { Count: > 0 } deleted)
            return Bye;
        try
        {
            // Not cut short by a server that stops: the reply must be true.
            var removed = await session.Mail.RemoveAsync(session.Maildrop.Mailbox.Id, deleted, CancellationToken.None);
            Pop3Metrics.Removed.Add(removed.Count);
            return Bye;
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            session.Logger.LogError(fault, "{Connection}: QUIT could not remove messages", session.ConnectionId);
            return NotRemoved;
        }
    }
}
