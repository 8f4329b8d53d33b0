using System.Net;
using System.Net.Sockets;
using Postreiter.Delivery.Milters;

namespace Postreiter.Settings;

/// <summary>Milters as the settings name them.</summary>
internal static class MilterText
{
    private const string Inet = "inet:";
    private const string Unix = "unix:";

    /// <summary>Reads <c>inet:HOST:PORT</c> or <c>unix:/PATH</c>.</summary>
    public static bool TryRead(string text, out MilterAddress milter)
    {
        milter = new MilterAddress("", new IPEndPoint(IPAddress.None, 0));
        if (text.StartsWith(Unix, StringComparison.Ordinal))
        {
            var path = text[Unix.Length..];
            // The kernel's limit, with the NUL: 108 octets.
            if (!Path.IsPathFullyQualified(path) || System.Text.Encoding.UTF8.GetByteCount(path) > 107)
                return false;
            milter = new MilterAddress(text, new UnixDomainSocketEndPoint(path));
            return true;
        }

        // A port of its own has no default: there is none for milters.
        if (
            !text.StartsWith(Inet, StringComparison.Ordinal)
            || !EndPoints.TryParseHostAndPort(text[Inet.Length..], 0, out var host, out var port)
        )
            return false;
        milter = new MilterAddress(
            text,
            IPAddress.TryParse(host, out var address) ? new IPEndPoint(address, port) : new DnsEndPoint(host, port)
        );
        return true;
    }
}
