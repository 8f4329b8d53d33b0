namespace Postreiter.Spam.Tests.Network;

/// <summary>Lists of relays and senders: which names are asked for, and which answers hit.</summary>
public sealed class BlocklistTests
{
    private readonly NetworkBed _bed = new();

    [Theory]
    // Untrusted relays from the first in time on.
    [InlineData(
        "check_rbl('set', 'bl.example.')",
        "A 9.113.0.203.bl.example A 44.2.0.192.bl.example A 7.100.51.198.bl.example"
    )]
    [InlineData("check_rbl('set-lastexternal', 'bl.example')", "A 7.100.51.198.bl.example")]
    [InlineData("check_rbl('set-firsttrusted', 'bl.example')", "A 7.100.51.198.bl.example")]
    [InlineData("check_rbl('set-untrusted', 'bl.example')", "A 44.2.0.192.bl.example A 9.113.0.203.bl.example")]
    [InlineData("check_rbl('set-notfirsthop', 'bl.example')", "A 7.100.51.198.bl.example A 44.2.0.192.bl.example")]
    [InlineData("check_rbl_txt('set-lastexternal', 'bl.example')", "TXT 7.100.51.198.bl.example")]
    [InlineData(
        "check_rbl_from_host('set', 'bl.example')",
        "A author.example.bl.example A mail.sender.example.bl.example"
    )]
    [InlineData(
        "check_rbl_from_domain('set', 'bl.example')",
        "A author.example.bl.example A sender.example.bl.example"
    )]
    [InlineData("check_rbl_envfrom('set', 'bl.example')", "A mail.sender.example.bl.example")]
    [InlineData("check_rbl_headers('set', 'bl.example', '^127', 'From,X-Host')", "A author.example.bl.example")]
    [InlineData("check_rbl_headers('set', 'bl.example')", "A mail.sender.example.bl.example")]
    [InlineData(
        "check_rbl_rcvd('set', 'bl.example')",
        "A 9.113.0.203.bl.example A middle.example.bl.example A first.example.bl.example"
    )]
    [InlineData("check_rbl_ns_from('set', 'bl.example')", "NS mail.sender.example")]
    [InlineData("check_rbl_accreditor('set', 'bl.example', '', 'good')", "")]
    [InlineData("check_dns_sender()", "")]
    [InlineData("check_rbl_sub('set', '2')", "")]
    public async Task The_names_that_are_asked_for(string call, string asked)
    {
        await _bed.ScanAsync($"header R eval:{call}\n");
        Assert.Equal(asked, string.Join(' ', _bed.Dns.Questions));
    }

    [Theory]
    [InlineData("header R eval:check_rbl_rcvd('s', 'bl.example')\ntflags R net ips_only\n", "A 9.113.0.203.bl.example")]
    [InlineData(
        "header R eval:check_rbl_rcvd('s', 'bl.example')\ntflags R net domains_only\n",
        "A middle.example.bl.example A first.example.bl.example"
    )]
    // A relay that is trusted is asked about where a rule speaks for the mail, else not.
    [InlineData(
        "trusted_networks 198.51.100.7\nheader R eval:check_rbl('s-lastexternal', 'bl.example')\n",
        "A 44.2.0.192.bl.example"
    )]
    [InlineData(
        "trusted_networks 198.51.100.7\ninternal_networks 10.0.0.0/8\nheader R eval:check_rbl('s-lastexternal', 'bl.example')\n",
        ""
    )]
    [InlineData(
        "trusted_networks 198.51.100.7\ninternal_networks 10.0.0.0/8\nheader R eval:check_rbl('s-lastexternal', 'bl.example')\ntflags R net nice\n",
        "A 7.100.51.198.bl.example"
    )]
    [InlineData(
        "originating_ip_headers X-Client\nheader R eval:check_rbl('s-untrusted', 'bl.example')\n",
        "A 44.2.0.192.bl.example A 9.113.0.203.bl.example A 192.0.2.99.bl.example"
    )]
    [InlineData("skip_rbl_checks 1\nheader R eval:check_rbl('s', 'bl.example')\n", "")]
    [InlineData("dns_available no\nheader R eval:check_rbl('s', 'bl.example')\n", "")]
    [InlineData("dns_query_restriction deny example\nheader R eval:check_rbl('s', 'bl.example')\n", "")]
    [InlineData(
        "dns_query_restriction deny *\ndns_query_restriction allow bl.example\nheader R eval:check_rbl('s-lastexternal', 'bl.example')\n",
        "A 7.100.51.198.bl.example"
    )]
    [InlineData("header R eval:check_rbl('s', 'bl.example')\nscore R 0\n", "")]
    public async Task Settings_and_flags_change_what_is_asked(string rules, string asked)
    {
        var mail = NetworkBed.Mail.Replace("From: Ann", "X-Client: [99.2.0.192]\nFrom: Ann", StringComparison.Ordinal);
        await _bed.ScanAsync(rules, mail);
        Assert.Equal(asked, string.Join(' ', _bed.Dns.Questions));
    }

    [Theory]
    [InlineData("", "127.0.0.2", true)]
    [InlineData("", "10.0.0.1", false)]
    [InlineData("", "203.0.113.1", false)]
    [InlineData("127.0.0.2", "127.0.0.2", true)]
    [InlineData("127.0.0.2", "127.0.0.20", false)]
    [InlineData("4", "127.0.0.6", true)]
    [InlineData("4", "127.0.0.2", false)]
    [InlineData("65536", "127.1.0.0", true)]
    [InlineData("^127\\.0\\.0\\.[4567]$", "127.0.0.5", true)]
    [InlineData("^127\\.0\\.0\\.[4567]$", "127.0.0.50", false)]
    [InlineData("99999999999999999999", "127.0.0.255", false)]
    public async Task Answers_that_hit(string test, string answer, bool hits)
    {
        _bed.Dns.Address("7.100.51.198.bl.example", answer);
        var argument = test.Length > 0 ? $", '{test}'" : "";
        var result = await _bed.ScanAsync(
            $"header R eval:check_rbl('s-lastexternal', 'bl.example'{argument})\nscore R 1.5\n"
        );
        Assert.Equal(hits ? "R" : "", NetworkBed.Hits(result));
        if (hits)
            Assert.Equal("198.51.100.7 listed in bl.example", NetworkBed.Details(result, "R"));
    }

    [Fact]
    public async Task One_question_serves_all_rules_of_a_set()
    {
        _bed.Dns.Address("7.100.51.198.bl.example", "127.0.0.2", "127.0.0.10");
        _bed.Dns.Address("44.2.0.192.bl.example", "127.0.0.2");
        var result = await _bed.ScanAsync(
            """
            header __ALL eval:check_rbl('s', 'bl.example')
            header TWO eval:check_rbl_sub('s', '127.0.0.2')
            header TEN eval:check_rbl_sub('s', '^127\.0\.0\.10$')
            header FOUR eval:check_rbl_sub('s', '4')
            header OTHER eval:check_rbl_sub('t', '127.0.0.2')
            meta BOTH TWO && TEN
            meta NONE __ALL && !TWO
            """
        );
        Assert.Equal("BOTH TEN TWO __ALL", NetworkBed.Hits(result));
        // A rule of a set tells of the first answer that fits.
        Assert.Equal("192.0.2.44 listed in bl.example", NetworkBed.Details(result, "TWO"));
        Assert.Equal("198.51.100.7 listed in bl.example", NetworkBed.Details(result, "TEN"));
        Assert.Equal(3, _bed.Dns.Questions.Count);
        Assert.All(result.Hits.Where(hit => hit.Name != "BOTH"), hit => Assert.Equal("RBL: ", hit.Area));
    }

    [Fact]
    public async Task Texts_and_long_addresses_are_told_as_the_original_tells_them()
    {
        var mail = NetworkBed.Mail.Replace("[198.51.100.7]", "[2001:db8::a1]", StringComparison.Ordinal);
        var name = "1.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example";
        _bed.Dns.Address(name, "127.0.0.2")
            .Txt(name, "Blocked - see https://bl.example/?x (https://a.example)\nX-Forged: 1");
        var result = await _bed.ScanAsync(
            """
            header A eval:check_rbl('a-lastexternal', 'bl.example')
            header T eval:check_rbl_txt('t-lastexternal', 'bl.example', '(?i:blocked)')
            """,
            mail
        );
        Assert.Equal("2001:db8:0:0:0:0:0:a1 listed in bl.example", NetworkBed.Details(result, "A"));
        // A line of the answer's own would be a line of our header.
        Assert.Equal(
            "Blocked - see <https://bl.example/?x> (https://a.example) X-Forged: 1",
            NetworkBed.Details(result, "T")
        );
    }

    [Fact]
    public async Task Somebody_who_is_named_as_voucher_is_asked()
    {
        _bed.Dns.Address("7.100.51.198.bl.example", "127.0.0.2");
        var rules =
            "header R eval:check_rbl_accreditor('s-lastexternal', 'bl.example', '127.0.0.2', 'good')\nheader S eval:check_rbl_accreditor('s-lastexternal', 'bl.example', '127.0.0.2', 'better')\n";
        var named = NetworkBed.Mail.Replace(
            "From: Ann",
            "Accreditor: Good, level=1; x, other\nFrom: Ann",
            StringComparison.Ordinal
        );
        Assert.Equal("R", NetworkBed.Hits(await _bed.ScanAsync(rules, named)));
        var addressed = NetworkBed.Mail.Replace("bounce@mail", "bounce@a--better.mail", StringComparison.Ordinal);
        Assert.Equal("S", NetworkBed.Hits(await _bed.ScanAsync(rules, addressed)));
    }

    [Fact]
    public async Task Without_a_network_nothing_is_asked_and_nothing_hits()
    {
        _bed.Dns.Address("7.100.51.198.bl.example", "127.0.0.2");
        var engine = _bed.Engine(
            "header R eval:check_rbl('s', 'bl.example')\nbody W /See/\nmeta M !R\nuridnsbl U bl.example A\nbody U eval:check_uridnsbl('U')\n"
        );
        var result = engine.Scan(engine.Read(System.Text.Encoding.Latin1.GetBytes(NetworkBed.Mail)));
        Assert.Equal("M W", NetworkBed.Hits(result));
        Assert.Empty(_bed.Dns.Questions);
    }
}
