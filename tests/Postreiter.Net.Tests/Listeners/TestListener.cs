using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Net.Listeners;

namespace Postreiter.Net.Tests.Listeners;

/// <summary>A mail listener on a free port of loopback.</summary>
internal sealed class TestListener(WebApplication app, ListenOptions listener) : IAsyncDisposable
{
    private static readonly DateTimeOffset Begin = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset End = new(2100, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static SslStreamCertificateContext Certificate { get; } = Context(HashAlgorithmName.SHA256);

    public IPEndPoint Address => listener.IPEndPoint!;

    /// <summary>A listener with room for ten, without TLS from the first byte.</summary>
    public static MailListener Plan(IConnectionHandler handler) =>
        new()
        {
            Name = "test",
            Address = new IPEndPoint(IPAddress.Loopback, 0),
            Limits = () => new ConnectionLimits(10, 10),
            BusyReply = "421 busy\r\n"u8.ToArray(),
            NoCertificateReply = "421 no TLS\r\n"u8.ToArray(),
            Certificate = static () => Certificate,
            Handler = handler,
        };

    public static async Task<TestListener> StartAsync(MailListener plan, TimeProvider? time = null, ILogger? log = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseSockets(KestrelMailListeners.Configure);
        ListenOptions? options = null;
        builder.WebHost.ConfigureKestrel(kestrel =>
            options = kestrel.ListenMail(plan, time ?? TimeProvider.System, log ?? NullLogger.Instance)
        );
        var app = builder.Build();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new TestListener(app, options!);
    }

    public static SslStreamCertificateContext Context(HashAlgorithmName hash)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=mail.example", key, hash);
        return SslStreamCertificateContext.Create(request.CreateSelfSigned(Begin, End), additionalCertificates: null);
    }

    public async Task<Stream> ConnectAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(Address, TestContext.Current.CancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    public static async Task<SslStream> SecureAsync(Stream plain)
    {
        var options = new SslClientAuthenticationOptions { TargetHost = "mail.example" };
        options.RemoteCertificateValidationCallback = static (_, certificate, _, _) =>
            certificate?.Subject == "CN=mail.example";
        var tls = new SslStream(plain);
        await tls.AuthenticateAsClientAsync(options, TestContext.Current.CancellationToken);
        return tls;
    }

    /// <summary>Everything up to the end of the stream.</summary>
    public static async Task<string> ReadAllAsync(Stream stream)
    {
        using var reader = new StreamReader(stream, System.Text.Encoding.Latin1, leaveOpen: true);
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();
}
