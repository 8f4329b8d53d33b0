using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Postreiter.Benchmarks.Load;

/// <summary>An IMAP client that only looks for the tagged line at the end of what came.</summary>
internal sealed class ImapClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        NoDelay = true,
    };

    /// <summary>Connects, reads the greeting and logs in.</summary>
    public static async Task<ImapClient> LogInAsync(int port, int account, byte[] buffer, CancellationToken ct)
    {
        var client = new ImapClient();
        await client._socket.ConnectAsync(IPAddress.Loopback, port, ct);
        await client.ReadUntilAsync("* OK", buffer, ct);
        await client.RunAsync(
            $"LOGIN user{account.ToString("D", null)}@our.example {Sites.IMailSite.Password}",
            buffer,
            ct
        );
        return client;
    }

    /// <summary>Runs one command to its OK.</summary>
    /// <returns>Bytes that came.</returns>
    public async Task<long> RunAsync(string command, byte[] buffer, CancellationToken ct, bool mayFail = false)
    {
        await _socket.SendAsync(Encoding.ASCII.GetBytes($"a1 {command}\r\n"), ct);
        return await ReadUntilAsync("a1 ", buffer, ct, mayFail);
    }

    /// <summary>Begins IDLE (RFC 2177); the client waits from then on.</summary>
    public async Task IdleAsync(byte[] buffer, CancellationToken ct)
    {
        await _socket.SendAsync("a1 IDLE\r\n"u8.ToArray(), ct);
        await ReadUntilAsync("+ ", buffer, ct);
    }

    public void Dispose() => _socket.Dispose();

    // The last line that came begins with the text; the load's messages have no such line.
    private async Task<long> ReadUntilAsync(string beginning, byte[] buffer, CancellationToken ct, bool mayFail = false)
    {
        const int Kept = 1024;
        var (kept, total, start) = (0, 0L, Encoding.ASCII.GetBytes(beginning));
        while (true)
        {
            var read = await _socket.ReceiveAsync(buffer.AsMemory(kept), ct);
            if (read == 0)
                throw new IOException("the server closed the connection");
            (kept, total) = (kept + read, total + read);
            var last = LastLine(buffer.AsSpan(0, kept), start);
            if (last is not null)
            {
                if (
                    !mayFail
                    && last.StartsWith("a1 ", StringComparison.Ordinal)
                    && !last.StartsWith("a1 OK", StringComparison.Ordinal)
                )
                    throw new IOException(last);
                return total;
            }

            var keep = Math.Min(kept, Kept);
            buffer.AsSpan(kept - keep, keep).CopyTo(buffer);
            kept = keep;
        }
    }

    private static string? LastLine(ReadOnlySpan<byte> text, ReadOnlySpan<byte> start)
    {
        if (!text.EndsWith("\r\n"u8))
            return null;
        var line = text[(text[..^2].LastIndexOf((byte)'\n') + 1)..];
        return line.StartsWith(start) ? Encoding.ASCII.GetString(line) : null;
    }
}
