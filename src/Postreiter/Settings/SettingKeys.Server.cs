namespace Postreiter.Settings;

/// <content>Keys of the server, its listeners, its certificate, its store.</content>
internal static partial class SettingKeys
{
    private static IEnumerable<SettingKey> Server() =>
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
                "Where the spamd protocol is spoken, for spamc, Exim and spamass-milter; usually \"127.0.0.1:783\" or a unix socket. "
                    + "Who may ask says spamd.allow_from. A list; [] switches it off; port 0 lets the system choose (the ports taken "
                    + "stand in ports.json in the data folder).",
                effect: SettingEffect.AtStart
            ),
            Key(
                "listen.spamds",
                SettingTypes.List(SettingTypes.Listener),
                s => s.Listen.Spamds,
                (s, v) => s with { Listen = s.Listen with { Spamds = v } },
                "As listen.spamd, under TLS from the first byte (spamc -S). A list; [] switches it off; port 0 lets the system "
                    + "choose (the ports taken stand in ports.json in the data folder).",
                effect: SettingEffect.AtStart
            ),
            Key(
                "listen.milter",
                SettingTypes.List(SettingTypes.Listener),
                s => s.Listen.Milter,
                (s, v) => s with { Listen = s.Listen with { Milter = v } },
                "Where Postfix or Sendmail may ask our gate by the milter protocol, usually \"127.0.0.1:8893\" or a unix socket. Who may ask says "
                    + "foreign.allow_from. A list; [] switches it off; port 0 lets the system choose (the ports taken stand in ports.json in "
                    + "the data folder).",
                effect: SettingEffect.AtStart
            ),
            Key(
                "listen.policy",
                SettingTypes.List(SettingTypes.Listener),
                s => s.Listen.Policy,
                (s, v) => s with { Listen = s.Listen with { Policy = v } },
                "Where Postfix (check_policy_service) or Exim may ask our gate before the message: lists, DNS checks, greylisting. As listen.milter.",
                effect: SettingEffect.AtStart
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
                "Where the contents of messages are kept. S3 is checked and kept here; it comes in a later "
                    + "version.",
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
        ];
}
