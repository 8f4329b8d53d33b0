using Postreiter.Core;
using Postreiter.Smtp.Client;

namespace Postreiter.Delivery.Routing;

/// <summary>Where mail for other servers goes; section <c>outbound</c> of the settings.</summary>
public sealed record OutboundOptions
{
    /// <summary>Our name: in EHLO, and to find ourselves in a list of mail exchangers.</summary>
    public required DomainName HostName { get; init; }

    /// <summary>Takes all mail that no route takes; null (the default) for delivery by MX.</summary>
    public RelayHost? Smarthost { get; init; }

    /// <summary>Static routes; the first that names the domain is taken. Default none.</summary>
    public IReadOnlyList<StaticRoute> Routes { get; init; } = [];

    /// <summary>Port for delivery by MX, 1 to 65,535; default 25.</summary>
    public int Port { get; init; } = 25;

    /// <summary>Most exchangers looked up and most addresses tried in one attempt; default 10.</summary>
    public int MaxHosts { get; init; } = 10;

    /// <summary>Longest attempt, all its sessions together; default 1 hour. The mail then waits for the next attempt.</summary>
    public TimeSpan MaxAttempt { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long a session that has sent a message stays open for the next one to the same host; default 5 s.</summary>
    public TimeSpan KeepSession { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Most messages of one session; default 100.</summary>
    public int MaxMessagesPerSession { get; init; } = 100;

    /// <summary>AUTH to a relay without TLS, also off this machine; default false.</summary>
    public bool AllowPlaintextAuth { get; init; }
}

/// <summary>One server that takes mail for others.</summary>
/// <param name="Host">A host name or an IP address.</param>
/// <param name="Port">1 to 65,535.</param>
/// <param name="Tls">Default opportunistic.</param>
/// <param name="Credentials">For AUTH; null for none.</param>
public sealed record RelayHost(
    string Host,
    int Port = 25,
    SmtpTlsMode Tls = SmtpTlsMode.Opportunistic,
    SmtpCredentials? Credentials = null
);

/// <summary>Mail for one domain goes to one server.</summary>
/// <param name="Domain">The recipients' domain, exactly.</param>
/// <param name="Via">The server.</param>
public sealed record StaticRoute(DomainName Domain, RelayHost Via);
