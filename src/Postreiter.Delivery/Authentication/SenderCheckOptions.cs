using System.Net;
using Postreiter.Core;

namespace Postreiter.Delivery.Authentication;

/// <summary>What follows from a failure, the mildest first.</summary>
public enum FailurePolicy
{
    /// <summary>It is written down.</summary>
    Mark,

    /// <summary>The message goes to Junk.</summary>
    Quarantine,

    /// <summary>The message is refused in the session.</summary>
    Reject,
}

/// <summary>Whose mail is checked, and what follows; sections <c>senders</c>, <c>spf</c>, <c>dmarc</c> and <c>arc</c> of the settings.</summary>
public sealed record SenderCheckOptions
{
    /// <summary>Off, nothing is looked up and nothing is added. Default on.</summary>
    public bool IsOn { get; init; } = true;

    /// <summary>Clients that are not checked at all. Default loopback.</summary>
    public IReadOnlyList<IPNetwork> LocalNetworks { get; init; } =
    [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    /// <summary>Clients that forward mail of others. Default none.</summary>
    public IReadOnlyList<IPNetwork> TrustedNetworks { get; init; } = [];

    /// <summary>Domains of such clients, and of the senders they forward with. Default none.</summary>
    public IReadOnlyList<DomainName> TrustedDomains { get; init; } = [];

    /// <summary>Domains whose ARC seals are believed. Default none.</summary>
    public IReadOnlyList<DomainName> TrustedSealers { get; init; } = [];

    /// <summary>What follows from <c>spf=fail</c> where DMARC does not vouch for the mail. Default mark.</summary>
    public FailurePolicy OnSpfFail { get; init; } = FailurePolicy.Mark;

    /// <summary>
    /// What follows where the author's domain asks for rejection. Default reject. With <see cref="FailurePolicy.Mark"/> nothing follows
    /// from quarantine either.
    /// </summary>
    public FailurePolicy OnDmarcReject { get; init; } = FailurePolicy.Reject;

    /// <summary>F7: how long the checks may take after the final dot; what is not known then is temperror. Default 20 s.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(20);

    internal static bool Contains(IReadOnlyList<IPNetwork> networks, IPAddress address)
    {
        if (networks.Count == 0)
            return false;
        var plain = address.Plain();
        foreach (var network in networks)
        {
            if (network.Contains(plain))
                return true;
        }

        return false;
    }

    internal static bool Contains(IReadOnlyList<DomainName> domains, string name) =>
        domains.Count > 0 && DomainName.TryParse(name, out var domain) && domains.Any(domain.IsAtOrBelow);
}
