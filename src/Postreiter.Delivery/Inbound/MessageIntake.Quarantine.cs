using Postreiter.Delivery.Quarantine;

namespace Postreiter.Delivery.Inbound;

/// <content>The quarantine.</content>
public sealed partial class MessageIntake
{
    /// <summary>How much may be kept apart; may change at any time.</summary>
    public QuarantineOptions Quarantine { get; set; } = new();
}
