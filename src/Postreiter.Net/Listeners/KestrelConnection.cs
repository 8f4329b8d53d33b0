using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Postreiter.Core;

namespace Postreiter.Net.Listeners;

/// <summary>A connection that Kestrel accepted; under TLS an <see cref="SslStream"/> over its pipes.</summary>
internal sealed class KestrelConnection : Connection
{
    private static readonly TimeSpan ProxyTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(30);
    private readonly ConnectionContext _context;
    private readonly MailListener _listener;
    private readonly ConnectionLimiter _limiter;
    private readonly TimeProvider _time;
    private IPEndPoint _remote;
    private IPEndPoint _local;
    private PipeReader _input;
    private PipeWriter _output;
    private SslStream? _ssl;
    private TlsInfo? _tls;

    public KestrelConnection(
        ConnectionContext context,
        MailListener listener,
        ConnectionLimiter limiter,
        TimeProvider time
    )
    {
        (_context, _listener, _limiter, _time) = (context, listener, limiter, time);
        (_input, _output) = (context.Transport.Input, context.Transport.Output);
        _remote = Ip(context.RemoteEndPoint);
        _local = Ip(context.LocalEndPoint);
    }

    public override string Id => _context.ConnectionId;

    public override IPEndPoint Remote => _remote;

    public override IPEndPoint Local => _local;

    public override PipeReader Input => _input;

    public override PipeWriter Output => _output;

    public override TlsInfo? Tls => _tls;

    public override bool IsUnderStress => _limiter.IsUnderStress;

    public override bool CanStartTls => _tls is null && _listener.Certificate() is not null;

    /// <summary>Reads the PROXY header that a proxy begins with.</summary>
    /// <returns>False when it is broken or did not come within 10 s.</returns>
    public async ValueTask<bool> ReadProxyHeaderAsync(CancellationToken ct)
    {
        var input = _context.Transport.Input;
        using var timer = new CancellationTokenSource(ProxyTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, ct);
        while (true)
        {
            ReadResult read;
            try
            {
                read = await input.ReadAsync(either.Token);
            }
            catch (OperationCanceledException)
            {
                return false;
            }

            var reader = new SequenceReader<byte>(read.Buffer);
            var status = ProxyHeader.TryRead(ref reader, out var header);
            input.AdvanceTo(reader.Position, status == ParseStatus.Complete ? reader.Position : read.Buffer.End);
            if (status == ParseStatus.NeedMoreData && !read.IsCompleted)
                continue;
            if (header is { Source: { } source, Destination: { } destination })
                (_remote, _local) = (Ip(source), Ip(destination));
            return status == ParseStatus.Complete;
        }
    }

    public override async ValueTask<bool> StartTlsAsync(CancellationToken ct)
    {
        // RFC 3207 §4.2: what came in the clear behind the command was not said under TLS.
        if (_ssl is null && _context.Transport.Input.TryRead(out var early))
            _context.Transport.Input.AdvanceTo(early.Buffer.End);
        // Only now may the peer begin.
        if ((await _output.FlushAsync(ct)).IsCompleted)
            return false;
        return await HandshakeAsync(ct);
    }

    /// <summary>The server's side of the handshake, from the first byte.</summary>
    public async ValueTask<bool> HandshakeAsync(CancellationToken ct)
    {
        if (_listener.Certificate() is not { } certificate)
            return false;
        var ssl = new SslStream(new DuplexPipeStream(_context.Transport), leaveInnerStreamOpen: true);
        using var timer = new CancellationTokenSource(HandshakeTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, ct);
        try
        {
            await ssl.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = certificate,
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    AllowRenegotiation = false,
                },
                either.Token
            );
        }
        catch (Exception e) when (e is AuthenticationException or IOException or OperationCanceledException)
        {
            await ssl.DisposeAsync();
            return false;
        }

        _ssl = ssl;
        // Zero-byte reads: a connection that waits holds no buffer.
        _input = PipeReader.Create(ssl, new StreamPipeReaderOptions(leaveOpen: true, useZeroByteReads: true));
        _output = PipeWriter.Create(ssl, new StreamPipeWriterOptions(leaveOpen: true));
        _tls = new TlsInfo(
            ssl.SslProtocol == SslProtocols.Tls13 ? "TLSv1.3" : "TLSv1.2",
            ssl.NegotiatedCipherSuite.ToString(),
            ServerEndPoint(certificate.TargetCertificate)
        );
        return true;
    }

    public override void Abort() => _context.Abort();

    public override async ValueTask DisposeAsync()
    {
        if (_ssl is null)
            return;
        try
        {
            await Output.CompleteAsync();
            await _ssl.ShutdownAsync();
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or OperationCanceledException)
        {
            // The peer did not wait for our goodbye.
            _context.Abort();
        }

        await Input.CompleteAsync();
        await _ssl.DisposeAsync();
    }

    // RFC 5929 §4.1: the hash of the certificate's own signature, SHA-256 in place of MD5 and SHA-1.
    private static byte[] ServerEndPoint(X509Certificate2 certificate) =>
        certificate.SignatureAlgorithm.Value switch
        {
            "1.2.840.10045.4.3.3" or "1.2.840.113549.1.1.12" => SHA384.HashData(certificate.RawDataMemory.Span),
            "1.2.840.10045.4.3.4" or "1.2.840.113549.1.1.13" => SHA512.HashData(certificate.RawDataMemory.Span),
            _ => SHA256.HashData(certificate.RawDataMemory.Span),
        };

    private static IPEndPoint Ip(EndPoint? end) =>
        end is IPEndPoint ip
            ? new IPEndPoint(ip.Address.IsIPv4MappedToIPv6 ? ip.Address.MapToIPv4() : ip.Address, ip.Port)
            : new IPEndPoint(IPAddress.Loopback, 0);
}
