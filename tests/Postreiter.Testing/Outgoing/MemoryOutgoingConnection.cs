using System.IO.Pipelines;
using System.Net;
using Postreiter.Net;

namespace Postreiter.Testing.Outgoing;

/// <summary>An outgoing connection over memory. TLS is a flag and a new start of the streams: the handshake is proven over sockets.</summary>
internal sealed class MemoryOutgoingConnection : OutgoingConnection
{
    private readonly Pipe _toServer = new(new PipeOptions(useSynchronizationContext: false));
    private readonly Pipe _toClient;
    private readonly TaskCompletionSource<bool> _handshake = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TlsInfo? _tls;

    public MemoryOutgoingConnection(IPEndPoint remote, Pacing pacing)
    {
        Remote = remote;
        // A flush of the server's ends when the client has examined every byte (Pacing.Bytes), or with a buffer in between.
        _toClient = new Pipe(
            pacing == Pacing.Bytes
                ? new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1, useSynchronizationContext: false)
                : new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false)
        );
    }

    public override IPEndPoint Remote { get; }

    public override PipeReader Input => _toClient.Reader;

    public override PipeWriter Output => _toServer.Writer;

    public override TlsInfo? Tls => _tls;

    /// <summary>What the client wrote.</summary>
    public PipeReader ServerInput => _toServer.Reader;

    /// <summary>What goes to the client.</summary>
    public PipeWriter ServerOutput => _toClient.Writer;

    /// <summary>Done when the client has ended the connection.</summary>
    public Task Ended => _ended.Task;

    /// <summary>The server's side of the handshake, once the client has begun its own: what it sends before that is dropped.</summary>
    public async Task HandshakeAsync(bool succeed, CancellationToken ct)
    {
        await _begun.Task.WaitAsync(ct);
        _handshake.TrySetResult(succeed);
    }

    /// <summary>The server hangs up.</summary>
    public void CloseServer()
    {
        _handshake.TrySetResult(false);
        _toClient.Writer.Complete();
        _toServer.Reader.Complete();
    }

    public override async ValueTask<bool> StartTlsAsync(string serverName, bool verify, CancellationToken ct)
    {
        await _toServer.Writer.FlushAsync(ct);
        if (_toClient.Reader.TryRead(out var early))
            _toClient.Reader.AdvanceTo(early.Buffer.End);
        _begun.TrySetResult();
        if (!await _handshake.Task.WaitAsync(ct))
            return false;
        _tls = MemoryConnection.TestTls;
        return true;
    }

    public override void Abort()
    {
        _toClient.Reader.CancelPendingRead();
        _toServer.Writer.CancelPendingFlush();
        _toServer.Writer.Complete();
        _ended.TrySetResult();
    }

    public override async ValueTask DisposeAsync()
    {
        await _toServer.Writer.CompleteAsync();
        await _toClient.Reader.CompleteAsync();
        _ended.TrySetResult();
    }
}
