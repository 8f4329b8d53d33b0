using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace Postreiter.Net.Listeners;

/// <summary>Mail listeners on Kestrel: it accepts, buffers, holds back and stops; the sessions are ours.</summary>
public static class KestrelMailListeners
{
    /// <summary>Connections that may wait to be accepted.</summary>
    public const int Backlog = 4096;

    /// <summary>How long a peer may leave what we send unacknowledged, or its window shut, before the system ends the connection.</summary>
    public static readonly TimeSpan UserTimeout = TimeSpan.FromMinutes(5);

    // linux/tcp.h; .NET has no name for it.
    private const int TcpUserTimeout = 18;

    /// <summary>What all sockets of the host are to have.</summary>
    public static void Configure(SocketTransportOptions options)
    {
        options.Backlog = Backlog;
        // L28: input that no command has taken yet; above it the socket is not read.
        options.MaxReadBufferSize = 64 * 1024;
        // L29: output that the peer has not taken; above it the writer waits.
        options.MaxWriteBufferSize = 256 * 1024;
        options.CreateBoundListenSocket = static end =>
        {
            var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(end);
            if (end is IPEndPoint)
                WatchPeers(socket);
            return socket;
        };
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
        var door = new ListenerDoor(listener, time, logger);
        void Use(ListenOptions listen)
        {
            options = listen;
            listen.Run(door.ServeAsync);
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

    /// <summary>
    /// F14: a peer that vanished without a word is found out by keep-alive, one that takes nothing by the user timeout (RFC 5482), also
    /// while Kestrel drains what a session left. Linux hands both on from the listening socket to the accepted ones.
    /// </summary>
    private static void WatchPeers(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 120);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 30);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 6);
        if (OperatingSystem.IsLinux())
        {
            Span<byte> milliseconds = stackalloc byte[sizeof(int)];
            BitConverter.TryWriteBytes(milliseconds, (int)UserTimeout.TotalMilliseconds);
            socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, TcpUserTimeout, milliseconds);
        }
    }
}
