using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Postreiter.Spam.Mail;

/// <summary>
/// Networks as <c>trusted_networks</c> and its kin list them: <c>a.b.c.d/n</c>, shortened (<c>10.1.</c> is 10.1.0.0/16), IPv6 with or
/// without brackets, each with a <c>!</c> in front to take it out. 127.0.0.0/8 and ::1 belong to every set of a ruleset. The first
/// network of the list that holds an address decides, so an exception stands before what it is an exception from.
/// </summary>
public sealed class NetworkSet
{
    /// <summary>No network.</summary>
    public static readonly NetworkSet Empty = new([]);

    private readonly Network[] _networks;

    private NetworkSet(Network[] networks) => _networks = networks;

    /// <summary>How many networks are in the set.</summary>
    public int Count => _networks.Length;

    /// <summary>Reads a list; what is no network is given back in <paramref name="invalid"/> and left out.</summary>
    public static NetworkSet Parse(IEnumerable<string> networks, out IReadOnlyList<string> invalid)
    {
        var read = new List<Network>();
        var wrong = new List<string>();
        foreach (var text in networks)
        {
            if (TryRead(text, out var network))
                read.Add(network);
            else
                wrong.Add(text);
        }

        invalid = wrong;
        return new NetworkSet([.. read]);
    }

    /// <summary>Reads a list that must be right, with the networks of the machine itself in front.</summary>
    /// <exception cref="FormatException">One of them is no network.</exception>
    public static NetworkSet WithLoopback(params IEnumerable<string> networks)
    {
        var set = Parse(["127.0.0.0/8", "::1", .. networks], out var invalid);
        return invalid.Count == 0 ? set : throw new FormatException($"'{invalid[0]}' is no network");
    }

    /// <summary>Whether the set holds the address; what is no address is in no set.</summary>
    public bool Contains(string address)
    {
        if (_networks.Length == 0 || !TryAddress(address, out var octets))
            return false;
        foreach (var network in _networks)
        {
            if (network.Contains(octets))
                return !network.Excluded;
        }

        return false;
    }

    private static bool TryRead(string text, out Network network)
    {
        network = default;
        var rest = text.AsSpan().Trim();
        var excluded = rest is ['!', ..];
        if (excluded)
            rest = rest[1..].TrimStart();
        var length = -1;
        if (rest.LastIndexOf('/') is var slash && slash >= 0)
        {
            if (!TryMask(rest[(slash + 1)..], out length))
                return false;
            rest = rest[..slash];
        }

        if (rest is ['[', .. var inner, ']'])
            rest = inner;
        if (rest.IndexOf('%') is var zone && zone >= 0)
            rest = rest[..zone];
        if (!rest.Contains(':'))
        {
            var given = rest.TrimEnd('.').ToString().Split('.');
            if (
                given.Length is 0 or > 4
                || !Array.TrueForAll(given, static part => byte.TryParse(part, NumberStyles.None, null, out _))
            )
                return false;
            if (length > 32)
                return false;
            length = length < 0 ? given.Length * 8 : length;
            rest = string.Join('.', given.Concat(["0", "0", "0"]).Take(4));
        }

        if (!IPAddress.TryParse(rest, out var address) || length > 128)
            return false;
        var v4 = address.AddressFamily == AddressFamily.InterNetwork;
        var bits =
            length < 0 ? 128
            : v4 ? length + 96
            : length;
        network = new Network(address.MapToIPv6().GetAddressBytes(), bits, excluded);
        return true;
    }

    private static bool TryMask(ReadOnlySpan<char> text, out int length)
    {
        if (int.TryParse(text, NumberStyles.None, null, out length))
            return length is >= 0 and <= 128;
        if (!IPAddress.TryParse(text, out var mask) || mask.AddressFamily != AddressFamily.InterNetwork)
            return false;
        var bits = BitConverter.ToUInt32([.. mask.GetAddressBytes().Reverse()]);
        length = System.Numerics.BitOperations.LeadingZeroCount(~bits);
        return bits == (length == 0 ? 0 : uint.MaxValue << (32 - length));
    }

    private static bool TryAddress(string text, out byte[] octets)
    {
        octets = [];
        if (text.Length == 0 || !IPAddress.TryParse(text, out var address))
            return false;
        octets = address.MapToIPv6().GetAddressBytes();
        return true;
    }

    private readonly record struct Network(byte[] Prefix, int Bits, bool Excluded)
    {
        public bool Contains(ReadOnlySpan<byte> address)
        {
            var whole = Bits / 8;
            if (!address[..whole].SequenceEqual(Prefix.AsSpan(0, whole)))
                return false;
            var mask = (byte)(0xFF00 >> (Bits % 8));
            return Bits % 8 == 0 || (address[whole] & mask) == (Prefix[whole] & mask);
        }
    }
}
