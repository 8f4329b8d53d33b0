namespace Postreiter.Spam.Rules;

/// <summary>A rule that hit.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Points">The points it gave, all hits together.</param>
/// <param name="Count">Its hits: 1, unless it counts.</param>
/// <param name="Area">For reports: ``, `BODY: `, `URI: `, `RAW: ` or `FULL: `.</param>
/// <param name="Description">Its description, with what was found in this mail; empty = none.</param>
public sealed record RuleHit(string Name, double Points, double Count, string Area, string Description)
{
    /// <summary>What was found in this mail, for reports: `192.0.2.7 listed in zen.example`. At most 20 of at most 1,000 octets, without control characters.</summary>
    public IReadOnlyList<string> Details { get; init; } = [];
}

/// <summary>What a scan found.</summary>
/// <param name="Points">The total, rounded to three decimals.</param>
/// <param name="Required">The total from which a mail is spam.</param>
/// <param name="Hits">Rules that gave points, in the order of their hits.</param>
/// <param name="SubHits">Sub-rules that hit.</param>
/// <param name="GivenUp">Rules whose pattern needed more steps than it may take; they count as not hit.</param>
/// <param name="ShortCircuit">The rule that ended the scan; null when it ran to its end.</param>
public sealed record ScanResult(
    double Points,
    double Required,
    IReadOnlyList<RuleHit> Hits,
    IReadOnlyList<RuleHit> SubHits,
    IReadOnlyList<string> GivenUp,
    string? ShortCircuit
)
{
    /// <summary>Whether the mail is spam: the exact decimal counts.</summary>
    public bool IsSpam => Points >= Required;

    /// <summary>`ham` or `spam`, where a rule or the sum of points ended the scan before its time; null = it ran to its end.</summary>
    public string? ShortCircuitKind { get; init; }

    /// <summary>Whether the scan was ended by `time_limit`: the rules that had not run then count as not hit.</summary>
    public bool IsTimeLimitExceeded { get; init; }

    /// <summary>Questions to the DNS that got no answer in time, or were too many, as `TYPE name`; one text for all while the DNS is silent. Their rules count as not hit.</summary>
    public IReadOnlyList<string> Unanswered { get; init; } = [];

    /// <summary>Zones that said, by this mail, that they answer us no more; they are left alone for `dns_block_time`.</summary>
    public IReadOnlyList<string> BlockedZones { get; init; } = [];
}
