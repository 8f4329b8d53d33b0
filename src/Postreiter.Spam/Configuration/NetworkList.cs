using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Postreiter.Spam.Configuration;

/// <summary>Networks of `trusted_networks`, `internal_networks`, `msa_networks`: the first that holds an address decides.</summary>
public sealed class NetworkList
{
    private readonly List<(UInt128 Address, int Prefix, bool Excluded)> _networks = [];
    private readonly List<string> _texts = [];

    internal NetworkList() { }

    internal NetworkList(NetworkList other)
    {
        _networks.AddRange(other._networks);
        _texts.AddRange(other._texts);
        IsConfigured = other.IsConfigured;
    }

    /// <summary>Whether a line of the ruleset filled it. 127.0.0.0/8 and ::1 are in it either way.</summary>
    public bool IsConfigured { get; private set; }

    /// <summary>The networks as written, in order.</summary>
    public IReadOnlyList<string> Texts => _texts;

    /// <summary>Number of networks as configured.</summary>
    public int Count => _networks.Count;

    /// <summary>Whether an address is in it.</summary>
    /// <param name="address">IPv4 or IPv6; an IPv4 address mapped into IPv6 counts as IPv4.</param>
    public bool Contains(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (IPAddress.IsLoopback(address))
            return true;
        var bits = Bits(address);
        foreach (var (network, prefix, excluded) in _networks)
        {
            if (prefix == 0 || (bits ^ network) >> (128 - prefix) == 0)
                return !excluded;
        }
        return false;
    }

    /// <summary>Adds a network: `10.0.0.0/8`, `10.`, `10.1.2.3`, `!192.168.0.1`, `[2001:db8::]/32`, `10.0.0.0/255.0.0.0`.</summary>
    /// <returns>False when it is none.</returns>
    internal bool TryAdd(string text)
    {
        var rest = text.AsSpan().Trim();
        var excluded = rest.StartsWith("!");
        if (excluded)
            rest = rest[1..].TrimStart();
        var mask = default(ReadOnlySpan<char>);
        var slash = rest.IndexOf('/');
        if (slash >= 0)
        {
            mask = rest[(slash + 1)..];
            rest = rest[..slash];
        }
        if (rest.Length > 1 && rest[0] == '[' && rest[^1] == ']')
            rest = rest[1..^1];
        var scope = rest.IndexOf('%');
        if (scope >= 0)
            rest = rest[..scope];

        int prefix;
        IPAddress? address;
        if (rest.IndexOf(':') < 0)
        {
            if (!TryReadIpv4(rest, out address, out prefix))
                return false;
        }
        else if (IPAddress.TryParse(rest, out address) && address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            prefix = 128;
        }
        else
        {
            return false;
        }
        var isIpv4 = address.AddressFamily == AddressFamily.InterNetwork;
        if (slash >= 0 && !TryReadMask(mask, isIpv4, out prefix))
            return false;
        _networks.Add((Bits(address), prefix, excluded));
        _texts.Add(text);
        IsConfigured = true;
        return true;
    }

    internal void Clear()
    {
        _networks.Clear();
        _texts.Clear();
        IsConfigured = false;
    }

    private static bool TryReadIpv4(ReadOnlySpan<char> text, out IPAddress address, out int prefix)
    {
        (address, prefix) = (IPAddress.None, 0);
        Span<byte> octets = stackalloc byte[4];
        var count = 0;
        foreach (var part in text.TrimEnd('.').Split('.'))
        {
            // Leading zeroes are decimal here, as in the original.
            if (
                count == 4
                || !byte.TryParse(text[part], NumberStyles.None, CultureInfo.InvariantCulture, out octets[count++])
            )
                return false;
        }
        address = new IPAddress(octets);
        prefix = (96 + (8 * count));
        return count > 0;
    }

    private static bool TryReadMask(ReadOnlySpan<char> mask, bool isIpv4, out int prefix)
    {
        if (int.TryParse(mask, NumberStyles.None, CultureInfo.InvariantCulture, out prefix))
        {
            prefix += isIpv4 ? 96 : 0;
            return prefix <= 128;
        }
        if (!isIpv4 || !TryReadIpv4(mask, out var octets, out _))
            return false;
        var bits = (uint)Bits(octets);
        prefix = 96 + System.Numerics.BitOperations.LeadingZeroCount(~bits);
        return prefix == 128 || bits << (prefix - 96) == 0;
    }

    private static UInt128 Bits(IPAddress address)
    {
        Span<byte> octets = stackalloc byte[16];
        (address.AddressFamily == AddressFamily.InterNetwork ? address.MapToIPv6() : address).TryWriteBytes(
            octets,
            out _
        );
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(octets);
    }
}
