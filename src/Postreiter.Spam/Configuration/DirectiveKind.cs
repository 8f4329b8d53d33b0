namespace Postreiter.Spam.Configuration;

/// <summary>What the value of a directive is, and so how it is kept.</summary>
internal enum DirectiveKind
{
    /// <summary>Handled by the reader of rules: `header`, `score`, `tflags`, …</summary>
    Rule,

    /// <summary>One string; the last line counts.</summary>
    Text,

    /// <summary>A decimal number.</summary>
    Number,

    /// <summary>0, 1, no, yes.</summary>
    Switch,

    /// <summary>Seconds, or a number with s, m, h, d or w.</summary>
    Duration,

    /// <summary>A time, a least time and a zone, the last two if wanted: `rbl_timeout`.</summary>
    Timeout,

    /// <summary>A list of domains or addresses for the hosts of URIs: `urirhssub` and its kin.</summary>
    UriList,

    /// <summary>Which zones may be asked: a word and zones; kept as words of two each.</summary>
    Queries,

    /// <summary>Words, appended in order.</summary>
    Words,

    /// <summary>Whole values, appended in order.</summary>
    Lines,

    /// <summary>A key and the rest of the line.</summary>
    Map,

    /// <summary>Address patterns with `*` and `?`.</summary>
    Addresses,

    /// <summary>An address pattern and the host it has to come from.</summary>
    Received,

    /// <summary>An address pattern and, if wanted, the domain that has to sign.</summary>
    Signed,

    /// <summary>`(LIST) pattern…`.</summary>
    NamedAddresses,

    /// <summary>`(LIST) host…`, `!host` is an exception; or hosts for the list of the target.</summary>
    Hosts,

    /// <summary>Takes hosts out again, of one list or of all.</summary>
    RemoveHosts,

    /// <summary>Words of a subject with `*` and `?`, anywhere in it.</summary>
    Phrases,

    /// <summary>Perl patterns in delimiters.</summary>
    Patterns,

    /// <summary>Networks; `!` excludes; the first that holds an address decides.</summary>
    Networks,

    /// <summary>Empties the targets.</summary>
    Clear,

    /// <summary>Empties the targets, or takes words out of them.</summary>
    ClearWords,

    /// <summary>Takes entries out of the targets.</summary>
    Remove,

    /// <summary>Marks and reports: kept as lines in order, for the results' own reader.</summary>
    Mark,

    /// <summary>What the server has a setting of its own for, which the default names; told, and passed over.</summary>
    Elsewhere,

    /// <summary>Accepted, without meaning here.</summary>
    Ignored,
}
