using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Postreiter.Interop.Tests.Crash;

/// <summary>Appends tagged messages to Archive by IMAP, never one twice, and moves some of them on to Junk.</summary>
/// <param name="number">Which of the appenders.</param>
/// <param name="port">The listener.</param>
/// <param name="account">Whose mailboxes.</param>
/// <param name="journal">Where it writes down what it was told.</param>
/// <param name="random">Its choices.</param>
internal sealed partial class Appender(int number, int port, string account, Journal journal, Random random)
{
    public const string Archive = "Archive";
    public const string Junk = "Junk";
    private int _sent;

    /// <summary>One connection after the other, until the token ends them.</summary>
    /// <param name="up">Completes when there is a server; asked before each connection.</param>
    /// <param name="ct">Ends it.</param>
    public async Task RunAsync(Func<Task> up, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            await up().WaitAsync(ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, port, ct);
                await TalkAsync(client.GetStream(), ct);
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // The server was killed: what has no reply by now is unknown, and is not tried again.
            }
        }
    }

    private async Task TalkAsync(NetworkStream stream, CancellationToken ct)
    {
        using var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
        await ExpectAsync("the greeting", "* OK");
        await SayAsync($"a LOGIN {account} \"{KilledServer.Password}\"", "a OK");
        await SayAsync($"a SELECT {Archive}", "a OK");
        while (!ct.IsCancellationRequested)
        {
            var tag = string.Create(CultureInfo.InvariantCulture, $"i{number}-{_sent++}");
            var (content, digest) = TaggedMessage.Create(tag, random);
            await SayAsync(
                string.Create(CultureInfo.InvariantCulture, $"a APPEND {Archive} (\\Seen) {{{content.Length}}}"),
                "+ "
            );
            journal.Post(new Posted(tag, [account], digest));
            await stream.WriteAsync(content, ct);
            var (validity, uid) = Uids(await SayAsync("", "a OK"));
            journal.Place(tag, Archive, validity, uid);
            journal.Acknowledge(tag);
            if (random.Next(4) != 0)
                continue;
            // From here it may be in either, until the OK; in both or neither it may never be.
            journal.Unplace(tag);
            (validity, uid) = Uids(await SayAsync($"a UID MOVE {uid} {Junk}", "a OK"));
            journal.Place(tag, Junk, validity, uid);
        }

        async Task<string> SayAsync(string command, string reply)
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(command + "\r\n"), ct);
            return await ExpectAsync(command, reply);
        }

        // The last response code with UIDs that came: APPEND has it in its OK, MOVE in an untagged one (RFC 6851 §4.3).
        async Task<string> ExpectAsync(string command, string reply)
        {
            var code = "";
            while (true)
            {
                var line = await reader.ReadLineAsync(ct) ?? throw new IOException("the connection ended");
                if (UidCode().IsMatch(line))
                    code = line;
                if (line.StartsWith(reply, StringComparison.Ordinal))
                    return code;
                if (
                    line.StartsWith("* ", StringComparison.Ordinal)
                    && !line.StartsWith("* BYE", StringComparison.Ordinal)
                )
                    continue;
                journal.Refuse(command, line);
                throw new IOException(line);
            }
        }
    }

    private static (string Validity, string Uid) Uids(string line)
    {
        var match = UidCode().Match(line);
        return (match.Groups["validity"].Value, match.Groups["uid"].Value);
    }

    // RFC 4315 §3; COPYUID has the old UID in front of the new one.
    [GeneratedRegex(
        @"\[(APPENDUID (?<validity>\d+)|COPYUID (?<validity>\d+) \d+) (?<uid>\d+)\]",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex UidCode();
}
