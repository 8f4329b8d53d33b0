namespace Postreiter.Spam.Tests.Network;

/// <summary>Questions made of tags.</summary>
public sealed class AskDnsTests
{
    private readonly NetworkBed _bed = new();

    [Theory]
    [InlineData("_SENDERDOMAIN_.x.example", "A mail.sender.example.x.example")]
    [InlineData("_AUTHORDOMAIN_.x.example. TXT", "TXT author.example.x.example")]
    [InlineData("_LASTEXTERNALIP_.x.example", "A 198.51.100.7.x.example")]
    [InlineData("_LASTEXTERNALREVIP_.x.example", "A 7.100.51.198.x.example")]
    [InlineData("_LASTEXTERNALRDNS_ MX", "MX relay.example")]
    [InlineData("_LASTEXTERNALHELO_", "A relay.example")]
    [InlineData("_HEADER(X-Client)_.x.example", "A client-7.x.example")]
    [InlineData("_HEADER(From:addr:host)_.x.example", "A author.example.x.example")]
    [InlineData("_URIDOMAINS_.x.example", "A 203.0.113.80.x.example A free.example.x.example A spam.example.x.example")]
    [InlineData("plain.example A,TXT", "A plain.example TXT plain.example")]
    [InlineData("_FIRSTTRUSTEDIP_.x.example", "")]
    [InlineData("_DKIMDOMAIN_.x.example", "")]
    [InlineData("_NOSUCHTAG_.x.example", "")]
    [InlineData("_HEADER(Subject)_.x.example", "")]
    public async Task The_names_that_are_asked_for(string query, string asked)
    {
        var mail = NetworkBed.Mail.Replace(
            "Subject: hello",
            "X-Client: client-7\nSubject: a b",
            StringComparison.Ordinal
        );
        await _bed.ScanAsync($"uridnsbl_skip_mailto 0\naskdns R {query}\n", mail);
        Assert.Equal(asked, string.Join(' ', _bed.Dns.Questions));
    }

    [Theory]
    [InlineData("A", true)]
    [InlineData("A /^127\\.2\\.0\\.2$/", true)]
    [InlineData("A m{^127\\.3}", false)]
    [InlineData("A 127.2.0.2", true)]
    [InlineData("A 127.2.0.1-127.2.0.3", true)]
    [InlineData("A 2", true)]
    [InlineData("A 4", false)]
    [InlineData("A 0.0.0.2/0.0.0.255", true)]
    [InlineData("A \"127.2.0.2\"", true)]
    [InlineData("TXT /^v=spf1 \\+all$/", true)]
    [InlineData("TXT 'v=spf1 +all'", true)]
    [InlineData("TXT 'v=spf1'", false)]
    [InlineData("A,TXT /spf1/", true)]
    [InlineData("MX /^10 mx\\.author\\.example\\.$/", true)]
    [InlineData("AAAA", false)]
    [InlineData("A [NOERROR]", true)]
    [InlineData("A [NXDOMAIN]", false)]
    [InlineData("AAAA [0, 3]", true)]
    public async Task Answers_that_hit(string test, bool hits)
    {
        _bed.Dns.Address("author.example.x.example", "127.2.0.2")
            .Txt("author.example.x.example", "v=spf1 +all")
            .Mx("author.example.x.example", 10, "mx.author.example");
        Assert.Equal(
            hits ? "R" : "",
            NetworkBed.Hits(await _bed.ScanAsync($"askdns R _AUTHORDOMAIN_.x.example {test}\n"))
        );
    }

    [Theory]
    [InlineData("[NXDOMAIN]", true)]
    [InlineData("[FormErr,ServFail,4,5]", false)]
    public async Task A_name_that_is_not_there(string codes, bool hits) =>
        Assert.Equal(
            hits ? "R" : "",
            NetworkBed.Hits(await _bed.ScanAsync($"askdns R _AUTHORDOMAIN_.x.example A {codes}\n"))
        );

    [Fact]
    public async Task A_server_that_fails()
    {
        _bed.Dns.Fail("author.example.x.example");
        var result = await _bed.ScanAsync(
            "askdns R _AUTHORDOMAIN_.x.example A [SERVFAIL]\naskdns S _AUTHORDOMAIN_.x.example A\n"
        );
        Assert.Equal("R", NetworkBed.Hits(result));
        Assert.Equal("author.example.x.example A:", NetworkBed.Details(result, "R"));
        Assert.Equal("ASKDNS: ", result.Hits[0].Area);
    }

    [Fact]
    public async Task Several_authors_are_each_asked_for_and_tags_multiply_only_so_far()
    {
        var authors = string.Join(", ", Enumerable.Range(0, 60).Select(i => $"a@a{i}.example"));
        var mail = NetworkBed.Mail.Replace("Ann <ann@author.example>", authors, StringComparison.Ordinal);
        await _bed.ScanAsync("askdns R _AUTHORDOMAIN_._AUTHORDOMAIN_._URIHOSTS_.x.example\n", mail);
        Assert.Equal(100, _bed.Dns.Questions.Count);
    }
}
