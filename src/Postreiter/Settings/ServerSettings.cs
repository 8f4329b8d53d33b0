using System.Net;
using Postreiter.Core;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Quarantine;
using Postreiter.Delivery.Scanning.Contents;

namespace Postreiter.Settings;

/// <summary>Everything the file of settings says, with defaults. What each member means stands in <see cref="SettingKeys"/>.</summary>
internal sealed record ServerSettings
{
    public DomainName Hostname { get; init; }
    public ServerRoles Roles { get; init; } = ServerRoles.All;
    public ListenSettings Listen { get; init; } = new();
    public TlsSettings Tls { get; init; } = new();
    public StoreSettings Store { get; init; } = new();
    public IReadOnlyList<IPEndPoint> DnsServers { get; init; } = [];
    public SmtpSettings Smtp { get; init; } = new();
    public SubmissionSettings Submission { get; init; } = new();
    public MailboxAccessSettings Imap { get; init; } = new();
    public MailboxAccessSettings Pop3 { get; init; } = new();
    public LoginSettings Login { get; init; } = new();
    public OutboundSettings Outbound { get; init; } = new();
    public SenderSettings Senders { get; init; } = new();
    public SigningSettings Signing { get; init; } = new();
    public BounceTagSettings BounceTags { get; init; } = new();
    public GreylistSettings Greylist { get; init; } = new();
    public SpamSettings Spam { get; init; } = new();
    public SpamdSettings Spamd { get; init; } = new();
    public VirusSettings Virus { get; init; } = new();
    public MilterSettings Milter { get; init; } = new();
    public ForeignSettings Foreign { get; init; } = new();
    public ContentRules Content { get; init; } = new();
    public QuarantineOptions Quarantine { get; init; } = new();
    public AddressListSettings Lists { get; init; } = new();
    public GateSettings Gate { get; init; } = new();
    public LogSettings Log { get; init; } = new();
    public string TelemetryOtlp { get; init; } = "";
}

/// <summary>What a process does.</summary>
[Flags]
internal enum ServerRoles
{
    None = 0,
    Mx = 1,
    Submission = 2,
    Imap = 4,
    Pop3 = 8,
    Queue = 16,
    Web = 32,
    Scan = 64,
    All = Mx | Submission | Imap | Pop3 | Queue | Web | Scan,
}

internal sealed record ListenSettings
{
    public IReadOnlyList<EndPoint> Smtp { get; init; } = Any(25);
    public IReadOnlyList<EndPoint> Submission { get; init; } = Any(587);
    public IReadOnlyList<EndPoint> Submissions { get; init; } = Any(465);
    public IReadOnlyList<EndPoint> Lmtp { get; init; } = [];
    public IReadOnlyList<EndPoint> Imap { get; init; } = Any(143);
    public IReadOnlyList<EndPoint> Imaps { get; init; } = Any(993);
    public IReadOnlyList<EndPoint> Pop3 { get; init; } = Any(110);
    public IReadOnlyList<EndPoint> Pop3s { get; init; } = Any(995);
    public IReadOnlyList<EndPoint> Spamd { get; init; } = [];
    public IReadOnlyList<EndPoint> Spamds { get; init; } = [];
    public IReadOnlyList<EndPoint> Milter { get; init; } = [];
    public IReadOnlyList<EndPoint> Policy { get; init; } = [];
    public IReadOnlyList<EndPoint> Http { get; init; } = [new IPEndPoint(IPAddress.Loopback, 8080)];
    public IReadOnlyList<IPNetwork> Proxies { get; init; } = [];

    private static EndPoint[] Any(int port) => [new IPEndPoint(IPAddress.IPv6Any, port)];
}

internal sealed record TlsSettings
{
    public string Certificate { get; init; } = "tls.crt";
    public string Key { get; init; } = "tls.key";
    public bool AllowPlaintextAuth { get; init; }
}

internal sealed record StoreSettings
{
    public string Url { get; init; } = "sqlite:";
    public string Blobs { get; init; } = "segments:";
    public TimeSpan Undelete { get; init; } = TimeSpan.FromDays(14);
}

internal sealed record SmtpSettings
{
    public long MaxMessageSize { get; init; } = 50L << 20;
    public int MaxRecipients { get; init; } = 1000;
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromMinutes(5);
    public TimeSpan DataTimeout { get; init; } = TimeSpan.FromMinutes(3);
    public int MinDataRate { get; init; } = 500;
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromHours(1);
    public TimeSpan VerdictBudget { get; init; } = TimeSpan.FromSeconds(20);
    public int MaxConnections { get; init; } = 2000;
    public int MaxConnectionsPerAddress { get; init; } = 50;
    public int MaxMessagesPerSession { get; init; } = 10_000;
    public int MaxLineLength { get; init; } = 65_536;
    public int MaxErrors { get; init; } = 20;
    public int MaxUnknownRecipients { get; init; } = 50;
    public int MaxIdleCommands { get; init; } = 100;
    public int MaxHops { get; init; } = 100;
    public string SubaddressSeparators { get; init; } = "+";
}

internal sealed record SubmissionSettings
{
    public int MaxConnections { get; init; } = 200;
    public int MaxConnectionsPerAddress { get; init; } = 60;
    public int MaxMessagesPerDay { get; init; } = 1000;
    public int MaxNewRecipientsPerDay { get; init; } = 200;
}

internal sealed record MailboxAccessSettings
{
    public int MaxConnections { get; init; } = 200;
    public int MaxConnectionsPerAddress { get; init; } = 60;
}

internal sealed record LoginSettings
{
    public int MaxFailuresPerSession { get; init; } = 3;
    public int LockAfter { get; init; } = 20;
    public TimeSpan LockFor { get; init; } = TimeSpan.FromMinutes(10);
    public TimeSpan CacheFor { get; init; } = TimeSpan.FromMinutes(5);
}

internal sealed record OutboundSettings
{
    public SmarthostSettings? Smarthost { get; init; }
    public IReadOnlyList<RouteSettings> Routes { get; init; } = [];
    public int Port { get; init; } = 25;

    public IReadOnlyList<TimeSpan> Retry { get; init; } =
    [
        TimeSpan.FromMinutes(5),
        TimeSpan.FromMinutes(15),
        TimeSpan.FromMinutes(30),
        TimeSpan.FromHours(1),
        TimeSpan.FromHours(2),
        TimeSpan.FromHours(4),
    ];

    public TimeSpan GiveUp { get; init; } = TimeSpan.FromDays(5);
    public TimeSpan WarnAfter { get; init; } = TimeSpan.FromHours(4);
}

/// <summary>How much TLS the smarthost must speak.</summary>
internal enum SmarthostTls
{
    None,
    Opportunistic,
    Required,
    Implicit,
}

internal sealed record SmarthostSettings
{
    public string Host { get; init; } = "";
    public int Port { get; init; } = 25;
    public SmarthostTls Tls { get; init; } = SmarthostTls.Opportunistic;
    public string? Username { get; init; }
    public string? Password { get; init; }

    /// <summary>Without the password.</summary>
    public override string ToString() => $"{Host}:{Port} ({Tls})";
}

internal sealed record RouteSettings(DomainName Domain, string Host, int Port);

/// <summary>What follows from a failure.</summary>
internal enum FailureAction
{
    Mark,
    Quarantine,
    Reject,
}

/// <summary>A network or a domain, never both.</summary>
internal sealed record ForwarderSetting
{
    public IPNetwork? Network { get; init; }
    public DomainName Domain { get; init; }
}

internal sealed record SenderSettings
{
    public bool Check { get; init; } = true;

    public IReadOnlyList<IPNetwork> LocalNetworks { get; init; } =
    [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    public IReadOnlyList<ForwarderSetting> TrustedForwarders { get; init; } = [];
    public FailureAction OnSpfFail { get; init; } = FailureAction.Mark;
    public FailureAction OnDmarcReject { get; init; } = FailureAction.Reject;
    public string PublicSuffixes { get; init; } = "";
    public IReadOnlyList<EmailAddress> ReportAddresses { get; init; } = [];
    public bool SendReports { get; init; }
    public EmailAddress? ReportFrom { get; init; }
    public IReadOnlyList<DomainName> TrustedSealers { get; init; } = [];
}

internal sealed record SigningSettings
{
    public bool Sign { get; init; } = true;
    public TimeSpan RotateAfter { get; init; }
    public TimeSpan Grace { get; init; } = TimeSpan.FromDays(7);
    public bool RewriteSenders { get; init; } = true;
}

internal sealed record BounceTagSettings
{
    public IReadOnlyList<DomainName> Domains { get; init; } = [];
    public int Days { get; init; } = 14;
    public RefusalAction OnBackscatter { get; init; } = RefusalAction.Reject;
}

internal sealed record GreylistSettings
{
    public GreylistMode Mode { get; init; } = GreylistMode.Smart;
    public TimeSpan Delay { get; init; } = TimeSpan.FromMinutes(5);
    public TimeSpan Window { get; init; } = TimeSpan.FromDays(2);
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromDays(36);
    public IReadOnlyList<string> Allow { get; init; } = [];
    public IReadOnlyList<string> AllowFiles { get; init; } = [];
}

internal sealed record SpamSettings
{
    public IReadOnlyList<string> Rules { get; init; } = ["/usr/share/spamassassin", "rules"];
    public double Threshold { get; init; } = 5.0;
    public double RejectAt { get; init; } = 15.0;
    public double QuarantineAt { get; init; } = 1000;
    public string SubjectTag { get; init; } = "";
    public long MaxScanSize { get; init; } = 512L << 10;
    public ScannerFailure OnFailure { get; init; } = ScannerFailure.Accept;
    public ListenerFailure OnFailureLmtp { get; init; }
    public string Preferences { get; init; } = "preferences";
    public bool Network { get; init; } = true;
    public TimeSpan NetworkBudget { get; init; } = TimeSpan.FromSeconds(5);
    public bool LearnFromUsers { get; init; } = true;
}

internal sealed record SpamdSettings
{
    public IReadOnlyList<IPNetwork> AllowFrom { get; init; } =
    [new(IPAddress.Parse("127.0.0.0"), 8), new(IPAddress.IPv6Loopback, 128)];
    public bool AllowTell { get; init; }
    public int MaxConnections { get; init; } = 200;
    public long MaxMessageSize { get; init; } = 50L << 20;
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);
}

internal enum InfectedAction
{
    Refuse,
    Quarantine,
}

internal enum ScannerFailure
{
    Defer,
    Accept,
}

internal enum ListenerFailure
{
    Same,
    Defer,
    Accept,
}

internal sealed record VirusSettings
{
    public IReadOnlyList<string> Scanners { get; init; } = [];
    public ScannerFailure OnFailure { get; init; } = ScannerFailure.Defer;
    public InfectedAction OnFound { get; init; } = InfectedAction.Refuse;
    public ListenerFailure OnFailureSubmission { get; init; }
    public ListenerFailure OnFailureLmtp { get; init; }
}

internal sealed record AddressListSettings
{
    public IReadOnlyList<string> Allow { get; init; } = [];
    public IReadOnlyList<string> Block { get; init; } = [];
    public double Welcome { get; init; } = -5;
    public string AllowMailbox { get; init; } = "Allow senders";
    public string BlockMailbox { get; init; } = "Block senders";
}

internal sealed record GateSettings
{
    public IReadOnlyList<DnsList> DnsLists { get; init; } = [];
    public TimeSpan DnsTimeout { get; init; } = TimeSpan.FromSeconds(5);
    public TimeSpan GreetDelay { get; init; }
    public RefusalAction OnEarlyTalker { get; init; } = RefusalAction.Mark;
    public RefusalAction OnNoDomain { get; init; } = RefusalAction.Reject;
    public int ConnectionsPerMinute { get; init; } = 600;
    public int MessagesPerMinute { get; init; }
    public int RecipientsPerMinute { get; init; }
    public TimeSpan KeepTraces { get; init; } = TimeSpan.FromDays(30);
}

/// <summary>What follows from a failure that is known before the message.</summary>
internal enum RefusalAction
{
    Mark,
    Reject,
}

internal enum LogFormat
{
    Auto,
    Text,
    Systemd,
    Json,
}

internal sealed record LogSettings
{
    public LogFormat Format { get; init; } = LogFormat.Auto;
    public Microsoft.Extensions.Logging.LogLevel Level { get; init; } =
        Microsoft.Extensions.Logging.LogLevel.Information;
}
