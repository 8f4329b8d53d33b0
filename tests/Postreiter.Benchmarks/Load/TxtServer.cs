using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Postreiter.Benchmarks.Load;

/// <summary>A name server on loopback that has TXT records only, of at most 1,200 characters.</summary>
internal sealed class TxtServer : IAsyncDisposable
{
    private const int HeaderLength = 12;

    private readonly Dictionary<string, byte[]> _records;
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    public TxtServer(IEnumerable<(string Name, string Text)> zone)
    {
        _records = zone.ToDictionary(static z => z.Name, static z => Data(z.Text), StringComparer.OrdinalIgnoreCase);
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Address = (IPEndPoint)_socket.LocalEndPoint!;
        _loop = RunAsync();
    }

    /// <summary>Where it answers.</summary>
    public IPEndPoint Address { get; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _socket.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var buffer = new byte[512];
        try
        {
            while (true)
            {
                var from = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
                await _socket.SendToAsync(
                    Answer(buffer.AsSpan(0, from.ReceivedBytes)),
                    from.RemoteEndPoint,
                    _stop.Token
                );
            }
        }
        catch (OperationCanceledException) { }
    }

    // RFC 1035 §4.1: the question again, and a record whose name points to it.
    private byte[] Answer(ReadOnlySpan<byte> query)
    {
        var (name, at) = (new StringBuilder(), HeaderLength);
        for (; query[at] != 0; at += query[at] + 1)
            name.Append(name.Length > 0 ? "." : "").Append(Encoding.ASCII.GetString(query.Slice(at + 1, query[at])));
        var question = query[..(at + 5)];
        var data = _records.GetValueOrDefault(name.ToString());
        byte[] answer =
        [
            .. question,
            .. data is null
                ? []
                : (byte[])
                    [
                        0xC0,
                        HeaderLength,
                        0,
                        16,
                        0,
                        1,
                        0,
                        1,
                        0x51,
                        0x80,
                        (byte)(data.Length >> 8),
                        (byte)data.Length,
                        .. data,
                    ],
        ];
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(2), (ushort)(data is null ? 0x8183 : 0x8180));
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(6), (ushort)(data is null ? 0 : 1));
        answer.AsSpan(8, 4).Clear();
        return answer;
    }

    private static byte[] Data(string text)
    {
        var data = new List<byte>();
        foreach (var piece in text.Chunk(255))
        {
            data.Add((byte)piece.Length);
            data.AddRange(Encoding.Latin1.GetBytes(piece));
        }

        return [.. data];
    }
}
