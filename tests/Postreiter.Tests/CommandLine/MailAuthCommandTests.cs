using System.Text.Json.Nodes;
using Postreiter.Settings;
using Postreiter.Storage.MailAuth;
using Postreiter.Testing;

namespace Postreiter.Tests.CommandLine;

/// <summary><c>spf</c>, <c>dkim</c> and <c>dns</c>.</summary>
public sealed class MailAuthCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly KeptStore _store = new();
    private readonly FakeDns _dns = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("192.0.2.1", "a@far.example", 0, "pass: ")]
    [InlineData("192.0.2.2", "<a@far.example>", 1, "fail: ")]
    [InlineData("192.0.2.2", "a@absent.example", 0, "none: ")]
    [InlineData("192.0.2.2", "a@down.example", 3, "temperror: ")]
    [InlineData("192.0.2.2", "a@twice.example", 1, "permerror: ")]
    [InlineData("192.0.2.1", "", 0, "pass: ")]
    [InlineData("nowhere", "a@far.example", 2, "")]
    public async Task Spf_check_works_without_a_folder(string ip, string from, int code, string output)
    {
        _dns.Txt("far.example", "v=spf1 ip4:192.0.2.1 exp=why.far.example -all")
            .Txt("why.far.example", "not %{i}")
            .Txt("twice.example", "v=spf1 -all")
            .Txt("twice.example", "v=spf1 +all")
            .Fail("down.example");
        var run = await RunAsync("spf", "check", "--ip", ip, "--from", from, "--helo", "far.example");
        Assert.Equal(code, run.ExitCode);
        Assert.StartsWith(output, run.Output, StringComparison.Ordinal);
        if (code == 2)
            return;
        var json = await RunAsync("spf", "check", "--ip", ip, "--from", from, "--helo", "far.example", "--json");
        var row = JsonNode.Parse(json.Output)!;
        Assert.Equal(output[..^2], (string?)row["result"]);
        Assert.Equal(from.Length == 0 ? "helo" : "mailfrom", (string?)row["identity"]);
        Assert.Equal((string?)row["result"] == "fail" ? "not 192.0.2.2" : null, (string?)row["explanation"]);
        Assert.NotEmpty(row["lookups"]!.AsArray());
    }

    [Fact]
    public async Task A_domain_comes_with_its_keys_and_no_answer_holds_a_private_one()
    {
        await InitAsync();
        var run = await RunAsync("dkim", "list", "a.test");
        Assert.Equal(
            ["rsa  published", "ed25519  published"],
            run.Output.Trim().Split('\n').Select(Middle).Order().Reverse()
        );
        var json = await RunAsync("dkim", "list", "--json");
        foreach (var key in await _store.MailAuth.ListDkimKeysAsync(Ct))
            Assert.DoesNotContain(
                Convert.ToBase64String(key.PrivateKey.Span)[20..40],
                json.Output + run.Output,
                StringComparison.Ordinal
            );
        Assert.Contains("\"record\":\"v=DKIM1; k=rsa; p=MIIB", json.Output, StringComparison.Ordinal);

        static string Middle(string line) => string.Join("  ", line.Split("  ")[2..4]);
    }

    [Fact]
    public async Task Keys_are_made_used_and_removed()
    {
        await InitAsync();
        var made = await RunAsync("dkim", "keygen", "a.test", "--algorithm", "rsa", "--selector", "Mail1");
        Assert.StartsWith(
            "mail1._domainkey.a.test. 3600 IN TXT \"v=DKIM1; k=rsa; p=",
            made.Output,
            StringComparison.Ordinal
        );
        // A string of a TXT record holds 255 octets.
        Assert.Equal(2, made.Output.Split('"').Count(s => s.Length > 100));
        Assert.Equal(
            1,
            (await RunAsync("dkim", "keygen", "a.test", "--algorithm", "rsa", "--selector", "mail1")).ExitCode
        );
        Assert.Equal(2, (await RunAsync("dkim", "keygen", "a.test", "--selector", "mail2")).ExitCode);
        Assert.Equal(2, (await RunAsync("dkim", "keygen", "a.test", "--algorithm", "dsa")).ExitCode);
        Assert.Equal(
            2,
            (await RunAsync("dkim", "keygen", "a.test", "--algorithm", "rsa", "--selector", "a b")).ExitCode
        );
        Assert.Equal(1, (await RunAsync("dkim", "keygen", "b.test")).ExitCode);
        Assert.Contains(
            "  rsa  active  ",
            (await RunAsync("dkim", "activate", "a.test", "mail1")).Output,
            StringComparison.Ordinal
        );
        Assert.Equal(1, (await RunAsync("dkim", "activate", "a.test", "mail1")).ExitCode);
        Assert.Equal(0, (await RunAsync("dkim", "remove", "a.test", "mail1")).ExitCode);
        Assert.Equal(1, (await RunAsync("dkim", "remove", "a.test", "mail1")).ExitCode);
        Assert.Equal(0, (await RunAsync("dkim", "keygen", "a.test")).ExitCode);
        Assert.Equal(4, (await _store.MailAuth.ListDkimKeysAsync(Ct)).Count);
    }

    [Fact]
    public async Task What_dns_show_prints_is_what_dns_check_wants()
    {
        await InitAsync(
            "listen.submissions = [\"*:465\"]\nlisten.imaps = [\"*:993\"]\nlisten.submission = []\nlisten.pop3s = []"
        );
        var shown = await RunAsync("dns", "show", "a.test", "--json");
        Assert.Equal(0, shown.ExitCode);
        _dns.Address("mx.a.test", "192.0.2.7").Ptr("192.0.2.7", "mx.a.test");
        foreach (var row in shown.Output.Trim().Split('\n').Select(l => JsonNode.Parse(l)!))
        {
            var (name, data) = ((string)row["name"]!, (string)row["data"]!);
            _ = (string)row["type"]! switch
            {
                "MX" => _dns.Mx(name, 10, data.Split(' ')[1]),
                "SRV" => _dns.Srv(name, int.Parse(data.Split(' ')[2]), data.Split(' ')[3]),
                "TLSA" => _dns.Tlsa(name, data.Split(' ')[3]),
                _ => _dns.Txt(name, data),
            };
        }

        var check = await RunAsync("dns", "check", "a.test");
        Assert.Equal(0, check.ExitCode);
        var lines = check.Output.Trim().Split('\n');
        Assert.All(lines, l => Assert.StartsWith("ok ", l, StringComparison.Ordinal));
        // Address, PTR, MX, two SPF, two DKIM, DMARC, MTA-STS, TLS-RPT, TLSA, two SRV.
        Assert.Equal(13, lines.Length);
        var zone = (await RunAsync("dns", "show", "a.test")).Output;
        Assert.Contains("\na.test. 3600 IN MX 10 mx.a.test.\n", "\n" + zone, StringComparison.Ordinal);
        Assert.Contains("\n_imaps._tcp.a.test. 3600 IN SRV 0 1 993 mx.a.test.\n", zone, StringComparison.Ordinal);
        Assert.Matches("\n_25._tcp.mx.a.test. 3600 IN TLSA 3 1 1 [0-9a-f]{64}\n", zone);
    }

    [Fact]
    public async Task What_is_missing_or_wrong_is_a_line_each()
    {
        await InitAsync();
        var key = (await _store.MailAuth.ListDkimKeysAsync(Ct)).Single(k => k.Algorithm == DkimKeyAlgorithm.Rsa);
        _dns.Address("mx.a.test", "192.0.2.7")
            .Ptr("192.0.2.7", "other.test")
            .Mx("a.test", 5, "elsewhere.test")
            .Txt("a.test", "v=spf1 ip4:192.0.2.8 -all")
            .Txt("a.test", "other text")
            .Txt($"{key.Selector}._domainkey.a.test", "v=DKIM1; k=rsa; p=")
            .Txt("_dmarc.a.test", "v=DMARC1; p=perhaps")
            .Txt("_mta-sts.a.test", "v=STSv1; id=a-b")
            .Txt("_smtp._tls.a.test", "v=TLSRPTv1; rua=ftp://x")
            .Tlsa("_25._tcp.mx.a.test", new string('0', 64));
        var run = await RunAsync("dns", "check", "a.test");
        Assert.Equal(1, run.ExitCode);
        var lines = run
            .Output.Trim()
            .Split('\n')
            .Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        string[] expected =
        [
            "ok address mx.a.test: 192.0.2.7",
            "wrong PTR mx.a.test: 192.0.2.7 is other.test; it should be mx.a.test",
            "wrong MX a.test: its mail goes to 5 elsewhere.test, not to mx.a.test",
            "wrong TXT a.test: fail for this server's address 192.0.2.7: ",
            "optional TXT mx.a.test: should be v=spf1 a -all",
            $"wrong TXT {key.Selector}._domainkey.a.test: the key is revoked there (empty p=)",
            "missing TXT e",
            "wrong TXT _dmarc.a.test: it has no p= of none, quarantine or reject",
            "wrong TXT _mta-sts.a.test: its id= must be 1 to 32 letters and digits",
            "wrong TXT _smtp._tls.a.test: it has no rua= of mailto: or https:",
            "wrong TLSA _25._tcp.mx.a.test: none is the key of this server's certificate",
        ];
        Assert.All(expected, e => Assert.Contains(lines, l => l.StartsWith(e, StringComparison.Ordinal)));
        foreach (var made in await _store.MailAuth.ListDkimKeysAsync(Ct))
            await _store.MailAuth.RemoveDkimKeyAsync(made.Domain, made.Selector, Ct);
        run = await RunAsync("dns", "check", "a.test");
        Assert.Contains(
            "there is no DKIM key to sign with: postreiter dkim keygen a.test",
            run.Output,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_DNS_that_is_down_says_nothing_of_the_records()
    {
        await InitAsync();
        foreach (
            var name in new[]
            {
                "a.test",
                "mx.a.test",
                "_dmarc.a.test",
                "_mta-sts.a.test",
                "_smtp._tls.a.test",
                "_25._tcp.mx.a.test",
            }
        )
            _dns.Fail(name);
        foreach (var key in await _store.MailAuth.ListDkimKeysAsync(Ct))
            _dns.Fail($"{key.Selector}._domainkey.a.test");
        foreach (var service in new[] { "_submissions", "_submission", "_imaps", "_pop3s" })
            _dns.Fail($"{service}._tcp.a.test");
        var run = await RunAsync("dns", "check", "a.test");
        Assert.Equal(3, run.ExitCode);
        Assert.All(run.Output.Trim().Split('\n'), l => Assert.StartsWith("unknown ", l, StringComparison.Ordinal));
        Assert.Equal(1, (await RunAsync("dns", "check", "b.test")).ExitCode);
        Assert.Equal(2, (await RunAsync("dns", "show", "b..test")).ExitCode);
    }

    [Fact]
    public async Task Dkim_verify_reads_a_file_without_a_folder()
    {
        using var key = Postreiter.MailAuth.Dkim.DkimKey.GenerateRsa(1024);
        _dns.Txt("s._domainkey.far.example", key.TxtRecord);
        var signer = new Postreiter.MailAuth.Dkim.DkimSigner(
            [new(Core.DomainName.Parse("far.example"), "s", key)],
            TimeProvider.System
        ).Start("From: a@far.example\r\nSubject: x\r\n"u8);
        signer.AppendBody("body\r\n"u8);
        // As an editor of this system saves it.
        var text = (signer.Complete() + "From: a@far.example\r\nSubject: x\r\n\r\nbody\r\n").ReplaceLineEndings("\n");
        await File.WriteAllTextAsync(_folder["good.eml"], text, Ct);
        await File.WriteAllTextAsync(_folder["bad.eml"], text + "more\n", Ct);
        await File.WriteAllTextAsync(_folder["none.eml"], "Subject: x\n", Ct);
        var good = await RunAsync("dkim", "verify", _folder["good.eml"]);
        Assert.Equal(0, good.ExitCode);
        Assert.StartsWith("dkim=pass d=far.example s=s a=rsa-sha256: ", good.Output, StringComparison.Ordinal);
        var bad = await RunAsync("dkim", "verify", _folder["bad.eml"], "--json");
        Assert.Equal((1, "fail"), (bad.ExitCode, (string?)JsonNode.Parse(bad.Output)!["result"]));
        Assert.Equal(1, (await RunAsync("dkim", "verify", _folder["none.eml"])).ExitCode);
        Assert.Equal(3, (await RunAsync("dkim", "verify", _folder["absent.eml"])).ExitCode);
        _dns.Fail("s._domainkey.far.example");
        Assert.Equal(3, (await RunAsync("dkim", "verify", _folder["good.eml"])).ExitCode);
    }

    [Fact]
    public async Task Dmarc_sums_says_who_sent_as_a_domain()
    {
        await InitAsync();
        var (domain, now) = (Core.DomainName.Parse("a.test"), TimeProvider.System.GetUtcNow());
        DmarcSum Row(int daysAgo, string reporter, string source, bool isPassing, long count) =>
            new(
                DateOnly.FromDateTime(now.UtcDateTime).AddDays(-daysAgo),
                reporter,
                System.Net.IPAddress.Parse(source),
                "a.test",
                isPassing ? "none" : "reject",
                isPassing,
                isPassing,
                count
            );
        DmarcSum[] rows =
        [
            Row(1, "one", "192.0.2.1", true, 5),
            Row(2, "two", "192.0.2.1", true, 6),
            Row(2, "two", "192.0.2.9", false, 1),
            Row(40, "two", "192.0.2.9", false, 100),
        ];
        await _store.MailAuth.AddDmarcReportAsync(new DmarcReportRecord("r", "1", domain, now, rows), Ct);
        Assert.Equal(
            "11  192.0.2.1  from a.test  dkim=pass spf=pass  none\n1  192.0.2.9  from a.test  dkim=fail spf=fail  reject\n",
            (await RunAsync("dmarc", "sums", "a.test")).Output
        );
        Assert.StartsWith(
            "101  192.0.2.9",
            (await RunAsync("dmarc", "sums", "a.test", "--days", "60")).Output,
            StringComparison.Ordinal
        );
        Assert.Equal(2, (await RunAsync("dmarc", "sums", "a.test", "--days", "0")).ExitCode);
        Assert.Equal(1, (await RunAsync("dmarc", "sums", "b.test")).ExitCode);
    }

    private async Task InitAsync(string settings = "")
    {
        Assert.Equal(0, (await RunAsync("init", "--hostname", "mx.a.test", "--domain", "a.test")).ExitCode);
        await File.AppendAllTextAsync(Path.Combine(_folder["data"], DataFolder.SettingsName), settings + "\n", Ct);
    }

    private Task<CommandRun> RunAsync(params string[] args) =>
        CommandRun.StartAsync("", _store, KeptStore.Scanner, _dns, [.. args, "--data", _folder["data"]]);
}
