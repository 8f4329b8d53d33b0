using System.Net;
using Postreiter.Core;

namespace Postreiter.Delivery.Gate.Checks;

/// <summary>Whether a client's own name makes sense (RFC 5321 §4.1.1.1 and §4.1.3). Alone it is no reason to refuse (§4.1.4).</summary>
internal static class HeloCheck
{
    /// <summary>Looks at a name.</summary>
    /// <param name="helo">The argument of HELO or EHLO.</param>
    /// <param name="client">Who says it.</param>
    /// <param name="hostName">Our own name.</param>
    public static CheckRecord Check(string helo, IPAddress client, DomainName hostName)
    {
        if (IPAddress.TryParse(helo, out _))
            return Against("address", $"{Shown(helo)} is an address without brackets");
        if (!DomainName.TryParse(helo, out var name))
            return Against("syntax", $"{Shown(helo)} is no host name");
        if (name.IsAddressLiteral)
        {
            if (!name.TryGetAddress(out var address))
                return Against("syntax", $"{name.Ascii} is no address");
            return address.Plain().Equals(client.Plain())
                ? new CheckRecord("helo", "literal", 0, 0, $"{name.Ascii} is the client's address")
                : Against("foreign-address", $"{name.Ascii} is not the client's address");
        }

        if (name == hostName)
            return Against("our-name", $"{name.Ascii} is this server's own name");
        if (!name.Ascii.Contains('.'))
            return Against("no-domain", $"{name.Ascii} has no domain");
        return new CheckRecord("helo", "pass", 0, 0, $"{name.Ascii} is a host name");
    }

    private static CheckRecord Against(string result, string reason) =>
        new("helo", result, 0, 0, reason) { IsAgainst = true };

    private static string Shown(string helo) => helo.Length > 100 ? helo[..100] + "…" : helo;
}
