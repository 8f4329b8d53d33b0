using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Postreiter.Net.Listeners;

/// <summary>L12: counts the open connections of one listener, in all and by address.</summary>
/// <param name="limits">Most in all and most by address, asked for each connection: they may change while the server runs.</param>
internal sealed class ConnectionLimiter(Func<ConnectionLimits> limits)
{
    private readonly ConcurrentDictionary<IPAddress, int> _byAddress = new();
    private int _open;

    /// <summary>Whether more than 80 % of the places are taken.</summary>
    public bool IsUnderStress => Volatile.Read(ref _open) > limits().Most * 0.8;

    /// <summary>With limits that stay.</summary>
    public ConnectionLimiter(int most, int mostPerAddress)
        : this(() => new ConnectionLimits(most, mostPerAddress)) { }

    /// <summary>Takes a place; false when there is none.</summary>
    /// <param name="address">The peer; null (a Unix socket), 127.0.0.1 and ::1 are not counted by address.</param>
    public bool TryEnter(IPAddress? address)
    {
        var (most, mostPerAddress) = limits();
        if (Interlocked.Increment(ref _open) > most)
        {
            Interlocked.Decrement(ref _open);
            return false;
        }

        if (
            !IsCounted(address)
            || _byAddress.AddOrUpdate(Network(address), 1, static (_, n) => n + 1) <= mostPerAddress
        )
            return true;
        Leave(address);
        return false;
    }

    /// <summary>Gives the place back.</summary>
    public void Leave(IPAddress? address)
    {
        Interlocked.Decrement(ref _open);
        if (!IsCounted(address))
            return;
        var network = Network(address);
        while (_byAddress.TryGetValue(network, out var count))
        {
            var done =
                count > 1
                    ? _byAddress.TryUpdate(network, count - 1, count)
                    : _byAddress.TryRemove(new KeyValuePair<IPAddress, int>(network, count));
            if (done)
                return;
        }
    }

    // This machine's own programs (a webmail, a content filter, a proxy) speak for many people with one address.
    private static bool IsCounted([NotNullWhen(true)] IPAddress? address) =>
        address is not null && !address.Equals(IPAddress.Loopback) && !address.Equals(IPAddress.IPv6Loopback);

    // One caller has a whole /64 of IPv6 at hand.
    private static IPAddress Network(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }
}
