using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Postreiter.Benchmarks.Load;

/// <summary>Many SMTP sessions at once, pipelined (RFC 2920), many messages a connection.</summary>
/// <remarks>
/// Each write carries the end of one message and MAIL, RCPT and DATA of the next, so a message costs one round trip.
/// The same bytes go to every server.
/// </remarks>
internal static class SmtpLoad
{
    private const int MessagesPerConnection = 500;
    private const string NoId = "0000.000000.0000";

    /// <summary>Sends; returns messages that got 250 and the time until the last of these came.</summary>
    /// <exception cref="IOException">A reply was not the expected one.</exception>
    public static async Task<(long Accepted, TimeSpan Elapsed)> SendAsync(
        int port,
        int sessions,
        int bytes,
        int accounts,
        LoadLength length,
        CancellationToken ct
    )
    {
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        long begun = 0;
        bool Next() => time.GetElapsedTime(start) < length.Time && Interlocked.Increment(ref begun) <= length.Messages;

        var counts = await Task.WhenAll(
            Enumerable
                .Range(0, sessions)
                .Select(i => Task.Run(() => SessionAsync(port, i, bytes, accounts, Next, ct), ct))
        );
        return (counts.Sum(), time.GetElapsedTime(start));
    }

    /// <summary>A message of so many bytes, with its header and CRLF line ends; no line begins with a dot.</summary>
    public static byte[] Message(string id, int bytes)
    {
        var header =
            $"From: Ann Sender <ann@sender.example>\r\nTo: Some One <user@our.example>\r\nSubject: A message of the load generator\r\n"
            + $"Date: Tue, 03 Mar 2026 10:00:00 +0000\r\nMessage-ID: <{id}@sender.example>\r\nMIME-Version: 1.0\r\n"
            + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n";
        var message = new StringBuilder(header, bytes + 80);
        while (message.Length < bytes)
            message.Append("The quick brown fox jumps over the lazy dog, and the dog goes on sleeping.\r\n");
        return Encoding.ASCII.GetBytes(message.ToString());
    }

    private static async Task<long> SessionAsync(
        int port,
        int number,
        int bytes,
        int accounts,
        Func<bool> next,
        CancellationToken ct
    )
    {
        long accepted = 0;
        var more = next();
        byte[] content = [.. Message(NoId, bytes), .. ".\r\n"u8, .. new byte[256]];
        var (idAt, length) = (content.AsSpan().IndexOf(Encoding.ASCII.GetBytes(NoId + "@")), content.Length - 256);
        for (var connection = 0; more; connection++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
            {
                NoDelay = true,
            };
            await socket.ConnectAsync(IPAddress.Loopback, port, ct);
            var replies = new ReplyReader(socket);
            await replies.ExpectAsync(2, ct);
            await SendAsync(socket, "EHLO client.example\r\n"u8.ToArray(), ct);
            await replies.ExpectAsync(2, ct);
            await SendAsync(socket, Envelope(number, connection, 0, accounts), ct);
            for (var sent = 1; ; sent++)
            {
                await replies.ExpectAsync(2, ct);
                await replies.ExpectAsync(2, ct);
                await replies.ExpectAsync(3, ct);
                var id = string.Create(CultureInfo.InvariantCulture, $"{number:D4}.{connection:D6}.{sent:D4}");
                Encoding.ASCII.GetBytes(id, content.AsSpan(idAt));
                more = next();
                var last = !more || sent == MessagesPerConnection;
                var after = last ? "QUIT\r\n"u8.ToArray() : Envelope(number, connection, sent, accounts);
                after.CopyTo(content, length);
                await SendAsync(socket, content.AsMemory(0, length + after.Length), ct);
                await replies.ExpectAsync(2, ct);
                accepted++;
                if (!last)
                    continue;
                await replies.ExpectAsync(2, ct);
                break;
            }
        }

        return accepted;
    }

    private static byte[] Envelope(int session, int connection, int message, int accounts)
    {
        var account = (session + connection + message) % accounts;
        return Encoding.ASCII.GetBytes(
            string.Create(
                CultureInfo.InvariantCulture,
                $"MAIL FROM:<ann@sender.example>\r\nRCPT TO:<user{account}@our.example>\r\nDATA\r\n"
            )
        );
    }

    private static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes, ct)..];
    }
}
