namespace Postreiter.Settings;

/// <summary>Every key, documented here and nowhere else: <c>docs/settings.md</c> and <c>config explain</c> are made from it.</summary>
internal static partial class SettingKeys
{
    private static readonly SettingType<string> Scanner = SettingTypes.FromText<string>(
        "\"clamd:HOST:PORT\", \"clamd:/SOCKET\", \"icap://HOST:PORT/SERVICE\" or \"command:/PROGRAM ARGUMENTS\"",
        TryReadScanner,
        TomlText.Quote
    );

    private static readonly SettingType<string> ListEntry = SettingTypes.FromText<string>(
        "an address, a domain, or \"ip:\" with an address or network, such as \"ip:192.0.2.0/24\"",
        TryReadListEntry,
        TomlText.Quote
    );

    private static readonly SettingType<ServerRoles> Roles = RolesType();

    /// <summary>All keys, in the order of the manual.</summary>
    public static readonly IReadOnlyList<SettingKey> All =
    [
        Key(
            "hostname",
            SettingTypes.Host,
            s => s.Hostname,
            (s, v) => s with { Hostname = v },
            "The name of this server in its greeting, in HELO and in Received fields. Other servers look it "
                + "up, so it should have address records that lead here, and those a PTR record back.",
            defaultText: "none; it must be set",
            effect: SettingEffect.AtStart
        ),
        Key(
            "roles",
            Roles,
            s => s.Roles,
            (s, v) => s with { Roles = v },
            "What this process does. A small site leaves this alone; a large one spreads roles over " + "machines.",
            effect: SettingEffect.AtStart
        ),
        Key(
            "listen.smtp",
            SettingTypes.List(SettingTypes.Listener),
            s => s.Listen.Smtp,
            (s, v) => s with { Listen = s.Listen with { Smtp = v } },
            "Where mail from other servers comes in (port 25, STARTTLS offered, no log-in). A list; [] "
                + "switches it off; port 0 lets the system choose (the ports taken stand in ports.json in the data "
                + "folder).",
            effect: SettingEffect.AtStart
        ),
        Key(
            "listen.submission",
            SettingTypes.List(SettingTypes.Listener),
            s => s.Listen.Submission,
            (s, v) => s with { Listen = s.Listen with { Submission = v } },
            "Where users submit mail, log-in required, STARTTLS offered (RFC 6409). A list; [] switches it "
                + "off; port 0 lets the system choose (the ports taken stand in ports.json in the data folder).",
            effect: SettingEffect.AtStart
        ),
        Key(
            "listen.submissions",
            SettingTypes.List(SettingTypes.Listener),
            s => s.Listen.Submissions,
            (s, v) => s with { Listen = s.Listen with { Submissions = v } },
            "As listen.submission, under TLS from the first byte (RFC 8314). A list; [] switches it off; "
                + "port 0 lets the system choose (the ports taken stand in ports.json in the data folder).",
            effect: SettingEffect.AtStart
        ),
        Key(
            "listen.lmtp",
            SettingTypes.List(SettingTypes.Listener),
            s => s.Listen.Lmtp,
            (s, v) => s with { Listen = s.Listen with { Lmtp = v } },
            "Where our own programs hand in mail for local addresses, a reply for each recipient (RFC 2033). "
                + "Whoever reaches it may deliver: use a unix socket or loopback. A list; [] switches it off; port "
                + "0 lets the system choose (the ports taken stand in ports.json in the data folder).",
            effect: SettingEffect.AtStart
        ),
        Key(
            "listen.imap",
            SettingTypes.List(SettingTypes.Listener),
            s => s.Listen.Imap,
            (s, v) => s with { Listen = s.Listen with { Imap = v } },
            "Where IMAP clients connect, STARTTLS offered. A list; [] switches it off; port 0 lets the "
                + "system choose (the ports taken stand in ports.json in the data folder).",
            effect: SettingEffect.AtStart
        ),
        Key(
            "listen.imaps",
            SettingTypes.List(SettingTypes.Listener),
            s => s.Listen.Imaps,
            (s, v) => s with { Listen = s.Listen with { Imaps = v } },
            "IMAP under TLS from the first byte. A list; [] switches it off; port 0 lets the system choose "
                + "(the ports taken stand in ports.json in the data folder).",
            effect: SettingEffect.AtStart
        ),
        Key(
            "listen.pop3",
            SettingTypes.List(SettingTypes.Listener),
            s => s.Listen.Pop3,
            (s, v) => s with { Listen = s.Listen with { Pop3 = v } },
            "Where POP3 clients connect, STLS offered. A list; [] switches it off; port 0 lets the system "
                + "choose (the ports taken stand in ports.json in the data folder).",
            effect: SettingEffect.AtStart
        ),
        Key(
            "listen.pop3s",
            SettingTypes.List(SettingTypes.Listener),
            s => s.Listen.Pop3s,
            (s, v) => s with { Listen = s.Listen with { Pop3s = v } },
            "POP3 under TLS from the first byte. A list; [] switches it off; port 0 lets the system choose "
                + "(the ports taken stand in ports.json in the data folder).",
            effect: SettingEffect.AtStart
        ),
        Key(
            "listen.spamd",
            SettingTypes.List(SettingTypes.Listener),
            s => s.Listen.Spamd,
            (s, v) => s with { Listen = s.Listen with { Spamd = v } },
            "Where the spamd protocol is spoken. A list; [] switches it off; port 0 lets the system choose (the ports taken stand in ports.json in the data folder).",
            effect: SettingEffect.Later
        ),
        Key(
            "listen.http",
            SettingTypes.List(SettingTypes.Listener),
            s => s.Listen.Http,
            (s, v) => s with { Listen = s.Listen with { Http = v } },
            "Where /healthz and /metrics (Prometheus) are served, in the clear: keep it on loopback or "
                + "behind a proxy. A list; [] switches it off; port 0 lets the system choose (the ports taken "
                + "stand in ports.json in the data folder).",
            effect: SettingEffect.AtStart
        ),
        Key(
            "listen.proxies",
            SettingTypes.List(SettingTypes.Network),
            s => s.Listen.Proxies,
            (s, v) => s with { Listen = s.Listen with { Proxies = v } },
            "Proxies in front of the mail listeners, such as HAProxy. Their connections begin with a PROXY "
                + "header (version 1 or 2) that names the real peer, whose address then counts for limits, checks "
                + "and logs. From everybody else such a header is an error.",
            effect: SettingEffect.AtStart
        ),
        Key(
            "tls.certificate",
            SettingTypes.Text,
            s => s.Tls.Certificate,
            (s, v) => s with { Tls = s.Tls with { Certificate = v } },
            "PEM file with the server's certificate and the chain up to, not including, the root. A relative "
                + "path starts at the data folder."
        ),
        Key(
            "tls.key",
            SettingTypes.Text,
            s => s.Tls.Key,
            (s, v) => s with { Tls = s.Tls with { Key = v } },
            "PEM file with the certificate's private key. A relative path starts at the data folder."
        ),
        Key(
            "tls.allow_plaintext_auth",
            SettingTypes.Flag,
            s => s.Tls.AllowPlaintextAuth,
            (s, v) => s with { Tls = s.Tls with { AllowPlaintextAuth = v } },
            "Whether passwords may be sent without TLS. For tests on loopback only."
        ),
        Key(
            "store.url",
            SettingTypes.FromText<string>(
                "\"sqlite:\" (in the data folder) or \"postgres://user:password@host/db\"",
                TryReadStoreUrl,
                WriteUrl
            ),
            s => s.Store.Url,
            (s, v) => s with { Store = s.Store with { Url = v } },
            "Where metadata is kept. PostgreSQL is checked and kept here; it comes in a later version.",
            isSecret: true,
            effect: SettingEffect.AtStart
        ),
        Key(
            "store.blobs",
            SettingTypes.FromText<string>(
                "\"segments:\" (in the data folder) or \"s3://bucket?endpoint=…&region=…\"",
                TryReadBlobUrl,
                WriteUrl
            ),
            s => s.Store.Blobs,
            (s, v) => s with { Store = s.Store with { Blobs = v } },
            "Where the contents of messages are kept. S3 is checked and kept here; it comes in a later " + "version.",
            isSecret: true,
            effect: SettingEffect.AtStart
        ),
        Key(
            "store.undelete",
            SettingTypes.Duration("0s", "365d"),
            s => s.Store.Undelete,
            (s, v) => s with { Store = s.Store with { Undelete = v } },
            "How long expunged mail is kept, so that postreiter mail undelete can bring it back; 0s keeps nothing. It does "
                + "not count in the quota.",
            effect: SettingEffect.AtStart
        ),
        Key(
            "dns.servers",
            SettingTypes.List(SettingTypes.DnsServer),
            s => s.DnsServers,
            (s, v) => s with { DnsServers = v },
            "The resolvers to ask, in order. They should be near and validate DNSSEC.",
            defaultText: "[] (those of the system)",
            effect: SettingEffect.AtStart
        ),
        Key(
            "smtp.max_message_size",
            SettingTypes.Size(64L << 10, 1L << 30),
            s => s.Smtp.MaxMessageSize,
            (s, v) => s with { Smtp = s.Smtp with { MaxMessageSize = v } },
            "Largest message taken, in bytes after dots are unstuffed; announced as SIZE. A larger one is "
                + "refused with 552 5.3.4 (L3)."
        ),
        Key(
            "smtp.max_recipients",
            SettingTypes.Number(100, 100_000),
            s => s.Smtp.MaxRecipients,
            (s, v) => s with { Smtp = s.Smtp with { MaxRecipients = v } },
            "Most recipients of one message; further ones get 452 4.5.3 and the first stay good (L6, RFC "
                + "5321 §4.5.3.1.8)."
        ),
        Key(
            "smtp.command_timeout",
            SettingTypes.Duration("1s", "1h"),
            s => s.Smtp.CommandTimeout,
            (s, v) => s with { Smtp = s.Smtp with { CommandTimeout = v } },
            "Longest wait for one whole command, not for each byte of it; then 421 4.4.2."
        ),
        Key(
            "smtp.data_timeout",
            SettingTypes.Duration("1s", "1h"),
            s => s.Smtp.DataTimeout,
            (s, v) => s with { Smtp = s.Smtp with { DataTimeout = v } },
            "Longest wait for the next bytes of a message; then 421 4.4.2."
        ),
        Key(
            "smtp.min_data_rate",
            SettingTypes.Number(0, 1_000_000),
            s => s.Smtp.MinDataRate,
            (s, v) => s with { Smtp = s.Smtp with { MinDataRate = v } },
            "Fewest octets a second at which a message may come, over each minute of waiting for it; slower "
                + "ones get 421 4.4.2."
        ),
        Key(
            "smtp.session_timeout",
            SettingTypes.Duration("1m", "1d"),
            s => s.Smtp.SessionTimeout,
            (s, v) => s with { Smtp = s.Smtp with { SessionTimeout = v } },
            "Longest time in a session without a delivered message; then 421 4.4.2."
        ),
        Key(
            "smtp.verdict_budget",
            SettingTypes.Duration("1s", "5m"),
            s => s.Smtp.VerdictBudget,
            (s, v) => s with { Smtp = s.Smtp with { VerdictBudget = v } },
            "Longest time that all checks of a message may take together after its final dot (F7).",
            effect: SettingEffect.Later
        ),
        Key(
            "smtp.max_connections",
            SettingTypes.Number(1, 1_000_000),
            s => s.Smtp.MaxConnections,
            (s, v) => s with { Smtp = s.Smtp with { MaxConnections = v } },
            "Most connections to each listener of port 25 or LMTP at one time; further ones get 421 4.7.0 " + "(L12)."
        ),
        Key(
            "smtp.max_connections_per_address",
            SettingTypes.Number(1, 1_000_000),
            s => s.Smtp.MaxConnectionsPerAddress,
            (s, v) => s with { Smtp = s.Smtp with { MaxConnectionsPerAddress = v } },
            "As smtp.max_connections, for one address (IPv6: one /64); 127.0.0.1 and ::1 are not counted."
        ),
        Key(
            "smtp.max_messages_per_session",
            SettingTypes.Number(1, 1_000_000),
            s => s.Smtp.MaxMessagesPerSession,
            (s, v) => s with { Smtp = s.Smtp with { MaxMessagesPerSession = v } },
            "Most messages in one session; then 421 4.7.0, and the client connects anew (L11)."
        ),
        Key(
            "smtp.max_line_length",
            SettingTypes.Number(1000, 1_048_576),
            s => s.Smtp.MaxLineLength,
            (s, v) => s with { Smtp = s.Smtp with { MaxLineLength = v } },
            "Longest line of a message in octets; one with a longer line gets 554 5.6.0 (L2)."
        ),
        Key(
            "smtp.max_errors",
            SettingTypes.Number(2, 1000),
            s => s.Smtp.MaxErrors,
            (s, v) => s with { Smtp = s.Smtp with { MaxErrors = v } },
            "Errors that end a session with 421 4.7.0; the second half of them costs a second each (L8)."
        ),
        Key(
            "smtp.max_unknown_recipients",
            SettingTypes.Number(2, 10_000),
            s => s.Smtp.MaxUnknownRecipients,
            (s, v) => s with { Smtp = s.Smtp with { MaxUnknownRecipients = v } },
            "Unknown recipients that end a session with 421 4.7.1; after the first fifth each costs a second " + "(L9)."
        ),
        Key(
            "smtp.max_idle_commands",
            SettingTypes.Number(10, 10_000),
            s => s.Smtp.MaxIdleCommands,
            (s, v) => s with { Smtp = s.Smtp with { MaxIdleCommands = v } },
            "NOOP, RSET, VRFY, HELP and EHLO between two messages; each further one is an error (L10)."
        ),
        Key(
            "smtp.max_hops",
            SettingTypes.Number(10, 1000),
            s => s.Smtp.MaxHops,
            (s, v) => s with { Smtp = s.Smtp with { MaxHops = v } },
            "Most Received fields; a message with more goes in circles and gets 554 5.4.6 (L7)."
        ),
        Key(
            "smtp.subaddress_separators",
            SettingTypes.Text,
            s => s.Smtp.SubaddressSeparators,
            (s, v) => s with { Smtp = s.Smtp with { SubaddressSeparators = v } },
            "Characters that part user and tag: with \"+\" mail for ann+lists@ is ann's (RFC 5233). Empty "
                + "switches subaddresses off."
        ),
        Key(
            "submission.max_connections",
            SettingTypes.Number(1, 1_000_000),
            s => s.Submission.MaxConnections,
            (s, v) => s with { Submission = s.Submission with { MaxConnections = v } },
            "Most connections to each such listener at one time (L12)."
        ),
        Key(
            "submission.max_connections_per_address",
            SettingTypes.Number(1, 1_000_000),
            s => s.Submission.MaxConnectionsPerAddress,
            (s, v) => s with { Submission = s.Submission with { MaxConnectionsPerAddress = v } },
            "As submission.max_connections, for one address (IPv6: one /64); 127.0.0.1 and ::1 are not counted."
        ),
        Key(
            "submission.max_messages_per_day",
            SettingTypes.Number(0, 1_000_000),
            s => s.Submission.MaxMessagesPerDay,
            (s, v) => s with { Submission = s.Submission with { MaxMessagesPerDay = v } },
            "Most messages that one account sends to other servers within 24 hours; further ones get 451 4.7.1 (L34). 0 sets "
                + "no limit."
        ),
        Key(
            "submission.max_new_recipients_per_day",
            SettingTypes.Number(0, 1_000_000),
            s => s.Submission.MaxNewRecipientsPerDay,
            (s, v) => s with { Submission = s.Submission with { MaxNewRecipientsPerDay = v } },
            "Most recipients at other servers within 24 hours whom the account has not written to before; further ones get "
                + "451 4.7.1 (L34). 0 sets no limit."
        ),
        Key(
            "imap.max_connections",
            SettingTypes.Number(1, 1_000_000),
            s => s.Imap.MaxConnections,
            (s, v) => s with { Imap = s.Imap with { MaxConnections = v } },
            "Most connections to each such listener at one time (L12)."
        ),
        Key(
            "imap.max_connections_per_address",
            SettingTypes.Number(1, 1_000_000),
            s => s.Imap.MaxConnectionsPerAddress,
            (s, v) => s with { Imap = s.Imap with { MaxConnectionsPerAddress = v } },
            "As imap.max_connections, for one address (IPv6: one /64); 127.0.0.1 and ::1 are not counted."
        ),
        Key(
            "pop3.max_connections",
            SettingTypes.Number(1, 1_000_000),
            s => s.Pop3.MaxConnections,
            (s, v) => s with { Pop3 = s.Pop3 with { MaxConnections = v } },
            "Most connections to each such listener at one time (L12)."
        ),
        Key(
            "pop3.max_connections_per_address",
            SettingTypes.Number(1, 1_000_000),
            s => s.Pop3.MaxConnectionsPerAddress,
            (s, v) => s with { Pop3 = s.Pop3 with { MaxConnectionsPerAddress = v } },
            "As pop3.max_connections, for one address (IPv6: one /64); 127.0.0.1 and ::1 are not counted."
        ),
        Key(
            "login.max_failures_per_session",
            SettingTypes.Number(1, 100),
            s => s.Login.MaxFailuresPerSession,
            (s, v) => s with { Login = s.Login with { MaxFailuresPerSession = v } },
            "Failed log-ins that end a session (L13): 421 4.7.0, BYE or a closed connection."
        ),
        Key(
            "login.lock_after",
            SettingTypes.Number(3, 10_000),
            s => s.Login.LockAfter,
            (s, v) => s with { Login = s.Login with { LockAfter = v } },
            "Failed log-ins within login.lock_for after which an address (IPv6: its /64) is locked out (L13)."
        ),
        Key(
            "login.lock_for",
            SettingTypes.Duration("1s", "1d"),
            s => s.Login.LockFor,
            (s, v) => s with { Login = s.Login with { LockFor = v } },
            "How long it is locked out, and how far back failures count."
        ),
        Key(
            "login.cache_for",
            SettingTypes.Duration("0s", "1h"),
            s => s.Login.CacheFor,
            (s, v) => s with { Login = s.Login with { CacheFor = v } },
            "How long a password that was right is known again without the slow hash. What is kept in memory "
                + "is an HMAC under a key of this process; a changed password counts at once. 0s switches it off."
        ),
        Key(
            "outbound.smarthost",
            OutboundTypes.Smarthost,
            s => s.Outbound.Smarthost,
            (s, v) => s with { Outbound = s.Outbound with { Smarthost = v } },
            "Hands all mail for other servers to this one. tls: none, opportunistic (STARTTLS when offered), "
                + "required (STARTTLS with a valid certificate) or implicit (TLS from the first byte, as on port 465).",
            defaultText: "none",
            isSecret: true
        ),
        Key(
            "outbound.routes",
            SettingTypes.List(OutboundTypes.Route),
            s => s.Outbound.Routes,
            (s, v) => s with { Outbound = s.Outbound with { Routes = v } },
            "Where mail for exactly this domain goes instead of to its MX or the smarthost."
        ),
        Key(
            "outbound.port",
            SettingTypes.Number(1, 65535),
            s => s.Outbound.Port,
            (s, v) => s with { Outbound = s.Outbound with { Port = v } },
            "The port used for delivery to MX hosts. For tests."
        ),
        Key(
            "outbound.retry",
            SettingTypes.List(SettingTypes.Duration("1s", "30d"), 1),
            s => s.Outbound.Retry,
            (s, v) => s with { Outbound = s.Outbound with { Retry = v } },
            "Waiting times after failed attempts; the last one repeats."
        ),
        Key(
            "outbound.give_up",
            SettingTypes.Duration("1s", "30d"),
            s => s.Outbound.GiveUp,
            (s, v) => s with { Outbound = s.Outbound with { GiveUp = v } },
            "Age at which undeliverable mail goes back to its sender with a report (RFC 5321 §4.5.4.1)."
        ),
        Key(
            "outbound.warn_after",
            SettingTypes.Duration("1s", "30d"),
            s => s.Outbound.WarnAfter,
            (s, v) => s with { Outbound = s.Outbound with { WarnAfter = v } },
            "Age at which the sender is told of a delay, once."
        ),
        Key(
            "greylist.mode",
            SettingTypes.OneOf<GreylistMode>(),
            s => s.Greylist.Mode,
            (s, v) => s with { Greylist = s.Greylist with { Mode = v } },
            "off, on (every unknown triplet waits) or smart (only callers with something against them).",
            effect: SettingEffect.Later
        ),
        Key(
            "greylist.delay",
            SettingTypes.Duration("1s", "30d"),
            s => s.Greylist.Delay,
            (s, v) => s with { Greylist = s.Greylist with { Delay = v } },
            "How long an unknown triplet waits.",
            effect: SettingEffect.Later
        ),
        Key(
            "greylist.window",
            SettingTypes.Duration("1s", "30d"),
            s => s.Greylist.Window,
            (s, v) => s with { Greylist = s.Greylist with { Window = v } },
            "Within which time it must come again.",
            effect: SettingEffect.Later
        ),
        Key(
            "greylist.lifetime",
            SettingTypes.Duration("1s", "365d"),
            s => s.Greylist.Lifetime,
            (s, v) => s with { Greylist = s.Greylist with { Lifetime = v } },
            "How long a triplet that passed stays known.",
            effect: SettingEffect.Later
        ),
        Key(
            "spam.rules",
            SettingTypes.List(SettingTypes.Text),
            s => s.Spam.Rules,
            (s, v) => s with { Spam = s.Spam with { Rules = v } },
            "Folders and files with rules. A relative path starts at the data folder.",
            effect: SettingEffect.Later
        ),
        Key(
            "spam.threshold",
            SettingTypes.Points(-1000, 1000),
            s => s.Spam.Threshold,
            (s, v) => s with { Spam = s.Spam with { Threshold = v } },
            "Points from which a message is spam.",
            effect: SettingEffect.Later
        ),
        Key(
            "spam.reject_at",
            SettingTypes.Points(-1000, 1000),
            s => s.Spam.RejectAt,
            (s, v) => s with { Spam = s.Spam with { RejectAt = v } },
            "Points from which a message is refused.",
            effect: SettingEffect.Later
        ),
        Key(
            "spam.subject_tag",
            SettingTypes.Text,
            s => s.Spam.SubjectTag,
            (s, v) => s with { Spam = s.Spam with { SubjectTag = v } },
            "Put in front of the subject of spam, e.g. \"**** SPAM ****\"; empty leaves it alone.",
            effect: SettingEffect.Later
        ),
        Key(
            "virus.scanners",
            SettingTypes.List(Scanner),
            s => s.Virus.Scanners,
            (s, v) => s with { Virus = s.Virus with { Scanners = v } },
            "Scanners, asked in parallel.",
            effect: SettingEffect.Later
        ),
        Key(
            "virus.on_failure",
            SettingTypes.OneOf<ScannerFailure>(),
            s => s.Virus.OnFailure,
            (s, v) => s with { Virus = s.Virus with { OnFailure = v } },
            "What happens while a scanner is down: defer the message or accept it (F6).",
            effect: SettingEffect.Later
        ),
        Key(
            "lists.allow",
            SettingTypes.List(ListEntry),
            s => s.Lists.Allow,
            (s, v) => s with { Lists = s.Lists with { Allow = v } },
            "Senders that are let in.",
            effect: SettingEffect.Later
        ),
        Key(
            "lists.block",
            SettingTypes.List(ListEntry),
            s => s.Lists.Block,
            (s, v) => s with { Lists = s.Lists with { Block = v } },
            "Senders that are refused.",
            effect: SettingEffect.Later
        ),
        Key(
            "log.format",
            SettingTypes.OneOf<LogFormat>(),
            s => s.Log.Format,
            (s, v) => s with { Log = s.Log with { Format = v } },
            "How log lines look: text, systemd (with priorities), json, or auto (systemd under systemd, else "
                + "text).",
            effect: SettingEffect.AtStart
        ),
        Key(
            "log.level",
            SettingTypes.OneOf<Microsoft.Extensions.Logging.LogLevel>(),
            s => s.Log.Level,
            (s, v) => s with { Log = s.Log with { Level = v } },
            "The least level that is logged."
        ),
        Key(
            "telemetry.otlp",
            SettingTypes.FromText<string>("an http:// or https:// address, or \"\"", TryReadOtlp, TomlText.Quote),
            s => s.TelemetryOtlp,
            (s, v) => s with { TelemetryOtlp = v },
            "An OpenTelemetry collector that gets the metrics by OTLP, e.g. \"http://127.0.0.1:4317\"; empty "
                + "sends none.",
            effect: SettingEffect.AtStart
        ),
    ];

    private static readonly Dictionary<string, SettingKey> ByName = All.ToDictionary(
        k => k.Name,
        StringComparer.Ordinal
    );

    /// <summary>The key of a name, or null.</summary>
    public static SettingKey? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>Whether known keys start with this section.</summary>
    public static bool IsSection(string name) => All.Any(k => k.Name.StartsWith(name + ".", StringComparison.Ordinal));

    private static SettingKey<T> Key<T>(
        string name,
        SettingType<T> type,
        Func<ServerSettings, T> get,
        Func<ServerSettings, T, ServerSettings> set,
        string doc,
        string? defaultText = null,
        bool isSecret = false,
        SettingEffect effect = SettingEffect.AtReload
    ) =>
        new(name, type, get, set, doc)
        {
            DefaultText = defaultText,
            IsSecret = isSecret,
            Effect = effect,
        };
}
