using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Postreiter.Net;
using Xunit.Sdk;

namespace Postreiter.Testing;

/// <summary>
/// Plays a conversation against a session over memory. One step a line; what follows two spaces and <c>#</c> is a remark.
/// <list type="bullet">
/// <item><c>C: text</c> sends a line with CRLF; <c>R: text</c> sends just this, with \r \n \t \0 \\ and \xHH read;</item>
/// <item><c>S: text</c> expects this line; a <c>*</c> at its end matches the rest of the line;</item>
/// <item><c>S... text</c> skips lines up to one that matches;</item>
/// <item><c>S: &lt;closed&gt;</c> expects the end of the stream; <c>S: &lt;nothing&gt;</c> that no byte has come yet;</item>
/// <item><c>T: 5m</c> waits until the server waits for a moment within that span, and moves the clock (s, m, h, d);</item>
/// <item><c>A: 4m</c> waits until the server waits for anything by the clock, and moves the clock by less than that;</item>
/// <item><c>TLS</c> does the handshake after the reply to STARTTLS; <c>CLOSE</c> hangs up.</item>
/// </list>
/// </summary>
public sealed partial class Dialogue
{
    // The patience of the player with a server that hangs; not part of what is tested.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly MemoryConnection.ClientEnd _client;
    private readonly Pacing _pacing;
    private readonly TestClock? _clock;
    private readonly StringBuilder _transcript = new();
    private readonly LineReader _lines;
    private Task _writes = Task.CompletedTask;

    private Dialogue(MemoryConnection.ClientEnd client, Pacing pacing, TestClock? clock)
    {
        (_client, _pacing, _clock) = (client, pacing, clock);
        _lines = new LineReader(client.Input);
    }

    /// <summary>Runs a session on a new connection while the script is played, then hangs up and waits for its end.</summary>
    public static async Task PlayAsync(
        IConnectionHandler handler,
        Pacing pacing,
        string script,
        TestClock? clock = null,
        MemoryConnection? connection = null
    )
    {
        connection ??= MemoryConnection.Create(pacing);
        using var stopping = new CancellationTokenSource();
        var session = Task.Run(async () =>
        {
            await using (connection)
                await handler.HandleAsync(connection, stopping.Token);
        });
        var dialogue = new Dialogue(connection.Client, pacing, clock);
        try
        {
            await dialogue.RunAsync(script);
        }
        finally
        {
            connection.Client.Close();
        }

        await session.WaitAsync(Patience, TimeProvider.System);
    }

    /// <summary>Plays a script on a connection whose session runs elsewhere; several may take turns on several connections.</summary>
    public static Dialogue On(MemoryConnection connection, Pacing pacing, TestClock? clock = null) =>
        new(connection.Client, pacing, clock);

    /// <summary>The same step many times.</summary>
    public static string Repeat(int count, Func<int, string> step) =>
        string.Join('\n', Enumerable.Range(0, count).Select(step));

    /// <summary>Plays steps.</summary>
    /// <exception cref="XunitException">The server said something else; the message shows the transcript.</exception>
    public async Task RunAsync(string script)
    {
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        foreach (var line in script.Split('\n'))
        {
            var step = line.Trim('\r').TrimStart();
            if (step.Length == 0 || step[0] == '#')
                continue;
            try
            {
                await StepAsync(step, patience.Token);
            }
            catch (OperationCanceledException e)
            {
                throw new XunitException(
                    $"Nothing came within {Patience.TotalSeconds} s at step: {step}\n{_transcript}",
                    e
                );
            }
        }
    }

    /// <summary>Reads the next line for a test that answers it, e.g. a challenge.</summary>
    /// <exception cref="XunitException">The connection is closed.</exception>
    public async Task<string> ReadLineAsync()
    {
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        var line = await _lines.ReadAsync(patience.Token);
        _transcript.Append("S: ").AppendLine(line ?? "<closed>");
        return line ?? throw new XunitException($"Expected a line, got <closed>\n{_transcript}");
    }

    private async Task StepAsync(string step, CancellationToken ct)
    {
        switch (step)
        {
            case "TLS":
                await _writes;
                await _client.HandshakeAsync(true, ct);
                return;
            case "CLOSE":
                await _writes;
                _client.Close();
                return;
            case "C:" or ['C', ':', ' ', ..]:
                Send(Encoding.UTF8.GetBytes((step.Length > 3 ? step[3..] : "") + "\r\n"), step);
                return;
            case ['R', ':', ' ', ..]:
                Send(Unescape(Remark().Replace(step[3..], "")), step);
                return;
            case ['T', ':', ' ', ..]:
                await Clock().AdvanceWhenAwaitedAsync(Span(Remark().Replace(step[3..], "").Trim()), ct);
                return;
            case ['A', ':', ' ', ..]:
                // What was sent has to be with the server before, or it would come after the move.
                await _writes;
                await Clock().AdvanceWhileAwaitedAsync(Span(Remark().Replace(step[3..], "").Trim()), ct);
                return;
            case ['S', '.', '.', '.', ' ', ..]:
                await ExpectAsync(Remark().Replace(step[5..], ""), skip: true, ct);
                return;
            case ['S', ':', ..]:
                await ExpectAsync(Remark().Replace(step.Length > 3 ? step[3..] : "", ""), skip: false, ct);
                return;
            default:
                throw new XunitException($"No such step in a dialogue: {step}");
        }
    }

    private TestClock Clock() => _clock ?? throw new XunitException("A T: step needs the test's clock");

    private async Task ExpectAsync(string expected, bool skip, CancellationToken ct)
    {
        if (expected == "<nothing>")
        {
            if (_lines.TryRead(out var early))
                throw new XunitException($"Expected silence, got: {early}\n{_transcript}");
            return;
        }

        while (true)
        {
            var got = await _lines.ReadAsync(ct);
            _transcript.Append("S: ").AppendLine(got ?? "<closed>");
            if (Matches(expected, got ?? "<closed>"))
                return;
            if (!skip || got is null)
                throw new XunitException($"Expected: {expected}\nGot:      {got ?? "<closed>"}\n\n{_transcript}");
        }
    }

    internal static bool Matches(string expected, string got) =>
        expected.EndsWith('*')
            ? got.StartsWith(expected[..^1].TrimEnd(' '), StringComparison.Ordinal)
            : string.Equals(expected.TrimEnd(), got.TrimEnd(), StringComparison.Ordinal);

    private void Send(byte[] bytes, string step)
    {
        _transcript.AppendLine(step.Length > 200 ? step[..200] + "…" : step);
        _writes = SendAfterAsync(_writes, bytes);
    }

    // Written behind the player's back, so that a server that does not read yet cannot block the script.
    private async Task SendAfterAsync(Task before, byte[] bytes)
    {
        await before;
        var size = _pacing == Pacing.Bytes ? 1 : bytes.Length;
        for (var i = 0; i < bytes.Length; i += size)
        {
            var result = await _client.Output.WriteAsync(bytes.AsMemory(i, Math.Min(size, bytes.Length - i)));
            if (result.IsCompleted)
                return;
        }
    }

    internal static TimeSpan Span(string text)
    {
        var number = double.Parse(text[..^1], CultureInfo.InvariantCulture);
        return text[^1] switch
        {
            's' => TimeSpan.FromSeconds(number),
            'm' => TimeSpan.FromMinutes(number),
            'h' => TimeSpan.FromHours(number),
            _ => TimeSpan.FromDays(number),
        };
    }

    internal static byte[] Unescape(string text)
    {
        using var bytes = new MemoryStream();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                bytes.Write(Encoding.UTF8.GetBytes(text, i, 1));
                continue;
            }

            switch (text[++i])
            {
                case 'r':
                    bytes.WriteByte((byte)'\r');
                    break;
                case 'n':
                    bytes.WriteByte((byte)'\n');
                    break;
                case 't':
                    bytes.WriteByte((byte)'\t');
                    break;
                case '0':
                    bytes.WriteByte(0);
                    break;
                case 'x':
                    bytes.WriteByte(
                        byte.Parse(text.AsSpan(i + 1, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                    );
                    i += 2;
                    break;
                default:
                    bytes.WriteByte((byte)text[i]);
                    break;
            }
        }

        return bytes.ToArray();
    }

    [GeneratedRegex(@"\s{2,}#.*$", RegexOptions.NonBacktracking)]
    internal static partial Regex Remark();
}
