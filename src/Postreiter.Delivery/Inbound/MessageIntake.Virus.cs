using Postreiter.Delivery.Scanning;

namespace Postreiter.Delivery.Inbound;

/// <content>The filter of viruses.</content>
public sealed partial class MessageIntake
{
    /// <summary>Has all messages scanned, those of our own users too; null for none. May change at any time.</summary>
    public VirusFilter? Virus { get; set; }
}
