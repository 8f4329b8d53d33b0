using System.Net;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Gate.Greylisting;

namespace Postreiter.Delivery.Gate;

/// <summary>What is looked at before the message, and what follows; sections <c>gate</c>, <c>dnsbl</c>, <c>lists</c> and <c>trace</c> of the settings.</summary>
public sealed record GateOptions
{
    /// <summary>Clients that are not looked at. Default loopback.</summary>
    public IReadOnlyList<IPNetwork> LocalNetworks { get; init; } =
    [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    /// <summary>Lists of addresses in the DNS. Default none.</summary>
    public IReadOnlyList<DnsList> DnsLists { get; init; } = [];

    /// <summary>Whom the site, a domain or an account lets in or not. Default nobody.</summary>
    public GateLists Lists { get; init; } = GateLists.Empty;

    /// <summary>Points of a sender to whom an account has written, for that account's mail, where SPF or DKIM vouches for it; not above 0. Default −5.</summary>
    public double Welcome { get; init; } = -5;

    /// <summary>Clients that are never greylisted. Default none.</summary>
    public GreylistAllow GreylistAllow { get; init; } = GreylistAllow.Empty;

    /// <summary>How long the DNS may take for each kind of check, all its questions together. Default 5 s.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the greeting of a client that is not known waits, to see whether it talks before. Default not at all.</summary>
    public TimeSpan GreetDelay { get; init; }

    /// <summary>What follows from talking before the greeting: mark or reject. Default mark.</summary>
    public FailurePolicy OnEarlyTalker { get; init; } = FailurePolicy.Mark;

    /// <summary>What follows from a sender whose domain is not there or takes no mail: mark or reject. Default reject.</summary>
    public FailurePolicy OnNoDomain { get; init; } = FailurePolicy.Reject;

    /// <summary>What follows from a notice about mail that nobody here sent, where that can be known (BATV): mark (into Junk) or reject. Default reject.</summary>
    public FailurePolicy OnBackscatter { get; init; } = FailurePolicy.Reject;

    /// <summary>Points, before the message, from which a recipient is refused. Default 15.</summary>
    public double RejectAt { get; init; } = 15;

    /// <summary>Points from which a message is spam. Default 5; within two points of it a caller has something against it.</summary>
    public double Threshold { get; init; } = 5;

    /// <summary>Connections a minute of a client network, /24 or /64. Default 600; 0 for any number.</summary>
    public int ConnectionsPerMinute { get; init; } = 600;

    /// <summary>Messages a minute of a client network. Default any number: 0.</summary>
    public int MessagesPerMinute { get; init; }

    /// <summary>Recipients a minute of a client network. Default any number: 0.</summary>
    public int RecipientsPerMinute { get; init; }

    /// <summary>How long traces are kept. Default 30 days; zero for no traces.</summary>
    public TimeSpan KeepTraces { get; init; } = TimeSpan.FromDays(30);
}
