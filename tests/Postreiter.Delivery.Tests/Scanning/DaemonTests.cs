using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Postreiter.Delivery.Scanning;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Scanning;

/// <summary>Scanners whose other end dies, stalls, or says what no such daemon says.</summary>
public sealed class DaemonTests
{
    private readonly TestClock _clock = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_clamd_that_is_not_there_is_named()
    {
        var (address, _) = Closed();
        var answer = await Clamd(address).ScanAsync(Content("text"), Ct);
        Assert.Equal(ScanState.Failed, answer.State);
        Assert.Contains(ScannerEndPoint.Describe(address), answer.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_next_clamd_is_asked_when_the_first_is_not_there()
    {
        using var daemon = new Daemon(
            async (stream, _) =>
            {
                await ReadMessageAsync(stream);
                await stream.WriteAsync("1: stream: OK\0"u8.ToArray(), Ct);
            }
        );
        var (closed, _) = Closed();
        Assert.Equal(ScanState.Clean, (await Clamd(closed, daemon.Address).ScanAsync(Content("text"), Ct)).State);
    }

    [Fact]
    public async Task A_session_is_used_again_and_one_that_ended_meanwhile_is_not()
    {
        using var daemon = new Daemon(
            async (stream, number) =>
            {
                for (var i = 1; i <= 2; i++)
                {
                    await ReadMessageAsync(stream);
                    await stream.WriteAsync(Encoding.ASCII.GetBytes($"{i}: stream: C{number}M{i} FOUND\0"), Ct);
                }
            }
        );
        var scanner = Clamd(daemon.Address);
        var found = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            found.Add((await scanner.ScanAsync(Content("text"), Ct)).Detail);
            if (i == 1)
                await daemon.EndOfFirstAsync();
        }

        Assert.Equal(["C1M1", "C1M2", "C2M1"], found);
    }

    [Fact]
    public async Task A_clamd_that_dies_in_mid_stream_has_failed()
    {
        using var daemon = new Daemon(static async (stream, _) => _ = await stream.ReadAsync(new byte[100], Ct));
        var answer = await Clamd(daemon.Address).ScanAsync(Content(new string('x', 10_000_000)), Ct);
        Assert.Equal(ScanState.Failed, answer.State);
    }

    [Fact]
    public async Task An_early_answer_counts_though_the_rest_is_not_taken()
    {
        using var daemon = new Daemon(
            static async (stream, _) =>
            {
                _ = await stream.ReadAsync(new byte[100], Ct);
                await stream.WriteAsync("INSTREAM size limit exceeded. ERROR\0"u8.ToArray(), Ct);
                // It reads on, as clamd does for a moment, so that its answer is not lost in a reset.
                await stream.CopyToAsync(Stream.Null, Ct);
            }
        );
        var content = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var scanning = Clamd(daemon.Address).ScanAsync(content.Reader, Ct).AsTask();
        // The message does not end: the answer ends the scan all the same, with the next piece.
        while (!scanning.IsCompleted)
        {
            await content.Writer.WriteAsync(new byte[1000], Ct);
            await Task.Yield();
        }

        Assert.Equal("INSTREAM size limit exceeded. ERROR", (await scanning).Detail);
        await content.Writer.CompleteAsync();
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense\0")]
    public async Task What_is_no_answer_is_a_failure(string text)
    {
        using var daemon = new Daemon(
            async (stream, _) =>
            {
                await ReadMessageAsync(stream);
                await stream.WriteAsync(Encoding.Latin1.GetBytes(text), Ct);
            }
        );
        Assert.Equal(ScanState.Failed, (await Clamd(daemon.Address).ScanAsync(Content("text"), Ct)).State);
    }

    [Fact]
    public async Task An_endless_answer_is_a_failure()
    {
        using var daemon = new Daemon(
            static async (stream, _) =>
            {
                while (true)
                    await stream.WriteAsync(new byte[] { (byte)'x' }, Ct);
            }
        );
        var answer = await Clamd(daemon.Address).ScanAsync(Content("text"), Ct);
        Assert.Contains("too long", answer.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clamd_that_never_answers_has_failed_after_a_minute()
    {
        var whole = new TaskCompletionSource();
        using var daemon = new Daemon(
            async (stream, _) =>
            {
                await ReadMessageAsync(stream);
                whole.SetResult();
                await stream.CopyToAsync(Stream.Null, Ct);
            }
        );
        var scanning = Clamd(daemon.Address).ScanAsync(Content("text"), Ct).AsTask();
        await whole.Task;
        await _clock.AdvanceWhenAwaitedAsync(TimeSpan.FromMinutes(1), Ct);
        Assert.Contains("took over 60 s", (await scanning).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Icap_asks_for_its_preview_and_sends_the_rest_on_demand()
    {
        using var daemon = new Daemon(
            static async (stream, _) =>
            {
                await ReadToAsync(stream, "\r\n\r\n");
                await stream.WriteAsync(
                    "ICAP/1.0 200 OK\r\nMethods: RESPMOD\r\nPreview: 4\r\nEncapsulated: null-body=0\r\n\r\n"u8.ToArray(),
                    Ct
                );
                var head = await ReadToAsync(stream, "4\r\nabcd\r\n0\r\n\r\n");
                Assert.Contains("Preview: 4\r\n", head, StringComparison.Ordinal);
                await stream.WriteAsync("ICAP/1.0 100 Continue\r\n\r\n"u8.ToArray(), Ct);
                await ReadToAsync(stream, "efgh\r\n0\r\n\r\n");
                await stream.WriteAsync("ICAP/1.0 204 No Content\r\n\r\n"u8.ToArray(), Ct);
                // The same connection, a message that is smaller than the preview, and a page in its place.
                await ReadToAsync(stream, "2\r\nij\r\n0; ieof\r\n\r\n");
                await stream.WriteAsync(
                    "ICAP/1.0 200 OK\r\nX-Infection-Found: Type=0; Resolution=2; Threat=Worm;\r\nEncapsulated: res-hdr=0, res-body=30\r\n\r\n"u8.ToArray(),
                    Ct
                );
            }
        );
        var scanner = Icap(daemon.Address);
        Assert.Equal(ScanState.Clean, (await scanner.ScanAsync(Content("abcdefgh"), Ct)).State);
        Assert.Equal((ScanState.Infected, "Worm"), Pair(await scanner.ScanAsync(Content("ij"), Ct)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_early_answer_of_icap_counts_and_the_connection_is_not_used_again(bool hangsUp)
    {
        using var daemon = new Daemon(
            async (stream, number) =>
            {
                if (number == 1)
                {
                    await ReadToAsync(stream, "\r\n\r\n");
                    await stream.WriteAsync("ICAP/1.0 200 OK\r\nMethods: RESPMOD\r\n\r\n"u8.ToArray(), Ct);
                }

                await ReadToAsync(stream, "message/rfc822\r\n\r\n");
                var answer = $"ICAP/1.0 20{(number == 1 ? "4 No Content" : "0 OK\r\nX-Virus-ID: Worm")}\r\n\r\n";
                await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), Ct);
                // Read, so that no reset takes the answer away; then the rest is not taken.
                if (hangsUp)
                    await stream.ReadExactlyAsync(new byte[2000], Ct);
                else
                    await stream.CopyToAsync(Stream.Null, Ct);
            }
        );
        var scanner = Icap(daemon.Address);
        foreach (var state in new[] { ScanState.Clean, ScanState.Infected })
        {
            var content = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
            var scanning = scanner.ScanAsync(content.Reader, Ct).AsTask();
            while (!scanning.IsCompleted)
            {
                await content.Writer.WriteAsync(new byte[100], Ct);
                await Task.Yield();
            }

            Assert.Equal(state, (await scanning).State);
            await content.Writer.CompleteAsync();
        }
    }

    [Theory]
    [InlineData("ICAP/1.0 404 Not Found\r\n\r\n", "OPTIONS of /avscan is answered by 404")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n", "answered by 400")]
    [InlineData("SSH-2.0-x\r\n", "is no status line")]
    [InlineData("ICAP/1.0 200 OK\r\nMethods: REQMOD\r\n\r\n", "does not do RESPMOD, only REQMOD")]
    [InlineData("", "closed the connection")]
    public async Task What_is_no_icap_service_is_named(string answer, string why)
    {
        using var daemon = new Daemon(
            async (stream, _) =>
            {
                await ReadToAsync(stream, "\r\n\r\n");
                await stream.WriteAsync(Encoding.Latin1.GetBytes(answer), Ct);
            }
        );
        Assert.Contains(why, (await Icap(daemon.Address).ScanAsync(Content("x"), Ct)).Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cat >/dev/null; exit 0", ScanState.Clean, "")]
    [InlineData("cat >/dev/null; echo 'stdin: Worm.A FOUND'; exit 1", ScanState.Infected, "Worm.A")]
    [InlineData("exit 1", ScanState.Infected, "unnamed")]
    [InlineData("echo 'no database' >&2; exit 2", ScanState.Failed, "/bin/sh ended with exit code 2: no database")]
    public async Task Exit_codes_are_read(string script, ScanState state, string detail)
    {
        var scanner = new CommandScanner(
            "sh",
            ["/bin/sh", "-c", script],
            TimeSpan.FromSeconds(20),
            TimeProvider.System
        );
        Assert.Equal((state, detail), Pair(await scanner.ScanAsync(Content(new string('x', 100_000)), Ct)));
    }

    [Fact]
    public async Task A_program_that_does_not_end_is_ended_and_one_that_is_not_there_is_named()
    {
        var scanner = new CommandScanner(
            "sh",
            ["/bin/sh", "-c", "cat >/dev/null; sleep 1000"],
            TimeSpan.FromSeconds(20),
            _clock
        );
        var scanning = scanner.ScanAsync(Content("x"), Ct).AsTask();
        await _clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(20), Ct);
        Assert.Contains("took over 20 s and was ended", (await scanning).Detail, StringComparison.Ordinal);
        scanner = new CommandScanner("no", ["/no/such/program"], TimeSpan.FromSeconds(20), _clock);
        Assert.Contains(
            "/no/such/program cannot be run",
            (await scanner.ScanAsync(Content("x"), Ct)).Detail,
            StringComparison.Ordinal
        );
    }

    private static (ScanState, string) Pair(ScanAnswer answer) => (answer.State, answer.Detail);

    private ClamdScanner Clamd(params EndPoint[] addresses) =>
        new("clamd", addresses, ScannerEndPoint.ConnectAsync, _clock);

    private IcapScanner Icap(IPEndPoint address) =>
        new("icap", new Uri($"icap://{address}/avscan"), ScannerEndPoint.ConnectAsync, _clock);

    private static PipeReader Content(string text) =>
        PipeReader.Create(new MemoryStream(Encoding.Latin1.GetBytes(text)));

    private static (EndPoint, int) Closed()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return (listener.LocalEndpoint, ((IPEndPoint)listener.LocalEndpoint).Port);
    }

    private static async Task<string> ReadToAsync(Stream stream, string end)
    {
        var text = new StringBuilder();
        var one = new byte[1];
        while (!text.ToString().EndsWith(end, StringComparison.Ordinal) && await stream.ReadAsync(one, Ct) == 1)
            text.Append((char)one[0]);
        return text.ToString();
    }

    // An INSTREAM up to its chunk of no length.
    private static async Task ReadMessageAsync(Stream stream)
    {
        var command = await ReadToAsync(stream, "zINSTREAM\0");
        if (command.Length == 0)
            return;
        var length = new byte[4];
        while (true)
        {
            await stream.ReadExactlyAsync(length, Ct);
            var count = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(length);
            if (count == 0)
                return;
            await stream.ReadExactlyAsync(new byte[count], Ct);
        }
    }

    /// <summary>A daemon on loopback that does with each connection what a test says, then closes it.</summary>
    private sealed class Daemon : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly TaskCompletionSource _first = new();

        public Daemon(Func<Stream, int, Task> serve)
        {
            _listener.Start();
            _ = AcceptAsync(serve);
        }

        public IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

        public Task EndOfFirstAsync() => _first.Task;

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync(Func<Stream, int, Task> serve)
        {
            for (var number = 1; ; number++)
            {
                Socket socket;
                try
                {
                    socket = await _listener.AcceptSocketAsync(Ct);
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
                {
                    return;
                }

                _ = ServeAsync(socket, serve, number);
            }
        }

        private async Task ServeAsync(Socket socket, Func<Stream, int, Task> serve, int number)
        {
            await using (var stream = new NetworkStream(socket, ownsSocket: true))
            {
                try
                {
                    await serve(stream, number);
                }
                catch (Exception e) when (e is IOException or OperationCanceledException)
                {
                    // The scanner hung up.
                }
            }

            _first.TrySetResult();
        }
    }
}
