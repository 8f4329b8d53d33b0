using System.Text;
using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Commands;

/// <summary>IDLE (RFC 9051 §6.3.13): changes are told as they come, until the client says DONE.</summary>
internal sealed class IdleCommand : IImapCommand
{
    private const int MaxLine = 100;

    public string Name => "IDLE";

    public ImapStates AllowedIn => ImapStates.LoggedIn;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.AtEnd)
            return ImapReply.Syntax;
        await session.TellChangesAsync(mayExpunge: true, ct);
        if (session.HasEnded)
            return ImapReply.No("The mailbox is gone");
        await session.ContinueAsync("Waiting");
        ImapMetrics.Idle.Add(1);
        try
        {
            return await WaitAsync(session, ct);
        }
        finally
        {
            ImapMetrics.Idle.Add(-1);
        }
    }

    private static async ValueTask<ImapReply> WaitAsync(ImapSession session, CancellationToken ct)
    {
        var line = session.Input.ReadLineAsync(MaxLine, session.Patience).AsTask();
        try
        {
            while (session.Selected is { } selected && await HasChangedAsync(selected, line))
            {
                selected.ExpectChanges();
                await session.TryTellChangesAsync(ct);
                await session.Writer.FlushAsync(ct);
            }
        }
        catch
        {
            // Nothing can be told any more. Nobody may wait for a line when the connection is disposed of.
            session.Connection.Abort();
            await line;
            throw;
        }

        if (session.HasEnded)
        {
            session.Input.CancelRead();
            await line;
            return ImapReply.No("The mailbox is gone");
        }

        var (status, text) = await line;
        switch (status)
        {
            case InputStatus.Line:
                return Ascii.EqualsIgnoreCase(text, "DONE\r\n"u8)
                    ? ImapReply.Ok("Done")
                    : ImapReply.Bad("DONE was expected");
            case InputStatus.TooLong:
                return session.CountTooLong(text);
            default:
                session.EndInput(status);
                return ImapReply.No("Ended");
        }
    }

    /// <summary>Waits for a change or a line; false when the line is first.</summary>
    private static async ValueTask<bool> HasChangedAsync(SelectedMailbox selected, Task line)
    {
        using var done = new CancellationTokenSource();
        var change = selected.Changes.WaitAsync(done.Token).AsTask();
        if (await Task.WhenAny(line, change) == change)
        {
            await change;
            return true;
        }

        await done.CancelAsync();
        await ((Task)change).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // The signal may have been taken together with the line.
        selected.ExpectChanges();
        return false;
    }
}
