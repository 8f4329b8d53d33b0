namespace Postreiter.Spam.Results;

/// <summary>What a scan found of one mail, in the form that marks and reports are written from. All texts are octet strings.</summary>
public sealed record SpamVerdict
{
    /// <summary>The total, rounded to three decimals.</summary>
    public required double Points { get; init; }

    /// <summary>Points from which a mail is spam (<c>required_score</c>).</summary>
    public required double Required { get; init; }

    /// <summary>Whether the mail is spam: the exact total counts, not the one that is printed.</summary>
    public bool IsSpam => Points >= Required;

    /// <summary>Rules that count, in the order in which they hit.</summary>
    public IReadOnlyList<ReportedHit> Hits { get; init; } = [];

    /// <summary>Names of sub-rules that hit, one for each time.</summary>
    public IReadOnlyList<string> SubHits { get; init; } = [];

    /// <summary>Names of rules whose patterns needed more steps than they may take; they count as not hit.</summary>
    public IReadOnlyList<string> GivenUp { get; init; } = [];

    /// <summary>What became of automatic learning: <c>disabled</c>, <c>no</c>, <c>ham</c>, <c>spam</c>, <c>failed</c> or <c>unavailable</c>.</summary>
    public string Autolearn { get; init; } = "disabled";

    /// <summary>Values of template tags that the scan gives: relays, captured values, networks. Names in capitals.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>The lines of the rendered body, the subject first: of these the preview is made.</summary>
    public IReadOnlyList<ReadOnlyMemory<char>> Body { get; init; } = [];

    /// <summary>Gives a header as rules see it, for <c>_HEADER(name)_</c>; null where the mail lacks it.</summary>
    public Func<string, string?> Header { get; init; } = static _ => null;
}

/// <summary>A rule that hit, for reports.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Points">What it gave.</param>
/// <param name="Area">Where it looked: empty, <c>BODY: </c>, <c>URI: </c>, <c>RAW: </c>, <c>FULL: </c> and the like, with the blank.</param>
/// <param name="Description">Its <c>describe</c> text; empty where it has none.</param>
public sealed record ReportedHit(string Name, double Points, string Area, string Description)
{
    /// <summary>What it found, e.g. the address of a free mailer; <c>nolog</c> rules have this taken out by the engine.</summary>
    public IReadOnlyList<string> Details { get; init; } = [];
}
