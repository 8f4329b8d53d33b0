using System.Net;
using System.Net.Sockets;
using Postreiter.CommandLine;
using Postreiter.Settings;

namespace Postreiter.Hosting;

/// <summary>Finds out before the start whether every address can be had, and says which cannot, by its key.</summary>
internal static class ListenerCheck
{
    /// <summary>Tries every address.</summary>
    /// <exception cref="CommandFailure">Some cannot be had; all of them are named.</exception>
    public static void Run(IEnumerable<(string Name, EndPoint Address)> listeners)
    {
        var mistakes = new List<string>();
        foreach (var (name, address) in listeners)
        {
            if (Try(address) is { } reason)
                mistakes.Add($"listen.{name}: {EndPoints.Format(address)}: {reason}");
        }

        if (mistakes.Count > 0)
            throw new CommandFailure(ExitCodes.Failed, string.Join('\n', mistakes));
    }

    private static string? Try(EndPoint address)
    {
        try
        {
            if (address is UnixDomainSocketEndPoint unix)
                return TryUnix(unix);
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (address is IPEndPoint { Address: var ip } && ip.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            socket.Bind(address);
            return null;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => "another program listens there",
                SocketError.AddressNotAvailable => "this machine does not have the address",
                SocketError.AccessDenied =>
                    "not allowed: a port below 1024 needs root rights or CAP_NET_BIND_SERVICE, a socket a folder to write in",
                SocketError.AddressFamilyNotSupported => "this machine has no such addresses (IPv6 is off)",
                _ => e.Message,
            };
        }
    }

    // A killed server leaves its socket behind, and a bind would find the name taken: one that refuses a connection is stale.
    private static string? TryUnix(UnixDomainSocketEndPoint address)
    {
        var path = address.ToString() ?? "";
        if (!Directory.Exists(Path.GetDirectoryName(path)))
            return "the folder is not there";
        if (!File.Exists(path))
            return null;
        if (!IsSocket(path))
            return "there is something else of this name";
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(address);
            return "another program listens there";
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return null;
        }
    }

    // Nothing but a socket is removed: a mistyped path must not cost a file. An open finds ENXIO at a socket, and only there.
    private static bool IsSocket(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            return false;
        }
        catch (IOException e) when (e is not FileNotFoundException)
        {
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }
}
