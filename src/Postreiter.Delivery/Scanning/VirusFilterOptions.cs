using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Scanning;

/// <summary>What follows from what scanners say.</summary>
public sealed record VirusFilterOptions
{
    /// <summary>
    /// What becomes of a message that a scanner could not look at: true answers 451 4.7.1, false takes it and marks it as unscanned
    /// (F6). Default true.
    /// </summary>
    public bool DefersUnscanned { get; init; } = true;

    /// <summary>
    /// What becomes of a message in which something was found: true keeps it apart, false refuses it with 554 5.7.1 and keeps nothing.
    /// Default false.
    /// </summary>
    public bool QuarantinesInfected { get; init; }

    /// <summary>The same for mail of our users; null as for all. Default null.</summary>
    public bool? DefersUnscannedBySubmission { get; init; }

    /// <summary>The same for mail by LMTP; null as for all. Default null.</summary>
    public bool? DefersUnscannedByLmtp { get; init; }

    /// <summary>What becomes of a message that came in by a listener.</summary>
    internal bool Defers(ListenerRole listener) =>
        listener switch
        {
            ListenerRole.Submission => DefersUnscannedBySubmission,
            ListenerRole.Lmtp => DefersUnscannedByLmtp,
            _ => null,
        } ?? DefersUnscanned;

    /// <summary>How long a scan may take whose message was taken before it was through. Default 5 min.</summary>
    public TimeSpan LateBudget { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Longest wait for answers after the end of the message (F7). Default 20 s.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(20);
}
