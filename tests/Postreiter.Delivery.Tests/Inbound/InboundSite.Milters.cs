using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Delivery.Milters;

namespace Postreiter.Delivery.Tests.Inbound;

/// <content>Milters.</content>
internal sealed partial class InboundSite
{
    /// <summary>Has milters look at mail; the gate is there.</summary>
    public MilterChain Milter(MilterOptions options)
    {
        var chain = new MilterChain(Host, "0.0", Clock, NullLogger.Instance) { Options = options };
        _gated = new MilteredPolicy(_gated!, chain, Gate!);
        return chain;
    }
}
