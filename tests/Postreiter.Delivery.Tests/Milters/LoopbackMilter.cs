using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Postreiter.Delivery.Milters;

namespace Postreiter.Delivery.Tests.Milters;

/// <summary>A milter on loopback that says what a test wants, octet by octet: it knows nothing of the room that is tested.</summary>
internal sealed class LoopbackMilter : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _heard = new();
    private readonly Task _serving;
    private int _sessions;

    public LoopbackMilter(string name = "test", IPEndPoint? at = null)
    {
        _listener = new TcpListener(at ?? new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Start();
        Address = new MilterAddress(name, _listener.LocalEndpoint);
        _serving = ServeAsync();
    }

    public MilterAddress Address { get; }

    /// <summary>What it wants to do.</summary>
    public uint Actions { get; set; } = 0x1FF;

    /// <summary>How it wants the protocol.</summary>
    public uint Steps { get; set; } = 0x10_0400;

    /// <summary>What is put behind its negotiation.</summary>
    public byte[] Macros { get; set; } = [];

    /// <summary>
    /// What it says to a command, whole packets or not; null for the usual (negotiation, or go on). An empty answer is silence;
    /// <see cref="Hangup"/> ends the connection.
    /// </summary>
    public Func<char, string, byte[]?> Answer { get; set; } = static (_, _) => null;

    /// <summary>Said in place of an answer.</summary>
    public static readonly byte[] Hangup = [1];

    /// <summary>Connections so far.</summary>
    public int Sessions => _sessions;

    /// <summary>Commands, each with its data, NUL as a bar; negotiation is left out.</summary>
    public IReadOnlyList<string> Heard => [.. _heard];

    /// <summary>Commands without their macros.</summary>
    public IReadOnlyList<string> Commands => [.. _heard.Where(static h => h[0] != 'D')];

    public void Forget() => _heard.Clear();

    /// <summary>A packet.</summary>
    public static byte[] Packet(char code, string data = "")
    {
        var bytes = new byte[5 + data.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, data.Length + 1);
        bytes[4] = (byte)code;
        Encoding.Latin1.GetBytes(data, bytes.AsSpan(5));
        return bytes;
    }

    /// <summary>Packets, one after another.</summary>
    public static byte[] All(params byte[][] packets) => [.. packets.SelectMany(static p => p)];

    /// <summary>A number in front of data.</summary>
    public static string Number(uint number) =>
        new([.. BitConverter.GetBytes(BinaryPrimitives.ReverseEndianness(number)).Select(static b => (char)b)]);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _serving;
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        var sessions = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                Interlocked.Increment(ref _sessions);
                sessions.Add(TalkAsync(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(sessions);
        }
    }

    private async Task TalkAsync(TcpClient client)
    {
        using var held = client;
        var stream = client.GetStream();
        var head = new byte[5];
        try
        {
            while (true)
            {
                await stream.ReadExactlyAsync(head, _stop.Token);
                var data = new byte[BinaryPrimitives.ReadInt32BigEndian(head) - 1];
                await stream.ReadExactlyAsync(data, _stop.Token);
                var (code, text) = ((char)head[4], Encoding.Latin1.GetString(data));
                if (code != 'O')
                    _heard.Enqueue(code + text.Replace('\0', '|'));
                if (code == 'Q')
                    return;
                var answer = Answer(code, text) ?? Usual(code);
                if (ReferenceEquals(answer, Hangup))
                    return;
                await stream.WriteAsync(answer, _stop.Token);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
        {
            // The other end is gone, or the test is over.
        }
    }

    private byte[] Usual(char code) =>
        code switch
        {
            'O' => All([
                .. Packet('O', Number(6) + Number(Actions) + Number(Steps) + Encoding.Latin1.GetString(Macros)),
            ]),
            'D' or 'A' or 'K' => [],
            _ => Packet('c'),
        };
}
