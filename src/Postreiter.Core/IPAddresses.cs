using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Postreiter.Core;

/// <summary>Addresses of hosts in the forms that mail needs.</summary>
public static class IPAddresses
{
    /// <summary>The IPv4 address of one that is mapped into IPv6 (RFC 4291 §2.5.5.2), as listeners for both families see them; else itself.</summary>
    public static IPAddress Plain(this IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>Reads a network; an address alone is one of itself.</summary>
    public static bool TryReadNetwork(string text, out IPNetwork network)
    {
        if (!IPAddress.TryParse(text, out var one))
            return IPNetwork.TryParse(text, out network);
        network = new IPNetwork(one, one.GetAddressBytes().Length * 8);
        return true;
    }

    /// <summary>
    /// The address backwards, as names are made of it: octets of IPv4, nibbles of IPv6 (RFC 1035 §3.5, RFC 3596 §2.5; of lists RFC 5782 §2.1, §2.4).
    /// </summary>
    public static string ReverseLabels(this IPAddress address)
    {
        var plain = address.Plain();
        var octets = plain.GetAddressBytes().Reverse();
        return plain.AddressFamily == AddressFamily.InterNetwork
            ? string.Join('.', octets)
            : string.Join(
                '.',
                octets.Select(o => string.Create(CultureInfo.InvariantCulture, $"{o & 15:x}.{o >> 4:x}"))
            );
    }
}
