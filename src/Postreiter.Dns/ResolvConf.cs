using System.Net;

namespace Postreiter.Dns;

/// <summary>The system's own servers, as resolv.conf(5) names them.</summary>
internal static class ResolvConf
{
    private const int Port = 53;

    // The system's own resolver reads no more than three either.
    private const int MaxServers = 3;

    /// <summary>The servers of <c>/etc/resolv.conf</c>; the one on this machine when it names none.</summary>
    public static IReadOnlyList<IPEndPoint> Read()
    {
        try
        {
            return Parse(File.ReadAllText("/etc/resolv.conf"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Parse("");
        }
    }

    /// <summary>Reads the <c>nameserver</c> lines of a text.</summary>
    public static IReadOnlyList<IPEndPoint> Parse(string text)
    {
        var servers = new List<IPEndPoint>();
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words is ["nameserver", var address, ..] && IPAddress.TryParse(address, out var ip))
                servers.Add(new IPEndPoint(ip, Port));
        }

        return servers.Count > 0 ? [.. servers.Take(MaxServers)] : [new IPEndPoint(IPAddress.Loopback, Port)];
    }
}
