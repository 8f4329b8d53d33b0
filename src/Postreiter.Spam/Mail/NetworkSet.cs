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

    /// <summary>Those of its networks that lie whole within another set, and its exceptions.</summary>
    public NetworkSet Within(NetworkSet outer)
    {
        ArgumentNullException.ThrowIfNull(outer);
        return new NetworkSet([.. _networks.Where(network => network.IsExcluded || outer.Covers(network))]);
    }

    private bool Covers(Network inner)
    {
        foreach (var network in _networks)
        {
            if (
                network.Length <= inner.Length
                && (network.Length == 0 || (inner.Prefix ^ network.Prefix) >> (128 - network.Length) == 0)
            )
                return !network.IsExcluded;
        }

        return false;
    }

    /// <summary>Whether a text is a network.</summary>
    internal static bool IsNetwork(string text) => TryRead(text, out _);

    /// <summary>Whether the set holds the address; what is no address is in no set.</summary>
    public bool Contains(string address) =>
        _networks.Length > 0 && IPAddress.TryParse(address, out var parsed) && Contains(parsed);

    /// <summary>Whether the set holds the address; an IPv4 address mapped into IPv6 counts as IPv4.</summary>
    public bool Contains(IPAddress address)
    {
        var bits = Bits(address);
        foreach (var network in _networks)
        {
            if (network.Length == 0 || (bits ^ network.Prefix) >> (128 - network.Length) == 0)
                return !network.IsExcluded;
        }

        return false;
    }

    private static bool TryRead(string text, out Network network)
    {
        network = default;
        var rest = text.AsSpan().Trim();
        var isExcluded = rest is ['!', ..];
        if (isExcluded)
            rest = rest[1..].TrimStart();
        var slash = rest.IndexOf('/');
        var mask = slash < 0 ? default : rest[(slash + 1)..];
        if (slash >= 0)
            rest = rest[..slash];
        if (rest is ['[', .. var inner, ']'])
            rest = inner;
        if (rest.IndexOf('%') is var zone && zone >= 0)
            rest = rest[..zone];
        int length;
        IPAddress? address;
        if (!rest.Contains(':'))
        {
            if (!TryReadIpv4(rest, out address, out length))
                return false;
        }
        else if (IPAddress.TryParse(rest, out address) && address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            length = 128;
        }
        else
        {
            return false;
        }

        var isIpv4 = address.AddressFamily == AddressFamily.InterNetwork;
        if (slash >= 0 && !TryReadMask(mask, isIpv4, out length))
            return false;
        network = new Network(Bits(address), length, isExcluded);
        return true;
    }

    // "10.1." is 10.1.0.0/16. Leading zeros are decimal here, as in the original, and not octal as the runtime has them.
    private static bool TryReadIpv4(ReadOnlySpan<char> text, out IPAddress address, out int length)
    {
        (address, length) = (IPAddress.None, 0);
        Span<byte> octets = stackalloc byte[4];
        var count = 0;
        foreach (var part in text.TrimEnd('.').Split('.'))
        {
            if (
                count == 4
                || !byte.TryParse(text[part], NumberStyles.None, CultureInfo.InvariantCulture, out octets[count++])
            )
                return false;
        }

        address = new IPAddress(octets);
        length = 96 + (8 * count);
        return count > 0;
    }

    private static bool TryReadMask(ReadOnlySpan<char> mask, bool isIpv4, out int length)
    {
        if (int.TryParse(mask, NumberStyles.None, CultureInfo.InvariantCulture, out length))
        {
            length += isIpv4 ? 96 : 0;
            return length <= 128;
        }

        if (!isIpv4 || !TryReadIpv4(mask, out var octets, out _))
            return false;
        var bits = (uint)Bits(octets);
        length = 96 + System.Numerics.BitOperations.LeadingZeroCount(~bits);
        return length == 128 || bits << (length - 96) == 0;
    }

    private static UInt128 Bits(IPAddress address)
    {
        Span<byte> octets = stackalloc byte[16];
        address.MapToIPv6().TryWriteBytes(octets, out _);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(octets);
    }

    private readonly record struct Network(UInt128 Prefix, int Length, bool IsExcluded);
}
