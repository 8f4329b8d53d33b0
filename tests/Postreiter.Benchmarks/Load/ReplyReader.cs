using System.Net.Sockets;
using System.Text;

namespace Postreiter.Benchmarks.Load;

/// <summary>Reads SMTP replies (RFC 5321 §4.2), several of which may come at once.</summary>
internal sealed class ReplyReader(Socket socket)
{
    private readonly byte[] _buffer = new byte[4096];
    private int _start;
    private int _end;

    /// <summary>Reads one whole reply, whose first digit must be this.</summary>
    public async ValueTask ExpectAsync(int digit, CancellationToken ct)
    {
        while (true)
        {
            var line = await LineAsync(ct);
            if (line.Span[0] != '0' + digit)
                throw new IOException($"expected {digit}yz, got: {Encoding.ASCII.GetString(line.Span)}");
            if (line.Length < 4 || line.Span[3] != '-')
                return;
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> LineAsync(CancellationToken ct)
    {
        while (true)
        {
            var length = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8);
            if (length >= 3)
            {
                var line = _buffer.AsMemory(_start, length);
                _start += length + 2;
                return line;
            }

            if (_start > 0)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                (_start, _end) = (0, _end - _start);
            }

            var read = await socket.ReceiveAsync(_buffer.AsMemory(_end), ct);
            if (read == 0)
                throw new IOException("the server closed the connection");
            _end += read;
        }
    }
}
