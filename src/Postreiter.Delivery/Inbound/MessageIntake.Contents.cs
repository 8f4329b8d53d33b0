using Postreiter.Delivery.Scanning.Contents;

namespace Postreiter.Delivery.Inbound;

/// <content>The rules about contents.</content>
public sealed partial class MessageIntake
{
    /// <summary>Has what is attached to all messages looked at, those of our own users too; null for none. May change at any time.</summary>
    public ContentFilter? Contents { get; set; }
}
