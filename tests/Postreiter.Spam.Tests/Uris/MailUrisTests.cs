using Postreiter.Spam.Configuration;
using Postreiter.Spam.Uris;

namespace Postreiter.Spam.Tests.Uris;

public sealed class MailUrisTests
{
    private static readonly RegisteredDomains Domains = new(
        ["com", "org", "uk", "us", "example", "test"],
        ["co.uk"],
        ["demon.co.uk"]
    );

    [Theory]
    [InlineData("see http://www.a.example/x?y=1.", "http://www.a.example/x?y=1")]
    [InlineData("see HTTPS://a.example!", "HTTPS://a.example")]
    [InlineData("(ftp://a.example/b)", "ftp://a.example/b")]
    [InlineData("www.a.example", "http://www.a.example")]
    [InlineData("www2.a.example/x", "http://www2.a.example/x")]
    [InlineData("ftp.a.example", "ftp://ftp.a.example")]
    [InlineData("a.example/way here", "http://a.example/way")]
    [InlineData("a.example:8080/way", "http://a.example:8080/way")]
    [InlineData("a.example.", "http://a.example")]
    [InlineData("a.unknown", null)]
    [InlineData("1.2.3", null)]
    [InlineData("write to ann@a.example, soon", "mailto:ann@a.example")]
    [InlineData("mailto:ann@a.example?subject=x", "mailto:ann@a.example?subject=x")]
    [InlineData("e-mail:ann@a.example", "mailto:ann@a.example")]
    [InlineData("ann@a.unknown", null)]
    [InlineData("Vi@gra", null)]
    [InlineData("[cid:image001.png@01D4.example]", null)]
    [InlineData("http://", null)]
    [InlineData("http://a.example/b(c)d)e", "http://a.example/b(c)d)e")]
    [InlineData("http://a.example/b)c", "http://a.example/b")]
    public void In_text_what_people_click_or_copy_is_found(string text, string? uri) =>
        Assert.Equal(uri, Find(text).All.SingleOrDefault()?.Raw);

    [Fact]
    public void How_it_stood_there_is_told()
    {
        Assert.Equal(["parsed"], Find("http://a.example").All[0].Types);
        Assert.Equal(["parsed", "schemeless"], Find("www.a.example").All[0].Types);
        Assert.Equal(["parsed", "unlinked", "schemeless"], Find("a.example").All[0].Types);
    }

    [Theory]
    [InlineData("http:www.a.example", "http://www.a.example")]
    [InlineData("http:\\\\www.a.example\\x", "http://www.a.example/x")]
    [InlineData("http://www.a.example?id=3", "http://www.a.example/?id=3")]
    [InlineData("http://%77ww.a.example/%20%41", "http://www.a.example/%20A")]
    [InlineData("http://a.example/b&#46;c", "http://a.example/b.c")]
    [InlineData("http://a.example/b&#x3002;c&#x2b;", "http://a.example/b.c&#x2b;")]
    [InlineData("http://a.example:80/x", "http://a.example/x")]
    [InlineData("https://a.example:443", "https://a.example")]
    [InlineData("http://a.example..../x", "http://a.example/x")]
    [InlineData("http://bank.example@evil.example/", null)]
    [InlineData("http://0x7f.0.0.01/", "http://127...1/")]
    [InlineData("http://0x7f000001/", "http://127.0.0.1/")]
    [InlineData("http://2130706433/", "http://127.0.0.1/")]
    [InlineData("http://017700000001", "http://65.240.9.16")]
    [InlineData("http://foobar/", "http://www.foobar.com/")]
    [InlineData("http://localhost/", null)]
    [InlineData("//a.example/x", "http:////a.example/x")]
    [InlineData("http://a.example/?to=http://b.example/&x", "http://b.example/")]
    [InlineData("mailto:ann@a.example?subject=x", "mailto:ann@a.example")]
    [InlineData("mailto:%20ann@a.example%20", "mailto:ann@a.example")]
    [InlineData("mailto:\"Ann%20B\"%20<ann@a.example>", "mailto:ann@a.example")]
    public void What_its_author_hid_stands_beside_it(string uri, string? variant)
    {
        var forms = new UriVariants(Domains, Redirectors.Of([])).Of(uri);
        Assert.Equal(uri, forms[0]);
        if (variant is null)
            Assert.Single(forms);
        else
            Assert.Contains(variant, forms);
    }

    [Theory]
    [InlineData("http://m\u00FCn.example/x", "http://m\u00C3\u00BCn.example/x")]
    [InlineData("http://M\u00FCn.example:80/x", "http://m\u00C3\u00BCn.example/x")]
    [InlineData("http://a.example/%20\u00E9", "http://a.example/%20%e9")]
    [InlineData("http://a.example/%20\u20AC", "http://a.example/%20\u20AC")]
    public void Characters_of_a_link_are_treated_as_such(string uri, string variant) =>
        Assert.Contains(variant, new UriVariants(Domains, Redirectors.Of([])).Of(uri, isCharacters: true));

    [Theory]
    [InlineData("http://www.a.example/", "a.example")]
    [InlineData("http://x.y.a.co.uk", "a.co.uk")]
    [InlineData("http://x.y.demon.co.uk", "y.demon.co.uk")]
    [InlineData("http://fire.ci.town.ca.us", "fire.ci.town.ca.us")]
    [InlineData("http://shop.town.ca.us", "shop.town.ca.us")]
    [InlineData("http://user:pw@www.a.example:8080?x", "a.example")]
    [InlineData("http://192.0.2.1/x", "192.0.2.1")]
    [InlineData("mailto:ann@mail.a.example?cc=x", "a.example")]
    [InlineData("mailto:ann@b@a.example", null)]
    [InlineData("javascript:http://a.example", null)]
    [InlineData("http://%61.example/", null)]
    [InlineData("http://a.unknown/", null)]
    [InlineData("http://-a.example/", null)]
    [InlineData("http://", null)]
    public void The_domain_is_what_somebody_registered(string uri, string? domain) =>
        Assert.Equal(domain, Domains.Find(uri)?.Domain);

    [Fact]
    public void Links_bring_their_elements_and_texts_and_need_no_domain()
    {
        var uris = MailUris.Find(
            [],
            [new UriLink("#top", ["a"], ["up"]), new UriLink("http://a.example/", ["img", "a"], ["x", "x", "y"])],
            [],
            Domains,
            new Settings()
        );
        Assert.Equal(["#top", "http://a.example/"], uris.Canonical);
        Assert.Equal(["x", "y"], uris.All[1].Texts);
        Assert.Equal(["a.example"], uris.All[1].Domains);
    }

    [Fact]
    public void Signing_domains_are_domains_and_no_uris()
    {
        var uris = MailUris.Find([], [], [" v=1; a=x; d= a.exam\n ple ; bd=c.example"], Domains, new Settings());
        Assert.Equal("a.example", uris.All.Single().Domains.Single());
        Assert.Empty(uris.Canonical);
    }

    [Fact]
    public void Endless_nesting_and_endless_text_are_bounded()
    {
        var nested = string.Concat(Enumerable.Repeat("http://a.example/?", 5_000));
        Assert.InRange(Find(nested[..2000]).All[0].Cleaned.Count, 2, 200);
        Assert.Empty(Find(new string('a', 1_000_000) + "@").All);
        Assert.Empty(Find(new string('.', 1_000_000)).All);
        Assert.Equal(
            10_000,
            Find(string.Join(' ', Enumerable.Range(0, 20_000).Select(i => $"a{i}.example"))).All.Count
        );
    }

    [Fact]
    public void Whatever_stands_there_is_read_without_a_fault()
    {
        var random = new Random(5);
        const string Pieces = "http://www.ftp.mailto:@.com/?#%41&#x41;<>\"()[]\x1b\xa0\xc3\xa9 0x7f127\\\r\t,;";
        for (var i = 0; i < 20_000; i++)
        {
            var text = new char[random.Next(60)];
            for (var j = 0; j < text.Length; )
            {
                var start = random.Next(Pieces.Length);
                var piece = Pieces.AsSpan(start, Math.Min(random.Next(1, 8), Pieces.Length - start));
                piece = piece[..Math.Min(piece.Length, text.Length - j)];
                piece.CopyTo(text.AsSpan(j));
                j += piece.Length;
            }

            _ = Find(new string(text));
            _ = new UriVariants(Domains, Redirectors.Of([])).Of(new string(text));
            _ = Domains.Find(new string(text));
        }
    }

    private static MailUris Find(string text) => MailUris.Find([text.AsMemory()], [], [], Domains, new Settings());
}
