using System.Net;
using System.Net.Security;

namespace Postreiter.Net.Listeners;

/// <summary>One listening socket and who serves its connections.</summary>
public sealed record MailListener
{
    /// <summary>Its name in the settings, e.g. <c>submission</c>; for logs.</summary>
    public required string Name { get; init; }

    /// <summary>Where it listens: an IP end point or a unix socket.</summary>
    public required EndPoint Address { get; init; }

    /// <summary>Whether TLS begins with the first byte (RFC 8314 §3).</summary>
    public bool ImplicitTls { get; init; }

    /// <summary>L12, asked for each connection: the settings may change while the server runs.</summary>
    public required Func<ConnectionLimits> Limits { get; init; }

    /// <summary>
    /// Whether nothing is to be done here without TLS (F10): without a certificate, or with one that has expired, callers are
    /// turned away. Asked for each connection. Default no.
    /// </summary>
    public Func<bool> NeedsCertificate { get; init; } = static () => false;

    /// <summary>What a caller is told where <see cref="NeedsCertificate"/> is not fulfilled, unless TLS begins with the first byte.</summary>
    public ReadOnlyMemory<byte> NoCertificateReply { get; init; }

    /// <summary>Proxies whose connections begin with a PROXY header that names the real peer; nobody else's header is read. Default none.</summary>
    public IReadOnlyList<IPNetwork> Proxies { get; init; } = [];

    /// <summary>What a caller above the limits is told before the connection closes.</summary>
    public required ReadOnlyMemory<byte> BusyReply { get; init; }

    /// <summary>The certificate at this moment; null offers no TLS.</summary>
    public required Func<SslStreamCertificateContext?> Certificate { get; init; }

    /// <summary>Serves the sessions.</summary>
    public required IConnectionHandler Handler { get; init; }
}

/// <summary>L12.</summary>
/// <param name="Most">Open connections of one listener in all.</param>
/// <param name="MostPerAddress">Of one address; of one /64 with IPv6. Unix sockets are not counted by address.</param>
public readonly record struct ConnectionLimits(int Most, int MostPerAddress);
