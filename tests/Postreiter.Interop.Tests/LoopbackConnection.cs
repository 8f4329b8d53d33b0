using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postreiter.Net;

namespace Postreiter.Interop.Tests;

/// <summary>A peer over a real socket, with real TLS.</summary>
internal sealed class LoopbackConnection : Connection
{
    private static int s_count;
    private readonly TcpClient _client;
    private readonly X509Certificate2 _certificate;
    private Stream _stream;
    private PipeReader _input;
    private PipeWriter _output;
    private TlsInfo? _tls;

    public LoopbackConnection(TcpClient client, X509Certificate2 certificate)
    {
        (_client, _certificate, _stream) = (client, certificate, client.GetStream());
        Id = "l" + Interlocked.Increment(ref s_count).ToString(CultureInfo.InvariantCulture);
        (_input, _output) = (PipeReader.Create(_stream), PipeWriter.Create(_stream));
    }

    public override string Id { get; }

    public override IPEndPoint Remote => (IPEndPoint)_client.Client.RemoteEndPoint!;

    public override IPEndPoint Local => (IPEndPoint)_client.Client.LocalEndPoint!;

    public override PipeReader Input => _input;

    public override PipeWriter Output => _output;

    public override TlsInfo? Tls => _tls;

    public override bool CanStartTls => _tls is null;

    public override async ValueTask<bool> StartTlsAsync(CancellationToken ct)
    {
        await _output.FlushAsync(ct);
        var tls = new SslStream(_stream);
        await tls.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions { ServerCertificate = _certificate },
            ct
        );
        (_stream, _input, _output) = (tls, PipeReader.Create(tls), PipeWriter.Create(tls));
        // RFC 5929 §4.1: the hash of the certificate, by SHA-256 for one that is signed with it.
        var binding = SHA256.HashData(_certificate.RawDataMemory.Span);
        _tls = new TlsInfo("TLSv1.3", tls.NegotiatedCipherSuite.ToString(), binding);
        return true;
    }

    public override void Abort() => _client.Close();

    public override async ValueTask DisposeAsync()
    {
        await _output.CompleteAsync();
        await _stream.DisposeAsync();
        _client.Dispose();
    }
}
