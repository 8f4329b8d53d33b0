using System.Net;
using System.Net.Sockets;
using Postreiter.Settings;

namespace Postreiter.Tests.Settings;

public sealed class SettingsReaderTests
{
    private static readonly Dictionary<string, string> Environment = new()
    {
        ["RELAY"] = "s3cret",
        ["PORT_TEXT"] = "not-an-address",
    };

    [Theory]
    [InlineData("smtp.max_message_size = \"10MiB\"", "smtp.max_message_size", "\"10MiB\"")]
    [InlineData("smtp.max_message_size = 1048576", "smtp.max_message_size", "\"1MiB\"")]
    [InlineData("smtp.max_recipients = 100", "smtp.max_recipients", "100")]
    [InlineData(
        "listen.proxies = [\"192.0.2.7\", \"10.0.0.0/8\", \"2001:db8::/32\"]",
        "listen.proxies",
        "[\"192.0.2.7/32\", \"10.0.0.0/8\", \"2001:db8::/32\"]"
    )]
    [InlineData("listen.smtp = []", "listen.smtp", "[]")]
    [InlineData(
        "listen.smtp = [\"127.0.0.1:0\", \"[::1]:25\", \"*:2525\"]",
        "listen.smtp",
        "[\"127.0.0.1:0\", \"[::1]:25\", \"*:2525\"]"
    )]
    [InlineData("[listen]\nlmtp = [\"unix:/run/x\"]", "listen.lmtp", "[\"unix:/run/x\"]")]
    [InlineData(
        "dns.servers = [\"192.0.2.1\", \"[2001:db8::1]:5353\"]",
        "dns.servers",
        "[\"192.0.2.1:53\", \"[2001:db8::1]:5353\"]"
    )]
    [InlineData("outbound.retry = [\"1m\", \"1h30m\"]", "outbound.retry", "[\"1m\", \"1h30m\"]")]
    [InlineData(
        "outbound.routes = [{ domain = \"a.test\", via = \"127.0.0.1:2526\" }]",
        "outbound.routes",
        "[{ domain = \"a.test\", via = \"127.0.0.1:2526\" }]"
    )]
    [InlineData(
        "[[outbound.routes]]\ndomain = \"a.test\"\nvia = \"b.test\"",
        "outbound.routes",
        "[{ domain = \"a.test\", via = \"b.test:25\" }]"
    )]
    [InlineData(
        "outbound.smarthost = { host = \"127.0.0.1\", port = 2526 }",
        "outbound.smarthost",
        "{ host = \"127.0.0.1\", port = 2526, tls = \"opportunistic\" }"
    )]
    [InlineData(
        "[outbound.smarthost]\nhost = \"h.test\"\ntls = \"required\"\nusername = \"u\"\npassword = \"p\"",
        "outbound.smarthost",
        "{ host = \"h.test\", port = 25, tls = \"required\", username = \"u\", password = \"***\" }"
    )]
    [InlineData(
        "senders.trusted_forwarders = [\"Lists.test\", \"ip:192.0.2.7\", \"ip:2001:db8::/32\"]",
        "senders.trusted_forwarders",
        "[\"lists.test\", \"ip:192.0.2.7/32\", \"ip:2001:db8::/32\"]"
    )]
    [InlineData("dmarc.on_reject = \"quarantine\"", "dmarc.on_reject", "\"quarantine\"")]
    [InlineData("greylist.mode = \"off\"", "greylist.mode", "\"off\"")]
    [InlineData("greylist.lifetime = \"5w\"", "greylist.lifetime", "\"35d\"")]
    [InlineData("spam.threshold = 7", "spam.threshold", "7.0")]
    [InlineData(
        "virus.scanners = [\"clamd:127.0.0.1:3310\", \"icap://127.0.0.1:1344/avscan\", \"command:/usr/bin/clamscan -\"]",
        "virus.scanners",
        "[\"clamd:127.0.0.1:3310\", \"icap://127.0.0.1:1344/avscan\", \"command:/usr/bin/clamscan -\"]"
    )]
    [InlineData(
        "lists.block = [\"ann@a.test\", \"a.test\", \"ip:192.0.2.0/24\"]",
        "lists.block",
        "[\"ann@a.test\", \"a.test\", \"ip:192.0.2.0/24\"]"
    )]
    [InlineData("roles = [\"imap\", \"mx\"]", "roles", "[\"mx\", \"imap\"]")]
    [InlineData("store.url = \"postgres://me:pw@db.test/mail\"", "store.url", "\"postgres://me:***@db.test/mail\"")]
    [InlineData(
        "store.blobs = \"s3://bucket?endpoint=http://127.0.0.1:9000\"",
        "store.blobs",
        "\"s3://bucket?endpoint=http://127.0.0.1:9000\""
    )]
    public void A_good_value_is_read(string toml, string key, string written)
    {
        var result = Read("hostname = \"mx.a.test\"\n" + toml);
        Assert.Empty(result.Mistakes);
        Assert.Equal(written, SettingKeys.Find(key)!.Write(result.Settings));
        Assert.Equal("postreiter.toml", result.Sources[key].Name);
    }

    [Theory]
    [InlineData("hostnam = \"x\"", "hostnam", "did you mean hostname?")]
    [InlineData("smtp.max_mesage_size = 1", "smtp.max_mesage_size", "did you mean smtp.max_message_size?")]
    [InlineData("[listen]\nsmpt = []", "listen.smpt", "did you mean listen.smtp?")]
    [InlineData("smtp = 3", "smtp", "write [smtp]")]
    [InlineData("smtp.max_recipients = 99", "smtp.max_recipients", "from 100")]
    [InlineData("listen.proxies = [\"10.0.0.0/33\"]", "listen.proxies[0]", "\"10.0.0.0/8\"")]
    [InlineData("listen.proxies = [\"lb.example\"]", "listen.proxies[0]", "an address or a network")]
    [InlineData("smtp.max_recipients = \"100\"", "smtp.max_recipients", "without quotes")]
    [InlineData("smtp.max_message_size = \"50MB\"", "smtp.max_message_size", "\"50MiB\"")]
    [InlineData("smtp.command_timeout = \"5 m\"", "smtp.command_timeout", "\"5m\"")]
    [InlineData("smtp.command_timeout = \"0s\"", "smtp.command_timeout", "\"1s\"")]
    [InlineData("smtp.command_timeout = 300", "smtp.command_timeout", "a duration")]
    [InlineData("listen.smtp = \"127.0.0.1:25\"", "listen.smtp", "list in brackets")]
    [InlineData("listen.smtp = [\"127.0.0.1\"]", "listen.smtp[0]", "with a port")]
    [InlineData("listen.smtp = [\"127.0.0.1:65536\"]", "listen.smtp[0]", "with a port")]
    [InlineData("listen.smtp = [\"1:25\"]", "listen.smtp[0]", "with a port")]
    [InlineData("listen.smtp = [\"unix:relative\"]", "listen.smtp[0]", "unix:/run")]
    [InlineData("tls.allow_plaintext_auth = \"yes\"", "tls.allow_plaintext_auth", "true or false")]
    [InlineData("greylist.mode = \"maybe\"", "greylist.mode", "\"smart\"")]
    [InlineData("roles = []", "roles", "at least 1")]
    [InlineData("roles = [\"smtp\"]", "roles[0]", "\"mx\"")]
    [InlineData(
        "outbound.smarthost = { host = \"a.test\", prot = 1 }",
        "outbound.smarthost.prot",
        "did you mean port?"
    )]
    [InlineData("outbound.smarthost = { host = \"a.test\", username = \"u\" }", "outbound.smarthost", "go together")]
    [InlineData("outbound.smarthost = { port = 25 }", "outbound.smarthost", "lacks host")]
    [InlineData("outbound.routes = [{ domain = \"a.test\" }]", "outbound.routes[0]", "via")]
    [InlineData("outbound.retry = []", "outbound.retry", "at least 1")]
    [InlineData("outbound.warn_after = \"6d\"", "outbound.warn_after", "give_up")]
    [InlineData(
        "senders.trusted_forwarders = [\"lists\", \"ip:x\"]",
        "senders.trusted_forwarders[0]",
        "ip:192.0.2.0/24"
    )]
    [InlineData("senders.trusted_forwarders = [\"ip:x\"]", "senders.trusted_forwarders[0]", "a domain")]
    [InlineData("dmarc.on_reject = \"junk\"", "dmarc.on_reject", "\"quarantine\"")]
    [InlineData("virus.scanners = [\"clamscan\"]", "virus.scanners[0]", "clamd:")]
    [InlineData("lists.allow = [\"ip:300.1.1.1\"]", "lists.allow[0]", "ip:192.0.2.0/24")]
    [InlineData("store.url = \"mysql://x/y\"", "store.url", "postgres://")]
    [InlineData("spam.subject_tag = \"${env:NOPE}\"", "spam.subject_tag", "no variable NOPE")]
    [InlineData("spam.subject_tag = \"${file:/nowhere/at/all}\"", "spam.subject_tag", "cannot be read")]
    [InlineData("spam.subject_tag = \"${NOPE}\"", "spam.subject_tag", "${env:NAME}")]
    [InlineData("listen = [", "postreiter.toml, line 2", "")]
    [InlineData("smtp.max_hops = 20\nsmtp.max_hops = 30", "postreiter.toml, line 3", "max_hops")]
    public void A_bad_value_is_named_with_what_would_be_right(string toml, string key, string right)
    {
        var result = Read("hostname = \"mx.a.test\"\n" + toml);
        Assert.Contains(result.Mistakes, m => m.Key == key && m.Right.Contains(right, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_mistake_is_listed_at_once()
    {
        var result = Read(
            """
            smtp.max_recipients = 1
            smtp.command_timeout = "soon"
            listen.imap = ["here:143", "127.0.0.1:143", "there"]
            colour = "red"
            """,
            "outbound.port=\"25\"",
            "nonsense"
        );
        Assert.Equal(
            [
                "--set",
                "colour",
                "hostname",
                "listen.imap[0]",
                "listen.imap[2]",
                "outbound.port",
                "smtp.command_timeout",
                "smtp.max_recipients",
            ],
            result.Mistakes.Select(m => m.Key).Order(StringComparer.Ordinal)
        );
        Assert.All(result.Mistakes, m => Assert.NotEmpty(m.Right));
    }

    [Fact]
    public void An_override_wins_and_says_so()
    {
        var result = Read(
            "hostname = \"mx.a.test\"\nlisten.smtp = []\n[outbound.smarthost]\nhost = \"a.test\"\n",
            "listen.smtp=[\"127.0.0.1:2525\"]",
            "outbound.smarthost.port=2526"
        );
        Assert.Empty(result.Mistakes);
        Assert.Equal([new IPEndPoint(IPAddress.Loopback, 2525)], result.Settings.Listen.Smtp);
        Assert.Equal("--set", result.Sources["listen.smtp"].Name);
        Assert.Equal(
            ("a.test", 2526),
            (result.Settings.Outbound.Smarthost!.Host, result.Settings.Outbound.Smarthost.Port)
        );
    }

    [Fact]
    public void An_override_that_is_not_toml_shows_how_it_is_written()
    {
        var mistake = Assert.Single(Read("hostname = \"mx.a.test\"", "greylist.mode=off").Mistakes);
        Assert.Contains("--set 'greylist.mode=\"smart\"'", mistake.Right, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_comes_from_the_environment_and_is_never_printed()
    {
        var result = Read(
            "hostname = \"mx.a.test\"\noutbound.smarthost = { host = \"a.test\", username = \"u\", password = \"${env:RELAY}\" }"
        );
        Assert.Empty(result.Mistakes);
        Assert.Equal("s3cret", result.Settings.Outbound.Smarthost!.Password);
        Assert.DoesNotContain(
            "s3cret",
            SettingKeys.Find("outbound.smarthost")!.Write(result.Settings),
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("s3cret", result.Settings.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_bad_value_behind_a_placeholder_is_not_printed()
    {
        var mistake = Assert.Single(Read("hostname = \"${env:PORT_TEXT}\"").Mistakes);
        Assert.Equal("\"${env:PORT_TEXT}\"", mistake.Value);
    }

    [Fact]
    public void Defaults_are_those_of_the_contract()
    {
        var settings = Read("hostname = \"mx.a.test\"").Settings;
        string[] contract =
        [
            "listen.smtp [\"*:25\"]",
            "listen.submission [\"*:587\"]",
            "listen.submissions [\"*:465\"]",
            "listen.lmtp []",
            "listen.imap [\"*:143\"]",
            "listen.imaps [\"*:993\"]",
            "listen.pop3 [\"*:110\"]",
            "listen.pop3s [\"*:995\"]",
            "listen.spamd []",
            "listen.http [\"127.0.0.1:8080\"]",
            "tls.allow_plaintext_auth false",
            "store.url \"sqlite:\"",
            "store.blobs \"segments:\"",
            "smtp.max_message_size \"50MiB\"",
            "smtp.max_recipients 1000",
            "smtp.command_timeout \"5m\"",
            "smtp.verdict_budget \"20s\"",
            "outbound.routes []",
            "outbound.port 25",
            "outbound.retry [\"5m\", \"15m\", \"30m\", \"1h\", \"2h\", \"4h\"]",
            "outbound.give_up \"5d\"",
            "outbound.warn_after \"4h\"",
            "greylist.mode \"smart\"",
            "greylist.delay \"5m\"",
            "greylist.window \"2d\"",
            "greylist.lifetime \"36d\"",
            "spam.threshold 5.0",
            "spam.reject_at 15.0",
            "spam.subject_tag \"\"",
            "virus.scanners []",
            "virus.on_failure \"defer\"",
            "lists.allow []",
            "lists.block []",
            "roles [\"mx\", \"submission\", \"imap\", \"pop3\", \"queue\", \"web\", \"scan\"]",
        ];
        Assert.All(
            contract,
            line => Assert.Equal(line, line.Split(' ')[0] + " " + SettingKeys.Find(line.Split(' ')[0])!.Write(settings))
        );
    }

    [Fact]
    public void Each_default_reads_as_itself()
    {
        var settings = new ServerSettings();
        var given = SettingKeys
            .All.Where(k => k.Write(settings).Length > 2)
            .Select(k => $"{k.Name} = {k.Write(settings)}");
        var result = Read(string.Join('\n', given) + "\nhostname = \"mx.a.test\"");
        Assert.Empty(result.Mistakes);
    }

    [Fact]
    public void A_unix_socket_is_a_listener()
    {
        var result = Read("hostname = \"mx.a.test\"\nlisten.lmtp = [\"unix:/run/postreiter/lmtp\"]");
        Assert.IsType<UnixDomainSocketEndPoint>(Assert.Single(result.Settings.Listen.Lmtp));
    }

    private static SettingsResult Read(string file, params string[] overrides) =>
        new SettingsReader("/", Environment.GetValueOrDefault).Read(file, "postreiter.toml", overrides);
}
