using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Commands;

/// <summary>IDLE (RFC 9051 §6.3.13).</summary>
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
        await session.ContinueAsync("Waiting");
        using var done = new CancellationTokenSource();
        var line = session.Input.ReadLineAsync(MaxLine, session.Patience).AsTask();
        while (session.Selected is { } selected)
        {
            var change = selected.Changes.WaitAsync(done.Token).AsTask();
            if (await Task.WhenAny(line, change) == line)
            {
                await done.CancelAsync();
                await change.ContinueWith(static _ => { }, TaskScheduler.Default);
                selected.ExpectChanges();
                break;
            }

            await change;
            selected.ExpectChanges();
            await session.TellChangesAsync(mayExpunge: true, ct);
            await session.Writer.FlushAsync(ct);
        }

        var (status, text) = await line;
        if (status != InputStatus.Line)
        {
            session.EndInput(status);
            return ImapReply.No("Ended");
        }

        return System.Text.Ascii.EqualsIgnoreCase(text, "DONE\r\n"u8)
            ? ImapReply.Ok("Done")
            : ImapReply.Bad("DONE was expected");
    }
}
