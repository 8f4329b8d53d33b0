using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using Postreiter.Core;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Gate;

/// <summary>What greylisting counts: who is delayed, who came back and how late, who never did.</summary>
public sealed class GreylistMetricsTests
{
    [Fact]
    public void Delays_returns_and_their_lateness_and_losses_are_counted()
    {
        var seen = new ConcurrentBag<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = static (instrument, self) =>
        {
            if (instrument.Name.StartsWith("postreiter.greylist.", StringComparison.Ordinal))
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>(
            (instrument, value, tags, _) =>
                seen.Add($"{instrument.Name} {value} {string.Join(' ', tags.ToArray().Select(static t => t.Value))}")
        );
        listener.SetMeasurementEventCallback<double>(
            (instrument, value, _, _) => seen.Add($"{instrument.Name} {value}")
        );
        listener.Start();
        var clock = new TestClock();
        var list = new Greylist(clock, 1);
        void Come(string sender) =>
            list.Check(
                new GreylistClient(IPAddress.Parse("192.0.2.7"), default),
                EmailAddress.Parse(sender),
                EmailAddress.Parse("bob@our.example")
            );
        Come("ann@client.example");
        Come("ann@client.example");
        for (var i = 0; i < 7; i++)
            Come($"lost{"abcdefg"[i]}@client.example");
        clock.Advance(TimeSpan.FromSeconds(300 + 4_321));
        Come("ann@client.example");
        clock.Advance(TimeSpan.FromDays(3));
        list.Prune();
        // Other tests count too, so only what must be there is looked for.
        Assert.Superset(
            new HashSet<string>
            {
                "postreiter.greylist.delayed 1 new",
                "postreiter.greylist.delayed 1 early",
                "postreiter.greylist.came_back 1 ",
                "postreiter.greylist.lateness 4321",
                "postreiter.greylist.never_came_back 7 ",
            },
            seen.ToHashSet()
        );
    }
}
