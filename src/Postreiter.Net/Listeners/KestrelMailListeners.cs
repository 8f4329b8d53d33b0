using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace Postreiter.Net.Listeners;

/// <summary>Mail listeners on Kestrel: it accepts, buffers, holds back and stops; the sessions are ours.</summary>
public static class KestrelMailListeners
{
    /// <summary>Connections that may wait to be accepted.</summary>
    public const int Backlog = 4096;

    /// <summary>What all sockets of the host are to have.</summary>
    public static void Configure(SocketTransportOptions options)
    {
        options.Backlog = Backlog;
        // L28: input that no command has taken yet; above it the socket is not read.
        options.MaxReadBufferSize = 64 * 1024;
        // L29: output that the peer has not taken; above it the writer waits.
        options.MaxWriteBufferSize = 256 * 1024;
    }

    /// <summary>Adds one listener.</summary>
    /// <param name="kestrel">The host.</param>
    /// <param name="listener">Where and who.</param>
    /// <param name="time">Measures the handshake.</param>
    /// <param name="logger">Told of limits that were met and of faults.</param>
    /// <returns>Its options; their end point is the real one after the start.</returns>
    public static ListenOptions ListenMail(
        this KestrelServerOptions kestrel,
        MailListener listener,
        TimeProvider time,
        ILogger logger
    )
    {
        ListenOptions? options = null;
        var limiter = new ConnectionLimiter(listener.MaxConnections, listener.MaxPerAddress);
        void Use(ListenOptions listen)
        {
            options = listen;
            listen.Run(context => ServeAsync(context, listener, limiter, time, logger));
        }

        switch (listener.Address)
        {
            case UnixDomainSocketEndPoint unix:
                kestrel.ListenUnixSocket(unix.ToString(), Use);
                break;
            default:
                kestrel.Listen(listener.Address, Use);
                break;
        }

        return options!;
    }

    private static async Task ServeAsync(
        ConnectionContext context,
        MailListener listener,
        ConnectionLimiter limiter,
        TimeProvider time,
        ILogger logger
    )
    {
        await using var connection = new KestrelConnection(context, listener, time);
        var address = context.RemoteEndPoint is IPEndPoint ? connection.Remote.Address : null;
        if (!limiter.TryEnter(address))
        {
            logger.LogInformation(
                "{ConnectionId}: {Listener} is full for {Remote}",
                context.ConnectionId,
                listener.Name,
                address
            );
            if (!listener.ImplicitTls)
                await context.Transport.Output.WriteAsync(listener.BusyReply);
            return;
        }

        try
        {
            if (listener.ImplicitTls && !await connection.HandshakeAsync(context.ConnectionClosed))
            {
                logger.LogInformation(
                    "{ConnectionId}: no TLS with {Remote} on {Listener}",
                    context.ConnectionId,
                    address,
                    listener.Name
                );
                return;
            }

            var stopping =
                context.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default;
            await listener.Handler.HandleAsync(connection, stopping);
        }
        catch (Exception e) when (e is ConnectionResetException or ConnectionAbortedException or IOException)
        {
            logger.LogDebug("{ConnectionId}: the peer is gone: {Reason}", context.ConnectionId, e.Message);
        }
        catch (Exception e)
        {
            logger.LogError(e, "{ConnectionId}: the session of {Listener} failed", context.ConnectionId, listener.Name);
        }
        finally
        {
            limiter.Leave(address);
        }
    }
}
