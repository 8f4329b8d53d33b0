using System.Net;
using System.Net.Sockets;
using System.Security.Authentication.ExtendedProtection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Postreiter.Net.Listeners;
using Postreiter.Testing;

namespace Postreiter.Net.Tests.Listeners;

/// <summary>What stands between a socket and its session.</summary>
public sealed class ListenerDoorTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("PROXY TCP4 203.0.113.7 198.51.100.2 40000 25\r\n", "203.0.113.7:40000 198.51.100.2:25")]
    [InlineData("PROXY TCP6 2001:db8::7 2001:db8::2 40000 25\r\n", "[2001:db8::7]:40000 [2001:db8::2]:25")]
    [InlineData("PROXY TCP6 ::ffff:203.0.113.7 ::ffff:198.51.100.2 40000 25\r\n", "203.0.113.7:40000 198.51.100.2:25")]
    public async Task A_trusted_proxy_names_the_peer_and_what_follows_is_the_session(string header, string ends)
    {
        foreach (var implicitTls in new[] { false, true })
        {
            var plan = TestListener.Plan(new Teller()) with
            {
                Proxies = [IPNetwork.Parse("127.0.0.0/8")],
                ImplicitTls = implicitTls,
            };
            await using var listener = await TestListener.StartAsync(plan);
            var stream = await listener.ConnectAsync();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(header + (implicitTls ? "" : "hello")), Ct);
            if (implicitTls)
            {
                var tls = await TestListener.SecureAsync(stream);
                await tls.WriteAsync("hello"u8.ToArray(), Ct);
                stream = tls;
            }

            await using var closing = stream;
            Assert.Equal(ends + " hello", await TestListener.ReadAllAsync(stream));
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_client_that_has_said_all_and_closed_its_side_gets_its_answer(bool implicitTls)
    {
        var plan = TestListener.Plan(new Teller()) with
        {
            Proxies = [IPNetwork.Parse("127.0.0.0/8")],
            ImplicitTls = implicitTls,
            Limits = () => new ConnectionLimits(1000, 1000),
        };
        await using var listener = await TestListener.StartAsync(plan);
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(AskAsync, Ct)));
        Assert.All(answers, a => Assert.EndsWith(" hello", a, StringComparison.Ordinal));

        async Task<string> AskAsync()
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(listener.Address, Ct);
            Stream stream = new NetworkStream(socket);
            var header = "PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(header + (implicitTls ? "" : "hello")), Ct);
            if (implicitTls)
            {
                stream = await TestListener.SecureAsync(stream);
                await stream.WriteAsync("hello"u8.ToArray(), Ct);
            }

            socket.Shutdown(SocketShutdown.Send);
            await using var closing = stream;
            return await TestListener.ReadAllAsync(stream);
        }
    }

    [Fact]
    public async Task A_proxy_that_speaks_for_itself_keeps_its_address()
    {
        var plan = TestListener.Plan(new Teller()) with { Proxies = [IPNetwork.Parse("127.0.0.1/32")] };
        await using var listener = await TestListener.StartAsync(plan);
        await using var stream = await listener.ConnectAsync();
        await stream.WriteAsync("PROXY UNKNOWN\r\nhello"u8.ToArray(), Ct);
        Assert.StartsWith("127.0.0.1:", await TestListener.ReadAllAsync(stream), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_else_names_a_peer()
    {
        var plan = TestListener.Plan(new Teller()) with { Proxies = [IPNetwork.Parse("10.0.0.0/8")] };
        await using var listener = await TestListener.StartAsync(plan);
        await using var stream = await listener.ConnectAsync();
        await stream.WriteAsync("PROXY TCP4 203.0.113.7 198.51.100.2 40000 25\r\n"u8.ToArray(), Ct);
        var told = await TestListener.ReadAllAsync(stream);
        Assert.StartsWith("127.0.0.1:", told, StringComparison.Ordinal);
        Assert.Contains(" PROXY", told, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("EHLO c\r\n", false)]
    [InlineData("PROXY TCP4 nonsense\r\n", false)]
    [InlineData("PROX", true)]
    public async Task A_proxy_without_its_header_is_hung_up_on(string start, bool isSlow)
    {
        var clock = new TestClock();
        var plan = TestListener.Plan(new Teller()) with { Proxies = [IPNetwork.Parse("127.0.0.0/8")] };
        await using var listener = await TestListener.StartAsync(plan, clock);
        await using var stream = await listener.ConnectAsync();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(start), Ct);
        if (isSlow)
            await clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(10), Ct);
        Assert.Equal("", await ReadUntilGoneAsync(stream));
    }

    [Fact]
    public async Task L12_the_peer_behind_a_proxy_has_its_share_and_not_the_proxy()
    {
        var plan = TestListener.Plan(new Teller()) with
        {
            Limits = () => new ConnectionLimits(10, 1),
            Proxies = [IPNetwork.Parse("127.0.0.0/8")],
        };
        await using var listener = await TestListener.StartAsync(plan);
        await using var first = await listener.ConnectAsync();
        await first.WriteAsync("PROXY TCP4 203.0.113.7 198.51.100.2 1 25\r\n"u8.ToArray(), Ct);
        await first.ReadExactlyAsync(new byte["203.0.113.7:1 198.51.100.2:25 ".Length], Ct);
        await using var second = await listener.ConnectAsync();
        await second.WriteAsync("PROXY TCP4 203.0.113.7 198.51.100.2 2 25\r\n"u8.ToArray(), Ct);
        Assert.Equal("421 busy\r\n", await TestListener.ReadAllAsync(second));
        await using var third = await listener.ConnectAsync();
        await third.WriteAsync("PROXY TCP4 203.0.113.8 198.51.100.2 3 25\r\nx"u8.ToArray(), Ct);
        Assert.Equal("203.0.113.8:3 198.51.100.2:25 x", await TestListener.ReadAllAsync(third));
    }

    [Fact]
    public async Task L12_callers_above_the_limit_are_told_and_others_later_are_let_in()
    {
        var handler = new Teller();
        await using var listener = await TestListener.StartAsync(
            TestListener.Plan(handler) with
            {
                Limits = () => new ConnectionLimits(5, 10),
            }
        );
        var open = new List<Stream>();
        for (var i = 0; i < 5; i++)
        {
            var stream = await listener.ConnectAsync();
            open.Add(stream);
            await stream.ReadExactlyAsync(new byte[10], Ct);
            // Stress begins above 80 %.
            Assert.Equal(i == 4, handler.Last!.IsUnderStress);
        }

        await using (var sixth = await listener.ConnectAsync())
            Assert.Equal("421 busy\r\n", await TestListener.ReadAllAsync(sixth));
        await open[0].WriteAsync("x"u8.ToArray(), Ct);
        await TestListener.ReadAllAsync(open[0]);
        await handler.Ended.WaitAsync(Ct);
        // The place is given back when the handler has returned.
        string told;
        do
        {
            await using var seventh = await listener.ConnectAsync();
            await seventh.WriteAsync("x"u8.ToArray(), Ct);
            told = await ReadUntilGoneAsync(seventh);
        } while (told is "421 busy\r\n" or "");
        Assert.EndsWith(" x", told, StringComparison.Ordinal);
        foreach (var stream in open)
            await stream.DisposeAsync();
    }

    [Theory]
    [InlineData(false, true, "421 no TLS\r\n")]
    [InlineData(true, true, "421 no TLS\r\n")]
    [InlineData(false, false, null)]
    [InlineData(true, false, null)]
    public async Task F10_without_a_good_certificate_only_listeners_that_need_none_go_on(
        bool hasOne,
        bool needsOne,
        string? told
    )
    {
        var clock = new TestClock();
        if (hasOne)
            clock.SetUtcNow(new DateTimeOffset(2101, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var log = new Errors();
        var plan = TestListener.Plan(new Teller()) with
        {
            NeedsCertificate = () => needsOne,
            Certificate = () => hasOne ? TestListener.Certificate : null,
        };
        await using var listener = await TestListener.StartAsync(plan, clock, log);
        for (var i = 0; i < 3; i++)
        {
            await using var stream = await listener.ConnectAsync();
            if (told is null)
                await stream.WriteAsync("x"u8.ToArray(), Ct);
            var got = await TestListener.ReadAllAsync(stream);
            if (told is not null)
                Assert.Equal(told, got);
            else
                Assert.EndsWith(" x", got, StringComparison.Ordinal);
        }

        Assert.Equal(needsOne ? 1 : 0, log.Count);
        clock.Advance(TimeSpan.FromHours(1));
        await using var later = await listener.ConnectAsync();
        if (told is null)
            await later.WriteAsync("x"u8.ToArray(), Ct);
        await TestListener.ReadAllAsync(later);
        Assert.Equal(needsOne ? 2 : 0, log.Count);
    }

    [Theory]
    [InlineData("SHA256")]
    [InlineData("SHA384")]
    [InlineData("SHA512")]
    public async Task The_channel_binding_is_that_of_the_client(string hash)
    {
        var handler = new Teller();
        var certificate = TestListener.Context(new HashAlgorithmName(hash));
        var plan = TestListener.Plan(handler) with { ImplicitTls = true, Certificate = () => certificate };
        await using var listener = await TestListener.StartAsync(plan);
        await using var tls = await TestListener.SecureAsync(await listener.ConnectAsync());
        await tls.WriteAsync("x"u8.ToArray(), Ct);
        await TestListener.ReadAllAsync(tls);
        // RFC 5929 §4.1, from the other end and by other code.
        using var binding = tls.TransportContext.GetChannelBinding(ChannelBindingKind.Endpoint)!;
        var bytes = new byte[binding.Size];
        System.Runtime.InteropServices.Marshal.Copy(binding.DangerousGetHandle(), bytes, 0, bytes.Length);
        var prefix = "tls-server-end-point:"u8;
        Assert.True(bytes.AsSpan().IndexOf(prefix) is var at && at >= 0);
        Assert.Equal(
            Convert.ToHexString(bytes[(at + prefix.Length)..]),
            Convert.ToHexString(handler.Last!.Tls!.ServerEndPointBinding!.Value.Span)
        );
    }

    [Fact]
    public async Task L28_a_session_that_does_not_read_holds_the_peer_back()
    {
        var handler = new Deaf();
        await using var listener = await TestListener.StartAsync(TestListener.Plan(handler));
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendBufferSize = 64 * 1024 };
        await socket.ConnectAsync(listener.Address, Ct);
        await handler.Began.WaitAsync(Ct);
        // Written until nothing more is taken: the system's buffers, and our 64 KiB.
        socket.Blocking = false;
        var piece = new byte[64 * 1024];
        var (sent, idle) = (0L, 0);
        while (idle < 1000 && sent < 64L * 1024 * 1024)
        {
            try
            {
                sent += socket.Send(piece);
                idle = 0;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
            {
                idle++;
                await Task.Yield();
            }
        }

        Assert.InRange(sent, 64 * 1024, 32L * 1024 * 1024);
        handler.Leave();
    }

    [Fact]
    public async Task F14_sockets_are_watched_for_peers_that_vanish()
    {
        var options = new Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets.SocketTransportOptions();
        KestrelMailListeners.Configure(options);
        using var socket = options.CreateBoundListenSocket(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen(1);
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(socket.LocalEndPoint!, Ct);
        using var accepted = await socket.AcceptAsync(Ct);
        Assert.NotEqual(0, (int)accepted.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive)!);
        Assert.Equal(120, (int)accepted.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime)!);
        var timeout = new byte[4];
        accepted.GetRawSocketOption((int)SocketOptionLevel.Tcp, 18, timeout);
        Assert.Equal(300_000, BitConverter.ToInt32(timeout));
        Assert.True(options.Backlog >= 1024);
    }

    private static async Task<string> ReadUntilGoneAsync(Stream stream)
    {
        try
        {
            return await TestListener.ReadAllAsync(stream);
        }
        catch (IOException)
        {
            // Hung up on with bytes unread: the system says so its own way.
            return "";
        }
    }

    /// <summary>Tells who the peer is, and gives back the first bytes that come.</summary>
    private sealed class Teller : IConnectionHandler
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Connection? Last { get; private set; }

        public Task Ended => _ended.Task;

        public async Task HandleAsync(Connection connection, CancellationToken stopping)
        {
            Last = connection;
            await connection.Output.WriteAsync(
                Encoding.ASCII.GetBytes($"{connection.Remote} {connection.Local} "),
                CancellationToken.None
            );
            var first = await connection.Input.ReadAsync(CancellationToken.None);
            foreach (var part in first.Buffer)
                await connection.Output.WriteAsync(part, CancellationToken.None);
            connection.Input.AdvanceTo(first.Buffer.End);
            _ended.TrySetResult();
        }
    }

    private sealed class Deaf : IConnectionHandler
    {
        private readonly TaskCompletionSource _began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _leave = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Began => _began.Task;

        public void Leave() => _leave.TrySetResult();

        public Task HandleAsync(Connection connection, CancellationToken stopping)
        {
            _began.TrySetResult();
            return _leave.Task;
        }
    }

    private sealed class Errors : ILogger
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            if (logLevel >= LogLevel.Error)
                Interlocked.Increment(ref _count);
        }
    }
}
