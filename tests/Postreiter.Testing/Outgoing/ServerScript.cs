using System.Text;
using Xunit.Sdk;

namespace Postreiter.Testing.Outgoing;

/// <summary>
/// Plays a server for a client under test. One step a line; what follows two spaces and <c>#</c> is a remark.
/// <list type="bullet">
/// <item><c>S: text</c> sends a line with CRLF; <c>R: text</c> sends just this, with \r \n \t \0 \\ and \xHH read;</item>
/// <item><c>C: text</c> expects this line; a <c>*</c> at its end matches the rest of the line; <c>C: &lt;closed&gt;</c> the end;</item>
/// <item><c>C... text</c> skips lines up to one that matches;</item>
/// <item><c>T: 5m</c> waits until the client waits for a moment within that span, and moves the clock (s, m, h, d);</item>
/// <item><c>TLS</c>, <c>TLS fails</c> ends the handshake; <c>CLOSE</c> hangs up; <c>STALL</c> reads nothing more, and <c>STALL: 3m</c> lets
/// time pass meanwhile, whenever the client waits for a moment within that span, until it has gone.</item>
/// </list>
/// At its end the server hangs up.
/// </summary>
internal sealed class ServerScript(MemoryOutgoingConnection connection, Pacing pacing, TestClock? clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private const int MaxTranscript = 64 * 1024;
    private readonly LineReader _lines = new(connection.ServerInput);
    private readonly StringBuilder _transcript = new();
    private Task _writes = Task.CompletedTask;

    /// <summary>What was said, both sides.</summary>
    public string Transcript => _transcript.ToString();

    /// <summary>Plays.</summary>
    /// <exception cref="XunitException">The client said something else; the message shows the transcript.</exception>
    public async Task PlayAsync(string script)
    {
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        try
        {
            foreach (var line in script.Split('\n'))
            {
                var step = line.Trim('\r').TrimStart();
                if (step.Length == 0 || step[0] == '#')
                    continue;
                await StepAsync(step, patience.Token);
            }

            await _writes.WaitAsync(patience.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new XunitException($"Nothing came within {Patience.TotalSeconds} s\n{_transcript}", e);
        }
        finally
        {
            connection.CloseServer();
        }
    }

    private async Task StepAsync(string step, CancellationToken ct)
    {
        switch (step)
        {
            case "TLS" or "TLS fails":
                await _writes.WaitAsync(ct);
                await connection.HandshakeAsync(step == "TLS", ct);
                return;
            case "CLOSE":
                await _writes.WaitAsync(ct);
                connection.CloseServer();
                return;
            case "STALL":
                await connection.Ended.WaitAsync(ct);
                return;
            case ['S', 'T', 'A', 'L', 'L', ':', ' ', ..]:
                // Not once: the moment before this one may be what it still waits for.
                while (!connection.Ended.IsCompleted)
                {
                    using var either = CancellationTokenSource.CreateLinkedTokenSource(ct);
                    var moved = clock!.AdvanceWhenAwaitedAsync(Dialogue.Span(step[7..]), either.Token);
                    await Task.WhenAny(moved, connection.Ended);
                    await either.CancelAsync();
                    await moved.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    ct.ThrowIfCancellationRequested();
                }

                return;
            case ['S', ':', ' ', ..]:
                Send(Encoding.UTF8.GetBytes(Dialogue.Remark().Replace(step[3..], "") + "\r\n"), step);
                return;
            case ['R', ':', ' ', ..]:
                Send(Dialogue.Unescape(Dialogue.Remark().Replace(step[3..], "")), step);
                return;
            case ['T', ':', ' ', ..]:
                var span = Dialogue.Span(Dialogue.Remark().Replace(step[3..], "").Trim());
                await clock!.AdvanceWhenAwaitedAsync(span, ct);
                return;
            case ['C', '.', '.', '.', ' ', ..]:
                await ExpectAsync(Dialogue.Remark().Replace(step[5..], ""), skip: true, ct);
                return;
            case ['C', ':', ..]:
                await ExpectAsync(Dialogue.Remark().Replace(step.Length > 3 ? step[3..] : "", ""), skip: false, ct);
                return;
            default:
                throw new XunitException($"No such step in a server's script: {step}");
        }
    }

    private async Task ExpectAsync(string expected, bool skip, CancellationToken ct)
    {
        while (true)
        {
            var got = await _lines.ReadAsync(ct);
            var isMatch = Dialogue.Matches(expected, got ?? "<closed>");
            // What is skipped may be a big message.
            if (isMatch || !skip || got is null || _transcript.Length < MaxTranscript)
                _transcript.Append("C: ").AppendLine(got ?? "<closed>");
            if (isMatch)
                return;
            if (!skip || got is null)
                throw new XunitException($"Expected: {expected}\nGot:      {got ?? "<closed>"}\n\n{_transcript}");
        }
    }

    private void Send(byte[] bytes, string step)
    {
        _transcript.AppendLine(step.Length > 200 ? step[..200] + "…" : step);
        _writes = SendAfterAsync(_writes, bytes);
    }

    // Behind the script's back: a client that does not read yet does not block it.
    private async Task SendAfterAsync(Task before, byte[] bytes)
    {
        await before;
        var size = pacing == Pacing.Bytes ? 1 : bytes.Length;
        for (var i = 0; i < bytes.Length; i += size)
        {
            var result = await connection.ServerOutput.WriteAsync(bytes.AsMemory(i, Math.Min(size, bytes.Length - i)));
            if (result.IsCompleted)
                return;
        }
    }
}
