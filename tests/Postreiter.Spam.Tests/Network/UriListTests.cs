namespace Postreiter.Spam.Tests.Network;

/// <summary>Lists of the hosts of URIs.</summary>
public sealed class UriListTests
{
    private const string Links = """
        From: a@author.example
        Subject: links
        Content-Type: text/html

        <a href="http://www.deep.spam.example/x">offer</a> <a href="http://203.0.113.80/y">number</a>
        <a href="http://10.0.0.5/z">inside</a> <a href="http://skipped.example/">known</a>

        """;

    private readonly NetworkBed _bed = new();

    [Theory]
    [InlineData("urirhsbl", "", "net", "A 80.113.0.203.bl.example A spam.example.bl.example")]
    [InlineData("urirhsbl", "", "net domains_only", "A spam.example.bl.example")]
    [InlineData("urirhsbl", "", "net ips_only", "A 80.113.0.203.bl.example")]
    [InlineData("urirhsbl", "", "net notrim", "A 80.113.0.203.bl.example A www.deep.spam.example.bl.example")]
    [InlineData("urirhssub", " 2", "net", "A 80.113.0.203.bl.example A spam.example.bl.example")]
    // An address asks its list at once; a host has to be resolved first, by the flag "a" alone.
    [InlineData("uridnsbl", "", "net a", "A www.deep.spam.example")]
    [InlineData("uridnsbl", "", "net", "NS spam.example")]
    [InlineData("urinsrhsbl", "", "net", "NS spam.example")]
    [InlineData("urifullnsrhsbl", "", "net", "NS spam.example")]
    public async Task The_names_that_are_asked_for(string kind, string subtest, string flags, string asked)
    {
        await _bed.ScanAsync(
            $"{kind} R bl.example. A{subtest}\nbody R eval:check_uridnsbl('R')\ntflags R {flags}\nuridnsbl_skip_domain skipped.example\n",
            Links
        );
        Assert.Equal(asked, string.Join(' ', _bed.Dns.Questions));
    }

    [Theory]
    [InlineData("2", "127.0.0.2", true)]
    [InlineData("2", "127.0.0.6", true)]
    [InlineData("2", "127.0.0.4", false)]
    [InlineData("2", "10.0.0.2", false)]
    [InlineData("0x40", "127.0.0.64", true)]
    [InlineData("127.0.1.2", "127.0.1.2", true)]
    [InlineData("127.0.1.2", "127.0.1.3", false)]
    [InlineData("127.0.1.20-127.0.1.39", "127.0.1.30", true)]
    [InlineData("127.0.1.20-127.0.1.39", "127.0.1.40", false)]
    [InlineData("0.0.0.16/0.0.0.16", "127.0.0.17", true)]
    [InlineData("0.0.0.16/0.0.0.16", "127.0.0.15", false)]
    [InlineData("127.255.255.0/255.255.255.0", "127.255.255.254", true)]
    public async Task Answers_that_hit(string test, string answer, bool hits)
    {
        _bed.Dns.Address("spam.example.bl.example", answer);
        var result = await _bed.ScanAsync(
            $"urirhssub R bl.example A {test}\nbody R eval:check_uridnsbl('R')\ntflags R net\n",
            Links
        );
        Assert.Equal(hits ? "R" : "", NetworkBed.Hits(result));
        if (hits)
        {
            Assert.Equal("URI: spam.example", NetworkBed.Details(result, "R"));
            Assert.Equal("", result.Hits[0].Area);
        }
    }

    [Fact]
    public async Task Addresses_of_hosts_and_of_name_servers_are_looked_up_in_turn()
    {
        _bed.Dns.Address("www.deep.spam.example", "198.51.100.70")
            .Ns("spam.example", "ns1.dns.co.test")
            .Address("ns1.dns.co.test", "198.51.100.71")
            .Address("70.100.51.198.bl.example", "127.0.0.2")
            .Address("71.100.51.198.bl.example", "127.0.0.2")
            .Address("dns.co.test.ns.example", "127.0.0.3")
            .Address("ns1.dns.co.test.fullns.example", "127.0.0.4");
        var result = await _bed.ScanAsync(
            """
            uridnssub A bl.example A 127.0.0.2
            body A eval:check_uridnsbl('A')
            tflags A net a
            urinsrhssub N ns.example A 127.0.0.3
            body N eval:check_uridnsbl('N')
            tflags N net
            urifullnsrhssub F fullns.example A 127.0.0.4
            body F eval:check_uridnsbl('F')
            tflags F net
            """,
            Links
        );
        Assert.Equal("A F N", NetworkBed.Hits(result));
        Assert.Equal(
            "URI: ns1.dns.co.test/198.51.100.71|URI: www.deep.spam.example/198.51.100.70",
            string.Join('|', result.Hits.Single(hit => hit.Name == "A").Details.Order(StringComparer.Ordinal))
        );
        Assert.Equal("URI: dns.co.test", NetworkBed.Details(result, "N"));
        Assert.Equal("URI: ns1.dns.co.test", NetworkBed.Details(result, "F"));
    }

    [Fact]
    public async Task Only_so_many_hosts_are_asked_for_and_links_come_before_text()
    {
        var text = string.Concat(Enumerable.Range(0, 500).Select(i => $"http://h{i}.text.example/ "));
        var links = string.Concat(Enumerable.Range(0, 15).Select(i => $"<a href=\"http://l{i}.example/\">x</a>"));
        await _bed.ScanAsync(
            "urirhsbl R bl.example A\nbody R eval:check_uridnsbl('R')\ntflags R net notrim\n",
            $"Subject: many\nContent-Type: text/html\n\n{text}<br>{links}\n"
        );
        var asked = _bed.Dns.Questions.Select(static question => question.Split(' ')[1]).ToList();
        Assert.Equal(20, asked.Count);
        Assert.Equal(15, asked.Count(static name => name.StartsWith('l')));
    }

    [Fact]
    public async Task A_name_server_can_send_us_nowhere_for_long()
    {
        // Hundreds of name servers, each with hundreds of addresses.
        for (var i = 0; i < 300; i++)
        {
            _bed.Dns.Ns("spam.example", $"n{i}.evil.test");
            for (var j = 0; j < 250; j++)
                _bed.Dns.Address($"n{i}.evil.test", $"203.0.{i % 250}.{j}");
        }
        var result = await _bed.ScanAsync(
            "uridnsbl A bl.example A\nbody A eval:check_uridnsbl('A')\ntflags A net a\nurinsrhsbl N bl.example A\nbody N eval:check_uridnsbl('N')\ntflags N net\n",
            Links
        );
        Assert.Equal("", NetworkBed.Hits(result));
        Assert.InRange(_bed.Dns.Questions.Count, 10, 400);
    }
}
