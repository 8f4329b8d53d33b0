using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Gate;

namespace Postreiter.Delivery.Inbound;

/// <content>The gate.</content>
public sealed partial class MessageIntake
{
    /// <summary>Knows of each transaction what was found before the message; null for none.</summary>
    public ReceptionGate? Gate { get; set; }

    /// <summary>Tags the senders of what users send; null for no tags.</summary>
    public BounceTags? Tags { get; set; }
}
