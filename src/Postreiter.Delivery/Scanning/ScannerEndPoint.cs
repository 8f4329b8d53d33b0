using System.Net;
using System.Net.Sockets;

namespace Postreiter.Delivery.Scanning;

/// <summary>Connects to a scanner: by TCP or by a unix socket.</summary>
/// <param name="to">Where to.</param>
/// <param name="ct">Gives up.</param>
/// <returns>The connection.</returns>
/// <exception cref="SocketException">There is none.</exception>
public delegate ValueTask<Stream> ScannerDial(EndPoint to, CancellationToken ct);

/// <summary>Where scanners listen.</summary>
public static class ScannerEndPoint
{
    /// <summary>By sockets.</summary>
    public static async ValueTask<Stream> ConnectAsync(EndPoint to, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(to);
        var socket =
            to is UnixDomainSocketEndPoint
                ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
                : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(to, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>For people and logs: the socket's path, or HOST:PORT.</summary>
    public static string Describe(EndPoint endPoint) =>
        endPoint switch
        {
            DnsEndPoint host => $"{host.Host}:{host.Port}",
            _ => endPoint?.ToString() ?? "",
        };
}
