using System.Net;
using System.Net.Sockets;
using Postreiter.Core;
using Postreiter.Dns;

namespace Postreiter.Delivery.Inbound;

/// <summary>
/// Finds the name of a peer for Received (RFC 5321 §4.4): what the DNS has for the address, where that name has the address in turn.
/// Anybody may call an address of his own as he likes; only the way back says something.
/// </summary>
internal sealed class ReverseLookup(IDnsResolver dns, TimeProvider time)
{
    private const int MaxNames = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Looks; never throws. Null where there is no such name, or none was found within 5 s (F8: that is nobody's fault).</summary>
    public async Task<DomainName?> FindAsync(IPAddress address)
    {
        using var timer = new CancellationTokenSource(Patience, time);
        try
        {
            var names = await dns.ResolvePtrAsync(address, timer.Token);
            foreach (var name in names.Records.Take(MaxNames))
            {
                var addresses =
                    address.AddressFamily == AddressFamily.InterNetworkV6
                        ? await dns.ResolveAaaaAsync(name, timer.Token)
                        : await dns.ResolveAAsync(name, timer.Token);
                if (addresses.Records.Contains(address))
                    return name;
            }
        }
        catch (OperationCanceledException)
        {
            // Too slow: the mail does not wait for it.
        }

        return null;
    }
}
