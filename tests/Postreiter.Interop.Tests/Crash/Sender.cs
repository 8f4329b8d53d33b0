using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Postreiter.Interop.Tests.Crash;

/// <summary>Sends tagged messages as fast as they are taken, and never one twice.</summary>
/// <param name="number">Which of the senders.</param>
/// <param name="port">The listener.</param>
/// <param name="login">Base64 of SASL PLAIN for submission; null on the MX listener.</param>
/// <param name="recipients">Those it chooses from; <c>{tag}</c> is replaced by the message's tag.</param>
/// <param name="journal">Where it writes down what it was told.</param>
/// <param name="random">Its choices.</param>
internal sealed class Sender(
    int number,
    int port,
    string? login,
    IReadOnlyList<string> recipients,
    Journal journal,
    Random random
)
{
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
                // The server was killed: what has no reply by now is unknown, and is not sent again.
            }
        }
    }

    private async Task TalkAsync(NetworkStream stream, CancellationToken ct)
    {
        using var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
        await ExpectAsync("the greeting", "220");
        await SayAsync("EHLO sender.example", "250");
        if (login is not null)
            await SayAsync($"AUTH PLAIN {login}", "235");
        while (!ct.IsCancellationRequested)
            await SendOneAsync();

        async Task SendOneAsync()
        {
            var tag = string.Create(CultureInfo.InvariantCulture, $"t{number}-{_sent++}");
            var chosen = recipients
                .Where(_ => random.Next(2) == 0)
                .DefaultIfEmpty(recipients[random.Next(recipients.Count)])
                .Select(address => address.Replace("{tag}", tag, StringComparison.Ordinal))
                .ToList();
            var (content, digest) = TaggedMessage.Create(tag, random);
            await SayAsync(login is null ? "MAIL FROM:<ann@sender.example>" : "MAIL FROM:<user0@our.example>", "250");
            foreach (var recipient in chosen)
                await SayAsync($"RCPT TO:<{recipient}>", "250");
            var message = new Posted(tag, chosen, digest);
            if (random.Next(3) == 0)
            {
                journal.Post(message);
                var command = string.Create(CultureInfo.InvariantCulture, $"BDAT {content.Length} LAST\r\n");
                await stream.WriteAsync(Encoding.ASCII.GetBytes(command), ct);
                await stream.WriteAsync(content, ct);
            }
            else
            {
                await SayAsync("DATA", "354");
                journal.Post(message);
                await stream.WriteAsync(content, ct);
                await stream.WriteAsync(".\r\n"u8.ToArray(), ct);
            }

            if (await ExpectAsync("the content", "250"))
                journal.Acknowledge(tag);
        }

        async Task<bool> SayAsync(string command, string code)
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(command + "\r\n"), ct);
            return await ExpectAsync(command, code);
        }

        async Task<bool> ExpectAsync(string command, string code)
        {
            while (true)
            {
                var line = await reader.ReadLineAsync(ct) ?? throw new IOException("the connection ended");
                if (line.Length > 3 && line[3] == '-')
                    continue;
                if (line.StartsWith(code, StringComparison.Ordinal))
                    return true;
                journal.Refuse(command, line);
                throw new IOException(line);
            }
        }
    }
}
