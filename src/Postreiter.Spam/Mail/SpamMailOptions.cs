namespace Postreiter.Spam.Mail;

/// <summary>What a site says about the mails it reads; the names in brackets are the directives of a ruleset.</summary>
public sealed record SpamMailOptions
{
    /// <summary>What the packaged rules set: the headers that webmail services put the author's address into.</summary>
    public static readonly IReadOnlyList<string> DefaultOriginatingIpHeaders =
    [
        "X-Yahoo-Post-IP",
        "X-Originating-IP",
        "X-Apparently-From",
        "X-SenderIP",
        "X-AOL-IP",
        "X-MS-Exchange-CrossTenant-OriginalAttributedTenantConnectingIp",
    ];

    /// <summary>Relays whose Received fields are believed (<c>trusted_networks</c>); null when the site says nothing.</summary>
    public NetworkSet? TrustedNetworks { get; init; }

    /// <summary>Relays of the site itself (<c>internal_networks</c>); null when the site says nothing.</summary>
    public NetworkSet? InternalNetworks { get; init; }

    /// <summary>Relays that take mail only from people who logged in (<c>msa_networks</c>). Default none.</summary>
    public NetworkSet MsaNetworks { get; init; } = NetworkSet.Empty;

    /// <summary>Headers whose address counts as one more relay (<c>originating_ip_headers</c>), in order.</summary>
    public IReadOnlyList<string> OriginatingIpHeaders { get; init; } = DefaultOriginatingIpHeaders;

    /// <summary>The header that this site's server writes the envelope's sender into (<c>envelope_sender_header</c>); null: guess.</summary>
    public string? EnvelopeSenderHeader { get; init; }

    /// <summary>The envelope's sender when the SMTP session is known, "" for the null sender; null: as the headers say.</summary>
    public string? EnvelopeFrom { get; init; }

    /// <summary>What is known of top-level and registered domains (<c>util_rb_*</c>); null: <c>:host</c> and <c>:domain</c> find only what follows an at sign.</summary>
    public IDomainBoundaries? Domains { get; init; }

    /// <summary>Octets of a mail that are looked at; the rest is as if it had not come. Default 8 MiB.</summary>
    public int MaxScanSize { get; init; } = 8 * 1024 * 1024;

    /// <summary>Octets of one rendered part that body rules see (<c>body_part_scan_size</c>). Default 50,000; 0 is no limit.</summary>
    public int BodyPartScanSize { get; init; } = 50_000;

    /// <summary>Octets of one decoded part that rawbody rules see (<c>rawbody_part_scan_size</c>). Default 500,000; 0 is no limit.</summary>
    public int RawBodyPartScanSize { get; init; } = 500_000;

    /// <summary>Levels of multiparts and attached mails that are opened; what lies deeper is a part like a picture. Default 20.</summary>
    public int MaxDepth { get; init; } = 20;
}

/// <summary>Where a registered domain begins, by the lists of a ruleset and not by the public suffix list: their answers differ.</summary>
public interface IDomainBoundaries
{
    /// <summary>Whether the label, in any case, is a top-level domain.</summary>
    bool IsTopLevel(ReadOnlySpan<char> label);

    /// <summary>The registered domain of a host name, in lower case; the name itself when it is one or is none.</summary>
    string RegisteredDomain(string host);
}
