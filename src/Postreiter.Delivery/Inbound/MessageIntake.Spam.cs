using Postreiter.Delivery.Filtering;
using Postreiter.Messages;

namespace Postreiter.Delivery.Inbound;

/// <content>The filter of spam.</content>
public sealed partial class MessageIntake
{
    /// <summary>Scans messages from outside before they are taken; null for none. May change at any time.</summary>
    public SpamFilter? Spam { get; set; }

    /// <summary>Scans that go on after their message was taken.</summary>
    internal LateScans Late { get; } = new(store, resolver, log);

    /// <summary>Complete when no scan is going on whose message was taken unscanned.</summary>
    public Task LateScansEnd => Late.Idle;

    /// <summary>Ends the scans that go on.</summary>
    public void StopLateScans() => Late.Dispose();

    internal IMessageScanner NewScanner() => scanner();
}
