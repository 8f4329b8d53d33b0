using System.Buffers.Binary;
using System.Net;

namespace Postreiter.Delivery.Gate.Checks;

/// <summary>Networks, as many as there may be: a look-up costs one probe for each length of prefix in it.</summary>
internal sealed class NetworkSet
{
    private readonly Dictionary<int, Dictionary<UInt128, string>> _byLength = [];

    /// <summary>Adds a network with the words it came by.</summary>
    public void Add(IPNetwork network, string words)
    {
        var isShort = network.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork;
        var length = network.PrefixLength + (isShort ? 96 : 0);
        if (!_byLength.TryGetValue(length, out var networks))
            _byLength.Add(length, networks = []);
        networks[Number(network.BaseAddress) & Mask(length)] = words;
    }

    /// <summary>The words of a network that holds an address, the smallest first; null for none.</summary>
    public string? Find(IPAddress address)
    {
        if (_byLength.Count == 0)
            return null;
        var number = Number(address);
        foreach (var (length, networks) in _byLength.OrderByDescending(static p => p.Key))
        {
            if (networks.TryGetValue(number & Mask(length), out var words))
                return words;
        }

        return null;
    }

    private static UInt128 Mask(int length) => length == 0 ? 0 : UInt128.MaxValue << (128 - length);

    private static UInt128 Number(IPAddress address)
    {
        Span<byte> octets = stackalloc byte[16];
        address.MapToIPv6().TryWriteBytes(octets, out _);
        return BinaryPrimitives.ReadUInt128BigEndian(octets);
    }
}
