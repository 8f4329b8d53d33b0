using System.IO.Pipelines;
using System.Net;
using Postreiter.Net;

namespace Postreiter.Smtp.Tests.Server;

/// <summary>Counts how often a session asks for input.</summary>
internal sealed class CountingConnection(Connection inner) : Connection
{
    private int _reads;

    public int Reads => Volatile.Read(ref _reads);

    public override string Id => inner.Id;
    public override IPEndPoint Remote => inner.Remote;
    public override IPEndPoint Local => inner.Local;
    public override PipeWriter Output => inner.Output;
    public override TlsInfo? Tls => inner.Tls;
    public override bool CanStartTls => inner.CanStartTls;

    public override PipeReader Input
    {
        get
        {
            Interlocked.Increment(ref _reads);
            return inner.Input;
        }
    }

    public override ValueTask<bool> StartTlsAsync(CancellationToken ct) => inner.StartTlsAsync(ct);

    public override void Abort() => inner.Abort();

    public override ValueTask DisposeAsync() => inner.DisposeAsync();
}
