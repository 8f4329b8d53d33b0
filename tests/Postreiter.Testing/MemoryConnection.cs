using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using Postreiter.Net;

namespace Postreiter.Testing;

/// <summary>
/// A connection over memory, the server's end; <see cref="Client"/> is the other. TLS is a flag and a reader over a stream, as
/// the listeners have it under TLS, for it does not behave as a pipe's does; the handshake itself is proven over sockets.
/// </summary>
public sealed class MemoryConnection : Connection
{
    private static int s_count;
    private readonly Pipe _toServer;
    private readonly Pipe _toClient;
    private readonly TaskCompletionSource _serverIsReadyForTls = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private readonly TaskCompletionSource<bool> _handshake = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool _offersTls;
    private TlsInfo? _tls;
    private PipeReader? _underTls;
    private bool _aborted;

    private MemoryConnection(Pacing pacing, IPEndPoint remote, bool offersTls, TlsInfo? tls)
    {
        (Remote, _offersTls, _tls) = (remote, offersTls, tls);
        Id = "m" + Interlocked.Increment(ref s_count).ToString(CultureInfo.InvariantCulture);
        // A flush ends when the server has examined every byte (Pacing.Bytes), or with a buffer in between.
        _toServer = new Pipe(
            pacing == Pacing.Bytes
                ? new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1, useSynchronizationContext: false)
                : new PipeOptions(useSynchronizationContext: false)
        );
        _toClient = new Pipe(new PipeOptions(useSynchronizationContext: false));
        Client = new ClientEnd(this);
    }

    /// <summary>A new pair of ends.</summary>
    /// <param name="pacing">How the client's bytes arrive.</param>
    /// <param name="remote">The client's address; 192.0.2.1 when not given.</param>
    /// <param name="offersTls">Whether STARTTLS can be used.</param>
    /// <param name="tls">Set when the connection begins under TLS.</param>
    public static MemoryConnection Create(
        Pacing pacing = Pacing.Lines,
        IPEndPoint? remote = null,
        bool offersTls = true,
        TlsInfo? tls = null
    ) => new(pacing, remote ?? new IPEndPoint(IPAddress.Parse("192.0.2.1"), 40000), offersTls, tls);

    /// <summary>TLS as this transport knows it.</summary>
    public static TlsInfo TestTls { get; } =
        new("TLSv1.3", "TLS_AES_256_GCM_SHA384", new byte[] { 1, 2, 3, 4, 5, 6, 7, 8 });

    /// <summary>The client's end.</summary>
    public ClientEnd Client { get; }

    /// <inheritdoc/>
    public override string Id { get; }

    /// <inheritdoc/>
    public override IPEndPoint Remote { get; }

    /// <inheritdoc/>
    public override IPEndPoint Local { get; } = new(IPAddress.Parse("192.0.2.2"), 25);

    /// <inheritdoc/>
    public override PipeReader Input =>
        _tls is null
            ? _toServer.Reader
            : _underTls ??= PipeReader.Create(
                _toServer.Reader.AsStream(leaveOpen: true),
                new StreamPipeReaderOptions(leaveOpen: true, useZeroByteReads: true)
            );

    /// <inheritdoc/>
    public override PipeWriter Output => _toClient.Writer;

    /// <inheritdoc/>
    public override TlsInfo? Tls => _tls;

    /// <inheritdoc/>
    public override bool CanStartTls => _offersTls && _tls is null;

    /// <summary>Whether the listener is short of places; a test says so.</summary>
    public bool HasStress { get; set; }

    /// <inheritdoc/>
    public override bool IsUnderStress => HasStress;

    /// <summary>Whether the server aborted the connection.</summary>
    public bool WasAborted => _aborted;

    /// <inheritdoc/>
    public override async ValueTask<bool> StartTlsAsync(CancellationToken ct)
    {
        if (_toServer.Reader.TryRead(out var early))
        {
            _toServer.Reader.AdvanceTo(early.Buffer.End);
            if (early.IsCompleted)
                return false;
        }

        await _toClient.Writer.FlushAsync(ct);
        _serverIsReadyForTls.TrySetResult();
        var good = await _handshake.Task.WaitAsync(ct);
        if (good)
            _tls = TestTls;
        return good;
    }

    /// <inheritdoc/>
    public override void Abort()
    {
        _aborted = true;
        Input.CancelPendingRead();
        _toClient.Writer.CancelPendingFlush();
        _toClient.Writer.Complete();
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await _toClient.Writer.CompleteAsync();
        await _toServer.Reader.CompleteAsync();
    }

    /// <summary>The peer of the server under test.</summary>
    public sealed class ClientEnd
    {
        private readonly MemoryConnection _connection;

        internal ClientEnd(MemoryConnection connection) => _connection = connection;

        /// <summary>What the server wrote.</summary>
        public PipeReader Input => _connection._toClient.Reader;

        /// <summary>What goes to the server.</summary>
        public PipeWriter Output => _connection._toServer.Writer;

        /// <summary>The client's side of the handshake: waits until the server is ready for it.</summary>
        /// <param name="succeed">False breaks it.</param>
        /// <param name="ct">Stops waiting.</param>
        public async Task HandshakeAsync(bool succeed, CancellationToken ct)
        {
            await _connection._serverIsReadyForTls.Task.WaitAsync(ct);
            _connection._handshake.TrySetResult(succeed);
        }

        /// <summary>Closes the client's side.</summary>
        public void Close()
        {
            _connection._handshake.TrySetResult(false);
            _connection._toServer.Writer.Complete();
        }
    }
}
