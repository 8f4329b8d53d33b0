namespace Postreiter.Spam.Configuration;

/// <summary>What a rule looks at, and how.</summary>
public enum RuleKind
{
    /// <summary>`header N Hdr =~ /…/`, `!~`, `exists:`.</summary>
    Header,

    /// <summary>`header N eval:function(…)`.</summary>
    HeaderFunction,

    /// <summary>`header N eval:check_rbl…(…)` or `check_dns…`: asks the DNS.</summary>
    BlocklistFunction,

    /// <summary>`body N /…/`.</summary>
    Body,

    /// <summary>`body N eval:function(…)`.</summary>
    BodyFunction,

    /// <summary>`rawbody N /…/`.</summary>
    RawBody,

    /// <summary>`rawbody N eval:function(…)`.</summary>
    RawBodyFunction,

    /// <summary>`full N /…/`.</summary>
    Full,

    /// <summary>`full N eval:function(…)`.</summary>
    FullFunction,

    /// <summary>`uri N /…/`.</summary>
    Uri,

    /// <summary>`uri_detail N field =~ /…/ …`.</summary>
    UriDetail,

    /// <summary>`mimeheader N Hdr =~ /…/`.</summary>
    MimeHeader,

    /// <summary>`meta N expression`.</summary>
    Meta,

    /// <summary>`askdns N query [type [subtest]]`.</summary>
    AskDns,

    /// <summary>`uridnsbl`, `urirhssub`, … with the `body N eval:check_uridnsbl('N')` that goes with it.</summary>
    UriBlocklist,

    /// <summary>Only named, by `reuse` or by a `meta N ()`: something else may make it hit.</summary>
    Declared,
}
