using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;

namespace Postreiter.Net.Listeners;

/// <summary>Lets the connections of one listener in: the proxy's header, the limits, the certificate, then TLS and the session.</summary>
internal sealed class ListenerDoor(MailListener listener, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan LogPause = TimeSpan.FromHours(1);
    private readonly ConnectionLimiter _limiter = new(listener.Limits);
    private readonly Lock _lock = new();
    private long? _loggedAt;

    /// <summary>Serves one connection from its first byte to its end.</summary>
    public async Task ServeAsync(ConnectionContext context)
    {
        await using var connection = new KestrelConnection(context, listener, _limiter, time);
        try
        {
            await ServeAsync(context, connection);
        }
        catch (Exception e) when (e is ConnectionResetException or ConnectionAbortedException or IOException)
        {
            logger.LogDebug("{ConnectionId}: the peer is gone: {Reason}", context.ConnectionId, e.Message);
        }
        catch (Exception e)
        {
            logger.LogError(e, "{ConnectionId}: the session of {Listener} failed", context.ConnectionId, listener.Name);
        }
    }

    private async Task ServeAsync(ConnectionContext context, KestrelConnection connection)
    {
        var isIp = context.RemoteEndPoint is IPEndPoint;
        if (
            isIp
            && IsProxy(connection.Remote.Address)
            && !await connection.ReadProxyHeaderAsync(CancellationToken.None)
        )
        {
            logger.LogWarning(
                "{ConnectionId}: {Proxy} sent no good PROXY header to {Listener}",
                context.ConnectionId,
                connection.Remote.Address,
                listener.Name
            );
            return;
        }

        var address = isIp ? connection.Remote.Address : null;
        if (!_limiter.TryEnter(address))
        {
            logger.LogInformation(
                "{ConnectionId}: {Listener} is full for {Remote}",
                context.ConnectionId,
                listener.Name,
                address
            );
            NetMetrics.Limit("L12", listener.Name);
            await TurnAwayAsync(context, listener.BusyReply);
            return;
        }

        NetMetrics.Connection(listener.Name, 1);
        try
        {
            if (listener.NeedsCertificate() && !HasCertificate())
            {
                await TurnAwayAsync(context, listener.NoCertificateReply);
                return;
            }

            // Not ended by ConnectionClosed: that is also a peer which has said all and waits for the answer (spamc does). One that is
            // gone ends the stream.
            if (listener.ImplicitTls && !await connection.HandshakeAsync(CancellationToken.None))
            {
                logger.LogInformation(
                    "{ConnectionId}: no TLS with {Remote} on {Listener}",
                    context.ConnectionId,
                    address,
                    listener.Name
                );
                NetMetrics.FailedHandshake(listener.Name);
                return;
            }

            var stopping =
                context.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default;
            await listener.Handler.HandleAsync(connection, stopping);
        }
        finally
        {
            NetMetrics.Connection(listener.Name, -1);
            _limiter.Leave(address);
        }
    }

    private bool IsProxy(IPAddress address)
    {
        foreach (var network in listener.Proxies)
        {
            if (network.Contains(address))
                return true;
        }

        return false;
    }

    // Under TLS from the first byte a word in the clear could not be read, and a handshake would be work for nothing.
    private async ValueTask TurnAwayAsync(ConnectionContext context, ReadOnlyMemory<byte> reply)
    {
        if (!listener.ImplicitTls)
            await context.Transport.Output.WriteAsync(reply);
    }

    /// <summary>F10: whether there is a certificate that has not expired; the log says so once an hour where there is none.</summary>
    private bool HasCertificate()
    {
        var certificate = listener.Certificate()?.TargetCertificate;
        if (certificate is not null && time.GetUtcNow() < new DateTimeOffset(certificate.NotAfter.ToUniversalTime()))
            return true;
        lock (_lock)
        {
            if (_loggedAt is { } last && time.GetElapsedTime(last) < LogPause)
                return false;
            _loggedAt = time.GetTimestamp();
        }

        logger.LogError(
            "{Listener} turns everybody away: {Reason}",
            listener.Name,
            certificate is null ? "there is no certificate" : "the certificate has expired"
        );
        return false;
    }
}
