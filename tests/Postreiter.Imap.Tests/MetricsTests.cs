using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

public sealed class MetricsTests
{
    [Fact]
    public async Task Sessions_commands_logins_and_limits_are_counted()
    {
        var seen = new ConcurrentBag<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = static (instrument, self) =>
        {
            if (instrument.Meter.Name == "Postreiter.Imap")
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>(
            (instrument, value, tags, _) =>
                seen.Add($"{instrument.Name} {value} {string.Join(' ', tags.ToArray().Select(static t => t.Value))}")
        );
        listener.Start();
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            Pacing.Lines,
            """
            C: 1 NAMESPACE
            S... 1 OK *
            C: 2 IDLE
            S: + *
            C: DONE
            S: 2 OK *
            C: 3 APPEND Sent {999999999}
            S: 3 NO [TOOBIG] *
            """
        );
        // Other tests count too, so only what must be there is looked for.
        Assert.Superset(
            new HashSet<string>
            {
                "postreiter.imap.sessions 1 ",
                "postreiter.imap.sessions -1 ",
                "postreiter.imap.idle 1 ",
                "postreiter.imap.idle -1 ",
                "postreiter.imap.logins 1 Succeeded",
                "postreiter.imap.commands 1 NAMESPACE OK",
                "postreiter.imap.commands 1 APPEND NO",
                "postreiter.imap.limits 1 L3",
            },
            seen.ToHashSet()
        );
    }
}
