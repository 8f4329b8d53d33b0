using Postreiter.Core;

namespace Postreiter.Messages.Reports;

/// <summary>What a delivery status notification says (RFC 3464).</summary>
public sealed record DeliveryReport
{
    /// <summary>Reporting-MTA: our host name (RFC 3464 §2.2.2).</summary>
    public required string ReportingHost { get; init; }

    /// <summary>Who is told: the sender of the message.</summary>
    public required EmailAddress To { get; init; }

    /// <summary>Names the notice; its Message-ID and boundary are made of it.</summary>
    public required TraceId Id { get; init; }

    /// <summary>When it is written.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>When the message came in (Arrival-Date, RFC 3464 §2.2.5).</summary>
    public required DateTimeOffset Arrival { get; init; }

    /// <summary>ENVID, decoded; null when not given.</summary>
    public string? EnvelopeId { get; init; }

    /// <summary>One or more recipients, all with one action.</summary>
    public required IReadOnlyList<ReportedRecipient> Recipients { get; init; }

    /// <summary>The message or its header block, from its start; whole lines.</summary>
    public required ReadOnlyMemory<byte> Original { get; init; }

    /// <summary>Whether <see cref="Original"/> is the whole message.</summary>
    public bool IsOriginalWhole { get; init; }
}

/// <summary>One recipient of a report (RFC 3464 §2.3).</summary>
/// <param name="Address">Final-Recipient.</param>
/// <param name="Action">Action.</param>
/// <param name="Status">Status.</param>
public sealed record ReportedRecipient(EmailAddress Address, ReportAction Action, EnhancedStatus Status)
{
    /// <summary>Original-Recipient as <c>type;address</c>, decoded; null when not given.</summary>
    public string? OriginalRecipient { get; init; }

    /// <summary>The reply that decided, on one line (Diagnostic-Code); null when none came.</summary>
    public string? Diagnostic { get; init; }

    /// <summary>Who gave that reply (Remote-MTA); null when it was us.</summary>
    public string? RemoteHost { get; init; }

    /// <summary>Will-Retry-Until, for delays.</summary>
    public DateTimeOffset? RetryUntil { get; init; }
}

/// <summary>Actions of RFC 3464 §2.3.3.</summary>
public enum ReportAction
{
    /// <summary>Given up.</summary>
    Failed,

    /// <summary>Still waiting.</summary>
    Delayed,

    /// <summary>In the mailbox.</summary>
    Delivered,

    /// <summary>Handed to a server that sends no reports.</summary>
    Relayed,
}
