namespace Postreiter.Spam.Results;

/// <summary>What a ruleset says about marks and reports. The values here are those before any file is read.</summary>
public sealed record MarkSettings
{
    /// <summary>Names of the header fields that this engine's marks begin with.</summary>
    internal const string Prefix = "X-Spam-";

    private static readonly AddedHeader CheckerVersion = new(
        "Checker-Version",
        "SpamAssassin _VERSION_ (_SUBVERSION_) on _HOSTNAME_"
    );

    /// <summary>Fields added to spam (<c>add_header spam|all</c>), in order.</summary>
    public IReadOnlyList<AddedHeader> SpamHeaders { get; init; } = [CheckerVersion];

    /// <summary>Fields added to all other mail (<c>add_header ham|all</c>), in order.</summary>
    public IReadOnlyList<AddedHeader> HamHeaders { get; init; } = [CheckerVersion];

    /// <summary><c>report_safe</c>: 0 marks spam in its header; 1 encloses it as message/rfc822 in a report, 2 as text/plain. Default 1.</summary>
    public int ReportSafe { get; init; } = 1;

    /// <summary><c>rewrite_header</c>: texts by field, one of <c>Subject</c>, <c>From</c>, <c>To</c>.</summary>
    public IReadOnlyDictionary<string, string> Rewrites { get; init; } = new Dictionary<string, string>();

    /// <summary><c>subjprefix</c>: texts by rule, put before the subject of spam where <c>rewrite_header Subject</c> is set too.</summary>
    public IReadOnlyDictionary<string, string> SubjectPrefixes { get; init; } = new Dictionary<string, string>();

    /// <summary>Fields of the enclosed mail that its report has too, besides From, To, Cc, Subject, Date, Message-Id.</summary>
    public IReadOnlyList<string> CopiedHeaders { get; init; } = [];

    /// <summary>The report (<c>report</c>), lines ending in LF.</summary>
    public string ReportTemplate { get; init; } = "";

    /// <summary>What the report of an enclosed mail adds when that is not plain text (<c>unsafe_report</c>).</summary>
    public string UnsafeReportTemplate { get; init; } = "";

    /// <summary><c>report_charset</c>: what the report calls its characters.</summary>
    public string ReportCharset { get; init; } = "UTF-8";

    /// <summary><c>report_contact</c>: for <c>_CONTACTADDRESS_</c>.</summary>
    public string ReportContact { get; init; } = "the administrator of that system";

    /// <summary><c>report_hostname</c>: for <c>_HOSTNAME_</c>; empty for the name of this server.</summary>
    public string ReportHostName { get; init; } = "";

    /// <summary><c>report_wrap_width</c>: where descriptions of rules wrap. Default 75.</summary>
    public int ReportWrapWidth { get; init; } = 75;

    /// <summary><c>fold_headers</c>: whether added fields fold at 79 columns. Default yes.</summary>
    public bool FoldsHeaders { get; init; } = true;
}

/// <summary>A header field to add.</summary>
/// <param name="Name">Its name behind <c>X-Spam-</c>.</param>
/// <param name="Template">Its value, with tags.</param>
public sealed record AddedHeader(string Name, string Template);
