using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postreiter.Testing;

namespace Postreiter.Net.Tests;

/// <summary>Outgoing connections over real sockets.</summary>
public sealed class SocketDiallerTests
{
    private static readonly X509Certificate2 Certificate = CreateCertificate();
    private readonly TestClock _clock = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nobody_there_is_a_reason_and_no_exception()
    {
        using var listener = Listen();
        var address = (IPEndPoint)listener.LocalEndpoint;
        listener.Stop();
        var result = await new SocketDialler(_clock).ConnectAsync(address, TimeSpan.FromSeconds(30), Ct);
        Assert.Equal((null, "ConnectionRefused"), (result.Connection, result.Error));
    }

    [Fact]
    public async Task What_the_system_refuses_is_a_reason_too()
    {
        // A machine without IPv6 fails at the socket, any other here: TCP to a group of hosts.
        var to = new IPEndPoint(IPAddress.Parse("ff02::1"), 25);
        var result = await new SocketDialler(_clock).ConnectAsync(to, TimeSpan.FromSeconds(30), Ct);
        Assert.NotNull(result.Error);
    }

    [Theory]
    [InlineData(false, "any.name", true)] // RFC 7435 §3: opportunistic TLS takes any certificate
    [InlineData(true, "mail.example", false)] // nobody vouches for it
    [InlineData(true, "any.name", false)]
    [InlineData(false, "192.0.2.1", true)]
    public async Task TLS_begins_and_bytes_sent_ahead_of_it_are_dropped(bool verify, string name, bool succeeds)
    {
        using var listener = Listen();
        var serving = ServeAsync(listener);
        var dialled = await new SocketDialler(_clock).ConnectAsync(
            (IPEndPoint)listener.LocalEndpoint,
            TimeSpan.FromSeconds(30),
            Ct
        );
        await using var connection = dialled.Connection!;
        Assert.Equal("220 go\r\n", await ReadAsync(connection.Input, 8));
        Assert.Equal(succeeds, await connection.StartTlsAsync(name, verify, Ct));
        Assert.Equal(succeeds, connection.Tls is not null);
        if (succeeds)
        {
            // RFC 3207 §4.2: "250 injected" came with the 220, in the clear.
            Assert.Equal("after\r\n", await ReadAsync(connection.Input, 7));
            await connection.Output.WriteAsync("hello\r\n"u8.ToArray(), Ct);
        }
        else
        {
            connection.Abort();
        }

        Assert.Equal(succeeds ? "hello\r\n" : null, await serving);
    }

    [Fact]
    public async Task A_handshake_takes_30_s_at_most()
    {
        using var listener = Listen();
        var dialled = await new SocketDialler(_clock).ConnectAsync(
            (IPEndPoint)listener.LocalEndpoint,
            TimeSpan.FromSeconds(30),
            Ct
        );
        using var silent = await listener.AcceptTcpClientAsync(Ct);
        await using var connection = dialled.Connection!;
        var handshake = connection.StartTlsAsync("mail.example", false, Ct).AsTask();
        await _clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(30), Ct);
        Assert.False(await handshake);
    }

    [Fact]
    public async Task F14_closing_does_not_wait_for_a_peer_that_does_not_read()
    {
        using var listener = Listen();
        var dialled = await new SocketDialler(_clock).ConnectAsync(
            (IPEndPoint)listener.LocalEndpoint,
            TimeSpan.FromSeconds(30),
            Ct
        );
        using var deaf = await listener.AcceptTcpClientAsync(Ct);
        using var enough = new CancellationTokenSource();
        var connection = dialled.Connection!;
        var writing = Task.Run(
            async () =>
            {
                while (true)
                    await connection.Output.WriteAsync(new byte[1_000_000], enough.Token);
            },
            Ct
        );
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
        connection.Abort();
        await connection.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, Ct);
    }

    private static TcpListener Listen()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return listener;
    }

    /// <summary>Says go and more in one piece, does the handshake, greets and reads a line.</summary>
    private static async Task<string?> ServeAsync(TcpListener listener)
    {
        using var client = await listener.AcceptTcpClientAsync(Ct);
        var plain = client.GetStream();
        await plain.WriteAsync("220 go\r\n250 injected\r\n"u8.ToArray(), Ct);
        await using var tls = new SslStream(plain);
        try
        {
            await tls.AuthenticateAsServerAsync(Certificate);
            await tls.WriteAsync("after\r\n"u8.ToArray(), Ct);
            var line = new byte[7];
            await tls.ReadExactlyAsync(line, Ct);
            return Encoding.ASCII.GetString(line);
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
        {
            return null;
        }
    }

    private static async Task<string> ReadAsync(PipeReader input, int count)
    {
        var result = await input.ReadAtLeastAsync(count, Ct);
        var start = result.Buffer.Slice(0, count);
        var text = Encoding.ASCII.GetString(start);
        input.AdvanceTo(start.End);
        return text;
    }

    private static X509Certificate2 CreateCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=mail.example", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(
            new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero),
            new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero)
        );
    }
}
