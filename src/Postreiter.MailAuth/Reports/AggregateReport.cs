using System.Net;
using Postreiter.MailAuth.Dmarc;

namespace Postreiter.MailAuth.Reports;

/// <summary>A DMARC aggregate report (RFC 7489 §7.2 and appendix C): what a receiver saw of one domain's mail.</summary>
/// <param name="Organization">Who made it, as he calls himself.</param>
/// <param name="Email">Where to ask; empty for none.</param>
/// <param name="ReportId">His name for it.</param>
/// <param name="Begin">The first second it is about.</param>
/// <param name="End">The last.</param>
/// <param name="Policy">The policy that he found.</param>
/// <param name="Rows">What he counted.</param>
public sealed record AggregateReport(
    string Organization,
    string Email,
    string ReportId,
    DateTimeOffset Begin,
    DateTimeOffset End,
    PublishedPolicy Policy,
    IReadOnlyList<AggregateRow> Rows
)
{
    /// <summary>More ways to ask; empty for none.</summary>
    public string ExtraContact { get; init; } = "";

    /// <summary>What went wrong while it was made, in his words.</summary>
    public IReadOnlyList<string> Errors { get; init; } = [];

    /// <summary>Rows that could not be read and are not among <see cref="Rows"/>.</summary>
    public int SkippedRows { get; init; }

    /// <summary>Messages in all.</summary>
    public long Messages => Rows.Aggregate(0L, static (sum, row) => Add(sum, row.Count));

    /// <summary>The rows summed up: what was sent by whom, and how it fared; the largest first.</summary>
    public IReadOnlyList<AggregateSum> Sum()
    {
        var sums = new Dictionary<AggregateSum, long>();
        foreach (var row in Rows)
        {
            var key = new AggregateSum(
                row.Source,
                row.HeaderFrom.ToLowerInvariant(),
                row.Disposition,
                row.IsDkimAligned,
                row.IsSpfAligned,
                0
            );
            sums[key] = Add(sums.GetValueOrDefault(key), row.Count);
        }

        return
        [
            .. sums.Select(static entry => entry.Key with { Count = entry.Value })
                .OrderByDescending(static sum => sum.Count)
                .ThenBy(static sum => sum.Source.ToString(), StringComparer.Ordinal),
        ];
    }

    // A liar's counts may pass any bound together.
    private static long Add(long left, long right) => left > long.MaxValue - right ? long.MaxValue : left + right;
}

/// <summary>Messages that look alike from afar.</summary>
/// <param name="Source">The host that sent them.</param>
/// <param name="HeaderFrom">The domain of their From.</param>
/// <param name="Disposition">What became of them.</param>
/// <param name="IsDkimAligned">Whether DKIM vouched for the author.</param>
/// <param name="IsSpfAligned">Whether SPF did.</param>
/// <param name="Count">How many.</param>
public sealed record AggregateSum(
    IPAddress Source,
    string HeaderFrom,
    DmarcPolicy Disposition,
    bool IsDkimAligned,
    bool IsSpfAligned,
    long Count
);

/// <summary>The policy that a receiver found; null for what he does not say.</summary>
/// <param name="Domain">Where.</param>
/// <param name="Policy"><c>p</c>.</param>
/// <param name="SubdomainPolicy"><c>sp</c>.</param>
public sealed record PublishedPolicy(string Domain, DmarcPolicy? Policy, DmarcPolicy? SubdomainPolicy)
{
    /// <summary><c>np</c>.</summary>
    public DmarcPolicy? NonexistentPolicy { get; init; }

    /// <summary><c>adkim</c>.</summary>
    public DmarcAlignment? DkimAlignment { get; init; }

    /// <summary><c>aspf</c>.</summary>
    public DmarcAlignment? SpfAlignment { get; init; }

    /// <summary><c>pct</c>.</summary>
    public int? Percent { get; init; }

    /// <summary><c>fo</c>.</summary>
    public string? FailureOptions { get; init; }

    /// <summary><c>t</c>, in reports of RFC 9990.</summary>
    public bool? IsTesting { get; init; }

    /// <summary>As a record says it.</summary>
    /// <param name="domain">Where it was found.</param>
    /// <param name="record">The record.</param>
    public static PublishedPolicy Of(string domain, DmarcRecord record) =>
        new(domain, record.Policy, record.SubdomainPolicy ?? record.Policy)
        {
            DkimAlignment = record.DkimAlignment,
            SpfAlignment = record.SpfAlignment,
            Percent = record.Percent,
            FailureOptions = record.FailureOptions,
        };
}

/// <summary>Messages of one kind.</summary>
/// <param name="Source">The host that sent them.</param>
/// <param name="Count">How many, 1 or more.</param>
/// <param name="Disposition">What became of them; delivered is <see cref="DmarcPolicy.None"/>.</param>
/// <param name="IsDkimAligned">Whether DKIM vouched for the author's domain.</param>
/// <param name="IsSpfAligned">Whether SPF did.</param>
/// <param name="HeaderFrom">The domain of their From.</param>
public sealed record AggregateRow(
    IPAddress Source,
    long Count,
    DmarcPolicy Disposition,
    bool IsDkimAligned,
    bool IsSpfAligned,
    string HeaderFrom
)
{
    /// <summary>The domain of MAIL FROM; empty for the null sender; null where it is not said.</summary>
    public string? EnvelopeFrom { get; init; }

    /// <summary>The domain of the recipients; null where it is not said.</summary>
    public string? EnvelopeTo { get; init; }

    /// <summary>Why less was done than the policy says: type, as RFC 7489 appendix C names it, and comment.</summary>
    public IReadOnlyList<(string Type, string Comment)> Reasons { get; init; } = [];

    /// <summary>Signatures that were looked at.</summary>
    public IReadOnlyList<AggregateDkim> Dkim { get; init; } = [];

    /// <summary>SPF checks that were made.</summary>
    public IReadOnlyList<AggregateSpf> Spf { get; init; } = [];
}

/// <summary>A signature, whoever made it.</summary>
/// <param name="Domain">d=.</param>
/// <param name="Selector">s=; null where it is not said.</param>
/// <param name="Result">In lower case, RFC 8601 §2.7.1.</param>
/// <param name="HumanResult">For people; null where it is not said.</param>
public sealed record AggregateDkim(string Domain, string? Selector, string Result, string? HumanResult = null);

/// <summary>An SPF check.</summary>
/// <param name="Domain">The domain that was asked.</param>
/// <param name="Scope">mfrom or helo; null where it is not said.</param>
/// <param name="Result">In lower case, RFC 8601 §2.7.2.</param>
public sealed record AggregateSpf(string Domain, string? Scope, string Result);
