using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using Postreiter.Delivery.Scanning;

namespace Postreiter.Interop.Tests.Virus;

/// <summary>Each kind of scanner against the real thing: infected, clean, and dying in mid-stream.</summary>
public sealed class ScannerTests : IAsyncLifetime
{
    private readonly ClamdServer _clamd = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(ClamdServer.Missing is null, ClamdServer.Missing ?? "");
        await _clamd.StartAsync();
    }

    public ValueTask DisposeAsync() => _clamd.DisposeAsync();

    [Fact]
    public async Task Clamd_takes_message_after_message_in_one_session()
    {
        var scanner = Clamd();
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal((ScanState.Clean, ""), await ScanAsync(scanner, "nothing"));
            Assert.Equal(
                (ScanState.Infected, "Eicar-Test-Signature.UNOFFICIAL"),
                await ScanAsync(scanner, ClamdServer.Eicar)
            );
        }
    }

    [Fact]
    public async Task Clamd_that_dies_in_mid_stream_has_failed_and_works_again_when_it_is_back()
    {
        var scanner = Clamd();
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var scanning = scanner.ScanAsync(pipe.Reader, Ct).AsTask();
        for (var i = 0; i < 10; i++)
            await pipe.Writer.WriteAsync(new byte[50_000], Ct);
        await _clamd.KillAsync();
        await pipe.Writer.WriteAsync(new byte[50_000], Ct);
        await pipe.Writer.CompleteAsync();
        Assert.Equal(ScanState.Failed, (await scanning).State);
        await _clamd.StartAsync();
        Assert.Equal(ScanState.Clean, (await ScanAsync(scanner, "nothing")).State);
    }

    [Fact]
    public async Task Clamscan_runs_as_a_program()
    {
        const string Program = "/usr/bin/clamscan";
        Assert.SkipUnless(File.Exists(Program), "clamscan is not installed: run tests/setup as root");
        var words = CommandScanner.Words($"{Program} --no-summary --database={_clamd.Signatures} -");
        var scanner = new CommandScanner("clamscan", words, TimeSpan.FromMinutes(2), TimeProvider.System);
        Assert.Equal((ScanState.Clean, ""), await ScanAsync(scanner, "nothing"));
        Assert.Equal(
            (ScanState.Infected, "Eicar-Test-Signature.UNOFFICIAL"),
            await ScanAsync(scanner, ClamdServer.Eicar)
        );
        var broken = new CommandScanner(
            "clamscan",
            [Program, "--database=/no/such/folder", "-"],
            TimeSpan.FromMinutes(2),
            TimeProvider.System
        );
        Assert.Equal(ScanState.Failed, (await ScanAsync(broken, "nothing")).State);
    }

    [Fact]
    public async Task C_icap_says_what_its_scanner_says()
    {
        Assert.SkipUnless(CIcapServer.Missing is null, CIcapServer.Missing ?? "");
        await using var server = new CIcapServer();
        await server.StartAsync(_clamd.Socket);
        var scanner = Icap(server, "avscan");
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal((ScanState.Clean, ""), await ScanAsync(scanner, "nothing " + new string('x', 100_000 * i)));
            Assert.Equal(
                (ScanState.Infected, "Eicar-Test-Signature.UNOFFICIAL"),
                await ScanAsync(scanner, ClamdServer.Eicar)
            );
        }

        // A pattern behind the preview: the rest was sent and looked at.
        Assert.Equal(
            (ScanState.Infected, "Postreiter.Second.UNOFFICIAL"),
            await ScanAsync(scanner, new string(' ', 200_000) + ClamdServer.SecondPattern)
        );
        var echo = Icap(server, "echo");
        Assert.Equal((ScanState.Clean, ""), await ScanAsync(echo, ClamdServer.Eicar));
        Assert.Equal((ScanState.Clean, ""), await ScanAsync(echo, new string('x', 1_000_000)));
        Assert.Contains(
            "404",
            (await ScanAsync(Icap(server, "no-such-service"), "x")).Detail,
            StringComparison.Ordinal
        );
    }

    private ClamdScanner Clamd() =>
        new("clamd", [new UnixDomainSocketEndPoint(_clamd.Socket)], ScannerEndPoint.ConnectAsync, TimeProvider.System);

    private static IcapScanner Icap(CIcapServer server, string service) =>
        new(
            "icap",
            new Uri($"icap://127.0.0.1:{server.Port}/{service}"),
            ScannerEndPoint.ConnectAsync,
            TimeProvider.System
        );

    private static async Task<(ScanState State, string Detail)> ScanAsync(IContentScanner scanner, string text)
    {
        var answer = await scanner.ScanAsync(PipeReader.Create(new MemoryStream(Encoding.Latin1.GetBytes(text))), Ct);
        return (answer.State, answer.Detail);
    }
}
