using System.IO.Pipelines;
using System.Net;

namespace Postreiter.Net;

/// <summary>Makes outgoing connections; tests pass one that stays in memory.</summary>
public interface IDialler
{
    /// <summary>Connects to one address.</summary>
    /// <param name="to">Address and port.</param>
    /// <param name="timeout">Longest wait for the connection.</param>
    /// <param name="ct">Gives up; then an <see cref="OperationCanceledException"/> ends the task.</param>
    /// <returns>The connection, or why there is none. Never an exception for what the network did.</returns>
    ValueTask<DialResult> ConnectAsync(IPEndPoint to, TimeSpan timeout, CancellationToken ct);
}

/// <summary>A connection or the reason for none; exactly one is set.</summary>
/// <param name="Connection">The caller disposes it.</param>
/// <param name="Error">A few words for the log.</param>
public sealed record DialResult(OutgoingConnection? Connection, string? Error);

/// <summary>A connection that we opened, plain or under TLS.</summary>
public abstract class OutgoingConnection : IAsyncDisposable
{
    /// <summary>The peer.</summary>
    public abstract IPEndPoint Remote { get; }

    /// <summary>What the peer sends. Changes when TLS starts.</summary>
    public abstract PipeReader Input { get; }

    /// <summary>What the peer gets, on flush. Changes when TLS starts.</summary>
    public abstract PipeWriter Output { get; }

    /// <summary>The TLS in force; null while the stream is plain.</summary>
    public abstract TlsInfo? Tls { get; }

    /// <summary>
    /// Does the client's side of a TLS handshake. What the peer had sent before it and was not yet read is thrown away
    /// (RFC 3207 §4.2).
    /// </summary>
    /// <param name="serverName">For SNI and, with <paramref name="verify"/>, the name the certificate must bear.</param>
    /// <param name="verify">False takes any certificate: opportunistic TLS (RFC 7435 §3).</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>False when the handshake failed or took over 30 s; the connection is then of no more use.</returns>
    public abstract ValueTask<bool> StartTlsAsync(string serverName, bool verify, CancellationToken ct);

    /// <summary>Ends the connection at once; pending reads and writes end.</summary>
    public abstract void Abort();

    /// <summary>Closes the connection.</summary>
    public abstract ValueTask DisposeAsync();
}
