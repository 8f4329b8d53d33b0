using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Filtering;

/// <summary>What follows from the points of a message.</summary>
public sealed record SpamFilterOptions
{
    /// <summary>Points from which a message is spam: marked, and filed into Junk. Default 5.</summary>
    public double Threshold { get; init; } = 5;

    /// <summary>Points from which a message is refused with 550. Default 15.</summary>
    public double RejectAt { get; init; } = 15;

    /// <summary>Points from which spam is kept in the quarantine instead of Junk. Default 1000: none.</summary>
    public double QuarantineAt { get; init; } = 1000;

    /// <summary>Put in front of the subject of spam; may hold template tags such as <c>_SCORE_</c>. Default empty: nothing.</summary>
    public string SubjectTag { get; init; } = "";

    /// <summary>Octets of a message that are scanned. Default 512 KiB.</summary>
    public int MaxScanBytes { get; init; } = 512 * 1024;

    /// <summary>Longest time that the scan may take, its wait for a place included (F7). Default 20 s.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long the scan of a message may go on that was taken unscanned. Default 5 min.</summary>
    public TimeSpan LateBudget { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// What becomes of a message whose scan fails or takes too long: true answers 451 4.7.1, false takes it and marks it as unscanned.
    /// Default false.
    /// </summary>
    public bool DefersUnscanned { get; init; }

    /// <summary>The same for mail by LMTP, whose client has a queue of its own or has none; null as for all. Default null.</summary>
    public bool? DefersUnscannedByLmtp { get; init; }

    /// <summary>What becomes of a message that came in by a listener.</summary>
    internal bool Defers(ListenerRole listener) =>
        (listener == ListenerRole.Lmtp ? DefersUnscannedByLmtp : null) ?? DefersUnscanned;
}
