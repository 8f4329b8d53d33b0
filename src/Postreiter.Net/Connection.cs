using System.IO.Pipelines;
using System.Net;

namespace Postreiter.Net;

/// <summary>
/// One peer's byte stream, plain or under TLS, over a socket or (in tests) over memory. Sessions read
/// <see cref="Input"/> and write <see cref="Output"/> and know no socket.
/// </summary>
public abstract class Connection : IAsyncDisposable
{
    /// <summary>Names the connection in every log line: short, unique within the process.</summary>
    public abstract string Id { get; }

    /// <summary>The peer's address and port; for a unix socket 127.0.0.1 with port 0.</summary>
    public abstract IPEndPoint Remote { get; }

    /// <summary>Our own address and port of this connection.</summary>
    public abstract IPEndPoint Local { get; }

    /// <summary>What the peer sends. Changes when TLS starts; do not keep it across <see cref="StartTlsAsync"/>.</summary>
    public abstract PipeReader Input { get; }

    /// <summary>What the peer gets, on flush. Changes when TLS starts.</summary>
    public abstract PipeWriter Output { get; }

    /// <summary>The TLS in force; null while the stream is plain.</summary>
    public abstract TlsInfo? Tls { get; }

    /// <summary>Whether <see cref="StartTlsAsync"/> can be called: a certificate is there and TLS has not begun.</summary>
    public abstract bool CanStartTls { get; }

    /// <summary>
    /// Whether its listener is short of places (above 80 % of L12): sessions are then to be short and strict. May change at any
    /// time.
    /// </summary>
    public virtual bool IsUnderStress => false;

    /// <summary>
    /// Does the server's side of a TLS handshake and goes on under TLS. What the peer had sent before and was not yet read is
    /// thrown away (RFC 3207 §4.2); then what waits in <see cref="Output"/> is flushed: the go-ahead, which must not have been
    /// flushed before, or the peer's first handshake bytes could be thrown away with the rest.
    /// </summary>
    /// <returns>False when the handshake failed or took over 30 s; the connection is then of no more use.</returns>
    public abstract ValueTask<bool> StartTlsAsync(CancellationToken ct);

    /// <summary>Ends the connection at once; pending reads and writes end.</summary>
    public abstract void Abort();

    /// <summary>Flushes what was written, then closes.</summary>
    public abstract ValueTask DisposeAsync();
}

/// <summary>What is known of a connection's TLS.</summary>
/// <param name="Protocol">E.g. <c>TLSv1.3</c>, as Received fields write it.</param>
/// <param name="Cipher">E.g. <c>TLS_AES_256_GCM_SHA384</c>.</param>
/// <param name="ServerEndPointBinding">Channel binding <c>tls-server-end-point</c> (RFC 5929 §4), for SCRAM-…-PLUS; null where not available.</param>
public sealed record TlsInfo(string Protocol, string Cipher, ReadOnlyMemory<byte>? ServerEndPointBinding);

/// <summary>Runs one session on one connection, from greeting to close.</summary>
public interface IConnectionHandler
{
    /// <summary>Serves the peer; returns when the session is over. The caller disposes the connection.</summary>
    /// <param name="connection">The peer.</param>
    /// <param name="stopping">
    /// Cancelled when the server is to stop: say goodbye (421, BYE) at the next moment between two commands, within 10 s.
    /// </param>
    Task HandleAsync(Connection connection, CancellationToken stopping);
}
