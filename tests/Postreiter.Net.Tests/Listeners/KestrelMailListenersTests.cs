using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Net.Listeners;

namespace Postreiter.Net.Tests.Listeners;

/// <summary>Listeners over real sockets: what goes in comes out, whole, in the clear and under TLS.</summary>
public sealed class KestrelMailListenersTests
{
    private const int Bytes = 1_000_000;

    private static readonly SslStreamCertificateContext Certificate = SslStreamCertificateContext.Create(
        CreateCertificate(),
        additionalCertificates: null
    );

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task A_megabyte_goes_both_ways(bool implicitTls, bool startTls)
    {
        var ct = TestContext.Current.CancellationToken;
        await using var server = await Server.StartAsync(implicitTls, new Echo(startTls), ct);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.Address, ct);
        Stream stream = new NetworkStream(socket);
        if (startTls)
        {
            // What comes in the clear behind the command is dropped (RFC 3207 §4.2).
            await stream.WriteAsync("STARTTLS\r\ninjected\r\n"u8.ToArray(), ct);
            await stream.ReadExactlyAsync(new byte[4], ct);
        }

        if (implicitTls || startTls)
            stream = await SecureAsync(stream, ct);
        await using var closing = stream;
        var sent = Enumerable.Range(0, Bytes).Select(static i => (byte)(i * 31 >> 3)).ToArray();
        var writing = stream.WriteAsync(sent, ct).AsTask();
        var received = new byte[Bytes];
        await stream.ReadExactlyAsync(received, ct);
        await writing;
        Assert.True(sent.AsSpan().SequenceEqual(received));
    }

    private static async Task<Stream> SecureAsync(Stream plain, CancellationToken ct)
    {
        var options = new SslClientAuthenticationOptions { TargetHost = "mail.example" };
        options.RemoteCertificateValidationCallback = static (_, certificate, _, _) =>
            certificate?.Subject == "CN=mail.example";
        var tls = new SslStream(plain);
        await tls.AuthenticateAsClientAsync(options, ct);
        return tls;
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

    private sealed class Echo(bool startTls) : IConnectionHandler
    {
        public async Task HandleAsync(Connection connection, CancellationToken stopping)
        {
            if (startTls)
            {
                var first = await connection.Input.ReadAtLeastAsync(20, stopping);
                connection.Input.AdvanceTo(first.Buffer.GetPosition(10));
                connection.Output.Write("OK\r\n"u8);
                Assert.True(await connection.StartTlsAsync(stopping));
            }

            while (true)
            {
                var result = await connection.Input.ReadAsync(stopping);
                foreach (var segment in result.Buffer)
                    await connection.Output.WriteAsync(segment, stopping);
                connection.Input.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                    return;
            }
        }
    }

    private sealed class Server(WebApplication app, ListenOptions listener) : IAsyncDisposable
    {
        public IPEndPoint Address => listener.IPEndPoint!;

        public static async Task<Server> StartAsync(bool implicitTls, IConnectionHandler handler, CancellationToken ct)
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().UseSockets(KestrelMailListeners.Configure);
            ListenOptions? options = null;
            builder.WebHost.ConfigureKestrel(kestrel =>
                options = kestrel.ListenMail(
                    new MailListener
                    {
                        Name = "test",
                        Address = new IPEndPoint(IPAddress.Loopback, 0),
                        ImplicitTls = implicitTls,
                        MaxConnections = 10,
                        MaxPerAddress = 10,
                        BusyReply = default,
                        Certificate = static () => Certificate,
                        Handler = handler,
                    },
                    TimeProvider.System,
                    NullLogger.Instance
                )
            );
            var app = builder.Build();
            await app.StartAsync(ct);
            return new Server(app, options!);
        }

        public async ValueTask DisposeAsync() => await app.DisposeAsync();
    }
}
