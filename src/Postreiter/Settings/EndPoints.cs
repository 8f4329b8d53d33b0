using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Postreiter.Settings;

/// <summary>Addresses of listeners and servers as the settings write them.</summary>
internal static class EndPoints
{
    private const string UnixPrefix = "unix:";

    /// <summary>Reads <c>address:port</c> (port 0 lets the system choose), <c>*:port</c> or <c>unix:PATH</c>.</summary>
    public static bool TryParseListener(string text, out EndPoint endPoint)
    {
        endPoint = new IPEndPoint(IPAddress.None, 0);
        if (text.StartsWith(UnixPrefix, StringComparison.Ordinal))
        {
            var path = text[UnixPrefix.Length..];
            // The kernel's limit, with the NUL: 108 octets.
            if (!Path.IsPathFullyQualified(path) || System.Text.Encoding.UTF8.GetByteCount(path) > 107)
                return false;
            endPoint = new UnixDomainSocketEndPoint(path);
            return true;
        }

        if (text.StartsWith("*:", StringComparison.Ordinal))
            text = "[::]" + text[1..];
        if (!TryParseAddressAndPort(text, null, out var found))
            return false;
        endPoint = found;
        return true;
    }

    /// <summary>Reads <c>address</c> or <c>address:port</c>.</summary>
    public static bool TryParseDnsServer(string text, out IPEndPoint endPoint) =>
        TryParseAddressAndPort(text, 53, out endPoint);

    /// <summary>Reads <c>host</c> or <c>host:port</c>; a host is a name or an address (IPv6 in brackets).</summary>
    public static bool TryParseHostAndPort(string text, int defaultPort, out string host, out int port)
    {
        (host, port) = (text, defaultPort);
        if (TryParseAddressAndPort(text, defaultPort, out var address))
        {
            (host, port) = (address.Address.ToString(), address.Port);
            return port > 0;
        }

        var colon = text.LastIndexOf(':');
        if (colon >= 0)
        {
            host = text[..colon];
            if (
                !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var given)
            )
                return false;
            port = given;
        }

        return port > 0 && Core.DomainName.TryParse(host, out var name) && !name.IsAddressLiteral;
    }

    /// <summary>The text that reads as this end point.</summary>
    public static string Format(EndPoint endPoint) =>
        endPoint switch
        {
            IPEndPoint ip when ip.Address.Equals(IPAddress.IPv6Any) => $"*:{ip.Port}",
            UnixDomainSocketEndPoint unix => UnixPrefix + unix,
            _ => endPoint.ToString() ?? "",
        };

    private static bool TryParseAddressAndPort(string text, int? defaultPort, out IPEndPoint endPoint)
    {
        endPoint = new IPEndPoint(IPAddress.None, 0);
        var port = defaultPort;
        var address = text.AsSpan();
        var colon = address.LastIndexOf(':');
        var isBareV6 = address.Count(':') > 1 && !address.StartsWith("[");
        if (colon >= 0 && !isBareV6 && !address.EndsWith("]"))
        {
            if (
                !ushort.TryParse(address[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var given)
            )
                return false;
            port = given;
            address = address[..colon];
        }

        if (address is ['[', .., ']'])
            address = address[1..^1];
        else if (address.Contains(':') && defaultPort is null)
            return false;
        // inet_aton's "1" and "0x7f.1" are addresses to IPAddress, not to people.
        if (
            port is null
            || !IPAddress.TryParse(address, out var ip)
            || (!address.Contains(':') && address.Count('.') != 3)
        )
            return false;
        endPoint = new IPEndPoint(ip, port.Value);
        return true;
    }
}
