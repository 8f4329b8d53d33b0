using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Scanning;

namespace Postreiter.Spam.Tests.Scanning;

public sealed class GivenUpTests
{
    [Fact]
    public void P10_a_rule_that_takes_too_long_is_named_counted_and_no_hit()
    {
        var counted = new ConcurrentBag<string?>();
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Name == "postreiter.spam.rules_given_up")
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => counted.Add(tags[0].Value as string));
        listener.Start();
        var reader = new RulesetReader();
        // A back-reference behind nested repeats: whatever goes back goes back for ever.
        reader.ReadText("a.cf", "body GIVEN_UP_HERE /^(?:(a+)+)+\\1$/\nbody OTHER /a/\n");
        var mail = Encoding.ASCII.GetBytes("Subject: x\n\n" + new string('a', 60) + "!\n");
        var scanned = new MailScans(reader.Complete()).Scan(mail);
        Assert.Equal(["GIVEN_UP_HERE"], scanned.GivenUp);
        Assert.Equal("OTHER", Assert.Single(scanned.Verdict.Hits).Name);
        Assert.Contains("GIVEN_UP_HERE", counted);
    }
}
