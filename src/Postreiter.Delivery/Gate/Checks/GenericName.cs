using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Postreiter.Core;

namespace Postreiter.Delivery.Gate.Checks;

/// <summary>
/// Whether a host's name was made by a machine from its address, or says that it stands at the end of a line rented by people: mail servers
/// have names that somebody chose.
/// </summary>
internal static class GenericName
{
    private static readonly SearchValues<char> Parts = SearchValues.Create(".-_");

    private static readonly FrozenSet<string> LineWords = new[]
    {
        "adsl",
        "broadband",
        "cable",
        "catv",
        "client",
        "cpe",
        "cust",
        "customer",
        "customers",
        "dhcp",
        "dial",
        "dialin",
        "dialup",
        "dip",
        "dsl",
        "dup",
        "dyn",
        "dynamic",
        "dynip",
        "fiber",
        "fttb",
        "ftth",
        "gprs",
        "home",
        "hsd",
        "lte",
        "mobile",
        "modem",
        "pool",
        "ppp",
        "pppoe",
        "res",
        "residential",
        "sdsl",
        "umts",
        "user",
        "users",
        "vdsl",
        "wifi",
        "wlan",
        "xdsl",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> ServerWords = new[]
    {
        "bounce",
        "gateway",
        "gw",
        "list",
        "lists",
        "mail",
        "mailer",
        "mailgate",
        "mailhost",
        "mailout",
        "mta",
        "mx",
        "out",
        "outbound",
        "relay",
        "smarthost",
        "smtp",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Looks at a name.</summary>
    /// <param name="name">The name that the DNS has for the address.</param>
    /// <param name="address">The address.</param>
    public static CheckRecord Check(DomainName name, IPAddress address)
    {
        var text = name.Ascii;
        var end = text.IndexOf('.', StringComparison.Ordinal);
        var host = end < 0 ? text : text[..end];
        if (Words(host).Any(ServerWords.Contains))
            return new CheckRecord("name", "server", 0, 0, $"{text} is the name of a mail server");
        // The registered domain is the provider's: a name such as home.example says nothing of the line.
        var labels = text.Split('.');
        var below = string.Join('.', labels[..Math.Max(1, labels.Length - 2)]);
        if (HoldsAddress(below, address))
            return new CheckRecord("name", "generic", 0, 0, $"{text} is made of the address") { IsAgainst = true };
        if (Words(below).FirstOrDefault(LineWords.Contains) is { } word)
            return new CheckRecord("name", "dial-up", 0, 0, $"{text} says that it is a line of people ({word})")
            {
                IsAgainst = true,
            };
        return new CheckRecord("name", "pass", 0, 0, $"{text} is a name that somebody chose");
    }

    /// <summary>Words without the digits at their ends: dsl of dsl17, ppp of 3ppp.</summary>
    private static IEnumerable<string> Words(string text)
    {
        var start = 0;
        while (start <= text.Length)
        {
            var length = text.AsSpan(start).IndexOfAny(Parts);
            var word = length < 0 ? text.AsSpan(start) : text.AsSpan(start, length);
            var trimmed = word.Trim("0123456789").ToString();
            start += word.Length + 1;
            if (trimmed.Length > 0)
                yield return trimmed;
        }
    }

    private static bool HoldsAddress(string text, IPAddress address)
    {
        address = address.Plain();
        var octets = address.GetAddressBytes();
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            // The last 64 bits in hexadecimal, with or without marks between them.
            var bare = text.Replace("-", "", StringComparison.Ordinal).Replace(".", "", StringComparison.Ordinal);
            var hex = Convert.ToHexStringLower(octets);
            return bare.Contains(hex[16..], StringComparison.Ordinal)
                || text.Contains(address.ToString().Replace(':', '-'), StringComparison.Ordinal);
        }

        if (text.Contains(Convert.ToHexStringLower(octets), StringComparison.Ordinal))
            return true;
        if (
            text.Contains(
                string.Concat(octets.Select(o => o.ToString("D3", CultureInfo.InvariantCulture))),
                StringComparison.Ordinal
            )
        )
            return true;
        // Three of its octets or more beside each other, in either direction, whatever stands between.
        var numbers = Numbers(text);
        for (var i = 0; i + 3 <= numbers.Count; i++)
        {
            var (a, b, c) = (numbers[i], numbers[i + 1], numbers[i + 2]);
            if (
                (a, b, c) == (octets[0], octets[1], octets[2])
                || (a, b, c) == (octets[1], octets[2], octets[3])
                || (a, b, c) == (octets[3], octets[2], octets[1])
                || (a, b, c) == (octets[2], octets[1], octets[0])
            )
                return true;
        }

        return false;
    }

    private static List<int> Numbers(string text)
    {
        var numbers = new List<int>();
        for (var i = 0; i < text.Length; )
        {
            var length = text.AsSpan(i).IndexOfAnyExceptInRange('0', '9') is var n and >= 0 ? n : text.Length - i;
            if (length is > 0 and <= 3)
                numbers.Add(int.Parse(text.AsSpan(i, length), CultureInfo.InvariantCulture));
            i += Math.Max(1, length);
        }

        return numbers;
    }
}
