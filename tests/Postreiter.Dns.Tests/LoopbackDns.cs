using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Postreiter.Dns.Tests;

/// <summary>A DNS server on loopback, UDP and TCP on one port, that answers each question as the test says.</summary>
internal sealed class LoopbackDns : IAsyncDisposable
{
    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly TcpListener _tcp;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;
    private readonly Func<Question, IEnumerable<byte[]>> _answer;

    /// <param name="answer">Gives the datagrams to send; by TCP the first one counts. None is silence.</param>
    public LoopbackDns(Func<Question, IEnumerable<byte[]>> answer)
    {
        _answer = answer;
        while (true)
        {
            _udp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            Address = (IPEndPoint)_udp.LocalEndPoint!;
            _tcp = new TcpListener(Address);
            try
            {
                _tcp.Start();
                break;
            }
            catch (SocketException)
            {
                // Somebody has this port for TCP: another one.
                _udp.Dispose();
                _udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            }
        }

        _work = Task.WhenAll(ServeUdpAsync(_stop.Token), ServeTcpAsync(_stop.Token));
    }

    public LoopbackDns(Func<Question, byte[]> answer)
        : this(q => (IEnumerable<byte[]>)[answer(q)]) { }

    public IPEndPoint Address { get; }

    /// <summary>Every question, in order.</summary>
    public ConcurrentQueue<Question> Questions { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _udp.Dispose();
        _tcp.Dispose();
        await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task ServeUdpAsync(CancellationToken ct)
    {
        var buffer = new byte[4096];
        while (true)
        {
            var got = await _udp.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), ct);
            foreach (var reply in Answer(buffer[..got.ReceivedBytes], isTcp: false))
                await _udp.SendToAsync(reply, got.RemoteEndPoint, ct);
        }
    }

    private async Task ServeTcpAsync(CancellationToken ct)
    {
        while (true)
        {
            using var client = await _tcp.AcceptTcpClientAsync(ct);
            var stream = client.GetStream();
            var length = new byte[2];
            await stream.ReadExactlyAsync(length, ct);
            var query = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
            await stream.ReadExactlyAsync(query, ct);
            foreach (var reply in Answer(query, isTcp: true).Take(1))
            {
                BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)reply.Length);
                await stream.WriteAsync((byte[])[.. length, .. reply], ct);
            }
        }
    }

    private IEnumerable<byte[]> Answer(byte[] query, bool isTcp)
    {
        var question = new Question(query, isTcp);
        Questions.Enqueue(question);
        return _answer(question);
    }
}

/// <summary>One question as it came.</summary>
internal sealed record Question(byte[] Bytes, bool IsTcp)
{
    public string Name
    {
        get
        {
            var labels = new List<string>();
            for (var at = 12; Bytes[at] != 0; at += Bytes[at] + 1)
                labels.Add(System.Text.Encoding.ASCII.GetString(Bytes, at + 1, Bytes[at]));
            return string.Join('.', labels);
        }
    }

    public int Type => (Bytes[End] << 8) | Bytes[End + 1];

    public bool HasEdns => Bytes[11] == 1;

    private int End => 12 + Name.Length + 2;

    /// <summary>An answer to this question.</summary>
    public byte[] Reply(int code, params Record[] answers) => Reply(code, 0, answers, []);

    /// <param name="code">RCODE.</param>
    /// <param name="flags">Further bits: 0x0200 TC, 0x0020 AD.</param>
    /// <param name="answers">Answer section.</param>
    /// <param name="authorities">Authority section.</param>
    public byte[] Reply(int code, int flags, Record[] answers, Record[] authorities)
    {
        var bytes = new List<byte>(Bytes[..2]);
        var bits = 0x8180 | code | flags;
        bytes.AddRange([(byte)(bits >> 8), (byte)bits, 0, 1]);
        bytes.AddRange([(byte)(answers.Length >> 8), (byte)answers.Length, 0, (byte)authorities.Length, 0, 0]);
        bytes.AddRange(Bytes[12..(End + 4)]);
        foreach (var record in (Record[])[.. answers, .. authorities])
            bytes.AddRange(record.Bytes());
        return [.. bytes];
    }
}

/// <summary>A record as a test writes it.</summary>
internal sealed record Record(string Owner, int Type, uint Ttl, params byte[] Data)
{
    public static Record A(string owner, string address, uint ttl = 300) =>
        new(owner, 1, ttl, IPAddress.Parse(address).GetAddressBytes());

    public static Record Aaaa(string owner, string address, uint ttl = 300) =>
        new(owner, 28, ttl, IPAddress.Parse(address).GetAddressBytes());

    public static Record Cname(string owner, string target, uint ttl = 300) => new(owner, 5, ttl, Name(target));

    public static Record Ptr(string owner, string target) => new(owner, 12, 300, Name(target));

    public static Record Mx(string owner, byte preference, string exchange) =>
        new(owner, 15, 300, [0, preference, .. Name(exchange)]);

    public static Record Txt(string owner, params string[] strings) =>
        new(owner, 16, 300, [.. strings.SelectMany(s => (byte[])[(byte)s.Length, .. s.Select(c => (byte)c)])]);

    public static Record Soa(string owner, uint ttl, uint minimum) =>
        new(owner, 6, ttl, [.. Name("ns.test"), .. Name("admin.test"), .. new byte[16], .. Number(minimum)]);

    public static byte[] Name(string name) =>
        name == "."
            ? [0]
            : [.. name.Split('.').SelectMany(l => (byte[])[(byte)l.Length, .. l.Select(c => (byte)c)]), 0];

    public IEnumerable<byte> Bytes() =>
        [.. Name(Owner), 0, (byte)Type, 0, 1, .. Number(Ttl), (byte)(Data.Length >> 8), (byte)Data.Length, .. Data];

    private static byte[] Number(uint n) => [(byte)(n >> 24), (byte)(n >> 16), (byte)(n >> 8), (byte)n];
}
