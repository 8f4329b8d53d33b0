using System.Net;
using System.Net.Sockets;
using Postreiter.Core;

namespace Postreiter.Delivery.Gate.Greylisting;

/// <summary>
/// Who calls, as greylisting sees it: the network of its address, /24 or /64; and where SPF vouches for it the domain, so that a
/// provider may come back from any of its hosts.
/// </summary>
/// <param name="Address">The caller's address.</param>
/// <param name="Pool">The domain for which SPF passes; empty for none.</param>
internal readonly record struct GreylistClient(IPAddress Address, DomainName Pool)
{
    /// <summary>The network as text: <c>192.0.2.0/24</c>, <c>2001:db8::/64</c>.</summary>
    public string Network
    {
        get
        {
            Span<byte> octets = stackalloc byte[16];
            var length = WriteNetwork(octets);
            var whole = octets[..(length == 3 ? 4 : 16)];
            return $"{new IPAddress(whole)}/{length * 8}";
        }
    }

    /// <summary>Writes the octets of the network: 3 of IPv4, 8 of IPv6; those behind them are zero.</summary>
    public int WriteNetwork(Span<byte> octets)
    {
        octets.Clear();
        Span<byte> whole = stackalloc byte[16];
        Address.TryWriteBytes(whole, out var length);
        if (length == 16 && Address.IsIPv4MappedToIPv6)
            whole[12..15].CopyTo(octets);
        else
            whole[..(length == 4 ? 3 : 8)].CopyTo(octets);
        return length == 4 || Address.IsIPv4MappedToIPv6 ? 3 : 8;
    }

    /// <summary>Reads a client from its text: a network, an address in it, or a domain.</summary>
    public static bool TryParse(string text, out GreylistClient client)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        client = default;
        if (IPAddress.TryParse(slash < 0 ? text : text[..slash], out var address))
        {
            client = new GreylistClient(address, default);
            return slash < 0 || text[slash..] == (address.AddressFamily == AddressFamily.InterNetwork ? "/24" : "/64");
        }

        if (slash >= 0 || !DomainName.TryParse(text, out var domain) || domain.IsAddressLiteral)
            return false;
        client = new GreylistClient(IPAddress.None, domain);
        return true;
    }
}
