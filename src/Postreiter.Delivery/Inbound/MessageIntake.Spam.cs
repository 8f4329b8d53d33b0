using Postreiter.Delivery.Filtering;
using Postreiter.Messages;

namespace Postreiter.Delivery.Inbound;

/// <content>The filter of spam.</content>
public sealed partial class MessageIntake
{
    /// <summary>Scans messages from outside before they are taken; null for none. May change at any time.</summary>
    public SpamFilter? Spam { get; set; }

    internal IMessageScanner NewScanner() => scanner();
}
