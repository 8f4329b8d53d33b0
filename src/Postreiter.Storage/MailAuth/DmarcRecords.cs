using System.Net;
using Postreiter.Core;

namespace Postreiter.Storage.MailAuth;

/// <summary>A DMARC aggregate report that came in (RFC 7489 §7.2); reporter, id and domain name it.</summary>
/// <param name="Reporter">The organisation that made it, as it calls itself.</param>
/// <param name="ReportId">Its name for the report.</param>
/// <param name="Domain">Whose mail it is about: one of ours.</param>
/// <param name="Received">When it came in.</param>
/// <param name="Rows">What it counts, each row on the day the report begins.</param>
public sealed record DmarcReportRecord(
    string Reporter,
    string ReportId,
    DomainName Domain,
    DateTimeOffset Received,
    IReadOnlyList<DmarcSum> Rows
);

/// <summary>How many messages of a kind a reporter saw; sums of several reports look alike.</summary>
/// <param name="Day">In UTC.</param>
/// <param name="Reporter">Who saw them.</param>
/// <param name="Source">Which host sent them.</param>
/// <param name="HeaderFrom">The domain of their From.</param>
/// <param name="Disposition">What became of them: none, quarantine or reject.</param>
/// <param name="IsDkimAligned">Whether DKIM passed with alignment.</param>
/// <param name="IsSpfAligned">Whether SPF passed with alignment.</param>
/// <param name="Count">How many.</param>
public sealed record DmarcSum(
    DateOnly Day,
    string Reporter,
    IPAddress Source,
    string HeaderFrom,
    string Disposition,
    bool IsDkimAligned,
    bool IsSpfAligned,
    long Count
);

/// <summary>Messages of one kind that came in here on one day.</summary>
/// <param name="Day">In UTC.</param>
/// <param name="Domain">Whose policy was asked.</param>
/// <param name="Kind">What they have in common, in the form of who counts them; the same text is the same kind.</param>
/// <param name="Count">How many.</param>
public sealed record DmarcTally(DateOnly Day, DomainName Domain, string Kind, long Count);
