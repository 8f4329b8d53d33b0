using Postreiter.Core;

namespace Postreiter.Delivery.Scanning;

/// <summary>What scanners say of a message, and what follows.</summary>
internal sealed record VirusOutcome
{
    /// <summary>The reply that refuses or defers it; null when it is taken.</summary>
    public SmtpReply? Refusal { get; init; }

    /// <summary>Why it is kept apart; null when it is not.</summary>
    public string? Quarantine { get; init; }

    /// <summary>Whether it is to be scanned again when it is filed.</summary>
    public bool IsLate { get; init; }

    /// <summary>Fields to put in front, whole lines with CRLF.</summary>
    public string Marks { get; init; } = "";

    /// <summary>What was found; null for nothing.</summary>
    public ScanStep? Found { get; init; }

    /// <summary>What each scanner said.</summary>
    public IReadOnlyList<ScanStep> Steps { get; init; } = [];
}
