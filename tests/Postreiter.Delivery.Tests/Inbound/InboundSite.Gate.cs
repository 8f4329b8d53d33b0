using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Core;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Gate.Tracing;
using Postreiter.Delivery.Lists;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Tests.Inbound;

/// <content>The gate.</content>
internal sealed partial class InboundSite
{
    private TraceWriter? _traces;
    private IReceptionPolicy? _gated;

    public ReceptionGate? Gate { get; private set; }

    public Greylist Greylist => Gate!.Greylist;

    /// <summary>Puts the gate in force.</summary>
    public InboundSite Guard(
        GateOptions? options = null,
        GreylistOptions? greylist = null,
        Greylist? known = null,
        ILogger? log = null
    )
    {
        var list = known ?? new Greylist(Clock, 12345);
        list.Options = greylist ?? new GreylistOptions();
        _traces = new TraceWriter(_store, Clock, NullLogger.Instance);
        Gate = new ReceptionGate(list, _traces, _dns, Host, Clock, new SafeRandom(5), log ?? NullLogger.Instance)
        {
            Options = options ?? new GateOptions(),
            Stored = new StoredLists(_store, Clock),
        };
        _gated = new GatedPolicy(_policy, Gate);
        _intake.Gate = Gate;
        return this;
    }

    /// <summary>The newest trace of an address in plain words.</summary>
    public async Task<string> TraceAsync(string address) => VerdictText.Of((await TracesAsync(address))[0]);

    /// <summary>All traces of an address, the newest first.</summary>
    public async Task<List<Verdict>> TracesAsync(string address)
    {
        await _traces!.FlushAsync();
        return
        [
            .. (await _memory.Gate.ListTracesAsync(EmailAddress.Parse(address), 100, Ct)).Select(t =>
                Verdict.FromJson(t.Verdict.Span)
            ),
        ];
    }
}
