using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Postreiter.Net;

/// <summary>Connects by TCP.</summary>
/// <param name="time">Measures the timeouts.</param>
public sealed class SocketDialler(TimeProvider time) : IDialler
{
    /// <inheritdoc/>
    public async ValueTask<DialResult> ConnectAsync(IPEndPoint to, TimeSpan timeout, CancellationToken ct)
    {
        using var timer = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, ct);
        Socket? socket = null;
        try
        {
            // In here: a machine without IPv6 cannot even make the socket, and goes on to the next address.
            socket = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(to, either.Token);
            return new DialResult(new SocketConnection(socket, to, time), null);
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            return new DialResult(null, e.SocketErrorCode.ToString());
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            socket?.Dispose();
            return new DialResult(null, "connection timed out");
        }
        catch
        {
            socket?.Dispose();
            throw;
        }
    }

    private sealed class SocketConnection : OutgoingConnection
    {
        private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(30);
        private readonly Socket _socket;
        private readonly TimeProvider _time;
        private Stream _stream;
        private PipeReader _input;
        private PipeWriter _output;
        private TlsInfo? _tls;

        public SocketConnection(Socket socket, IPEndPoint remote, TimeProvider time)
        {
            (_socket, _time, Remote) = (socket, time, remote);
            _stream = new NetworkStream(socket, ownsSocket: true);
            (_input, _output) = Wrap(_stream);
        }

        public override IPEndPoint Remote { get; }

        public override PipeReader Input => _input;

        public override PipeWriter Output => _output;

        public override TlsInfo? Tls => _tls;

        public override async ValueTask<bool> StartTlsAsync(string serverName, bool verify, CancellationToken ct)
        {
            using var timer = new CancellationTokenSource(HandshakeTimeout, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, ct);
            SslStream tls;
            try
            {
                await _output.FlushAsync(either.Token);
                // RFC 3207 §4.2: the old reader goes with whatever it holds.
                await _input.CompleteAsync();
                await _output.CompleteAsync();
                tls = new SslStream(_stream, leaveInnerStreamOpen: false);
                _stream = tls;
                (_input, _output) = Wrap(tls);
                var options = new SslClientAuthenticationOptions
                {
                    TargetHost = serverName,
                    RemoteCertificateValidationCallback = (_, _, _, errors) =>
                        !verify || errors == SslPolicyErrors.None,
                };
                await tls.AuthenticateAsClientAsync(options, either.Token);
            }
            catch (Exception e)
                when (e is AuthenticationException or IOException or SocketException or ObjectDisposedException
                    || (e is OperationCanceledException && !ct.IsCancellationRequested)
                )
            {
                return false;
            }

            var protocol = tls.SslProtocol == SslProtocols.Tls13 ? "TLSv1.3" : "TLSv1.2";
            _tls = new TlsInfo(protocol, tls.NegotiatedCipherSuite.ToString(), null);
            return true;
        }

        public override void Abort()
        {
            _input.CancelPendingRead();
            _output.CancelPendingFlush();
            _socket.Close(0);
        }

        public override async ValueTask DisposeAsync()
        {
            await _input.CompleteAsync();
            try
            {
                await _output.CompleteAsync();
                await _stream.DisposeAsync();
            }
            catch (Exception e)
                when (e is IOException or SocketException or InvalidOperationException or NotSupportedException)
            {
                // The peer is gone already; there is nobody left to say goodbye to.
                _socket.Dispose();
            }
        }

        private static (PipeReader, PipeWriter) Wrap(Stream stream) =>
            (
                PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true, useZeroByteReads: true)),
                PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true))
            );
    }
}
