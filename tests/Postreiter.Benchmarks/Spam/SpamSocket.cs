using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Postreiter.Benchmarks.Spam;

/// <summary>The two protocols: a request and its answer on one connection, which is how spamc and rspamd's own client speak.</summary>
internal static class SpamSocket
{
    /// <summary>CHECK of the spamd protocol.</summary>
    public static async Task<bool?> SpamcAsync(int port, ReadOnlyMemory<byte> mail, CancellationToken ct)
    {
        var head = Encoding.ASCII.GetBytes($"CHECK SPAMC/1.5\r\nContent-length: {mail.Length}\r\n\r\n");
        var answer = await AskAsync(port, head, mail, endsSending: true, ct);
        return answer.Contains("\nSpam: True", StringComparison.Ordinal) ? true
            : answer.Contains("\nSpam: False", StringComparison.Ordinal) ? false
            : null;
    }

    /// <summary>POST /checkv2 of rspamd.</summary>
    public static async Task<bool?> RspamdAsync(int port, ReadOnlyMemory<byte> mail, CancellationToken ct)
    {
        var head = Encoding.ASCII.GetBytes(
            $"POST /checkv2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: {mail.Length}\r\n\r\n"
        );
        // It takes a client that sends no more for one that is gone.
        var answer = await AskAsync(port, head, mail, endsSending: false, ct);
        const string Action = "\"action\":\"";
        var at = answer.IndexOf(Action, StringComparison.Ordinal);
        return at < 0
            ? null
            : !answer.AsSpan(at + Action.Length).StartsWith("no action")
                && !answer.AsSpan(at + Action.Length).StartsWith("greylist");
    }

    private static async Task<string> AskAsync(
        int port,
        ReadOnlyMemory<byte> head,
        ReadOnlyMemory<byte> mail,
        bool endsSending,
        CancellationToken ct
    )
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.NoDelay = true;
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port, ct);
            await socket.SendAsync([ToArray(head), ToArray(mail)]);
            if (endsSending)
                socket.Shutdown(SocketShutdown.Send);
            var answer = new byte[64 * 1024];
            var length = 0;
            while (length < answer.Length)
            {
                var read = await socket.ReceiveAsync(answer.AsMemory(length), ct);
                if (read == 0)
                    break;
                length += read;
            }

            return Encoding.ASCII.GetString(answer, 0, length);
        }
        catch (SocketException)
        {
            // Not there yet, or gone.
            return "";
        }
    }

    private static ArraySegment<byte> ToArray(ReadOnlyMemory<byte> memory) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(memory, out var segment) ? segment : memory.ToArray();
}
