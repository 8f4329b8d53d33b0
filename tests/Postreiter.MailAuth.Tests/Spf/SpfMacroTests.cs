using System.Net;
using Microsoft.Extensions.Time.Testing;
using Postreiter.MailAuth.Spf;
using Postreiter.Testing;

namespace Postreiter.MailAuth.Tests.Spf;

public sealed class SpfMacroTests
{
    private readonly FakeDns _dns = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeSeconds(1_795_564_800));

    private async Task<SpfOutcome> CheckAsync(
        string record,
        string from = "strong-bad@email.example.com",
        string client = "192.0.2.3",
        string helo = "mail.example.org"
    )
    {
        var domain = from[(from.LastIndexOf('@') + 1)..];
        var name = Core.DomainName.Parse(domain).Ascii;
        if (record.Length > 0)
            _dns.Remove(name).Txt(name, record);
        return await new SpfEvaluator(_dns, _time).CheckMailFromAsync(
            new SpfRequest(IPAddress.Parse(client), from, helo, "mx.example.net"),
            TestContext.Current.CancellationToken
        );
    }

    // RFC 7208 §7.4, and every letter and transformer of §7.1.
    [Theory]
    [InlineData("%{s}", "strong-bad@email.example.com")]
    [InlineData("%{o}", "email.example.com")]
    [InlineData("%{d}", "email.example.com")]
    [InlineData("%{d4}", "email.example.com")]
    [InlineData("%{d3}", "email.example.com")]
    [InlineData("%{d2}", "example.com")]
    [InlineData("%{d1}", "com")]
    [InlineData("%{dr}", "com.example.email")]
    [InlineData("%{d2r}", "example.email")]
    [InlineData("%{l}", "strong-bad")]
    [InlineData("%{l-}", "strong.bad")]
    [InlineData("%{lr}", "strong-bad")]
    [InlineData("%{lr-}", "bad.strong")]
    [InlineData("%{l1r-}", "strong")]
    [InlineData("%{D2}", "example.com")]
    [InlineData("%{d128}", "email.example.com")]
    [InlineData("%{d99999999999999999999}", "email.example.com")]
    [InlineData("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com")]
    [InlineData("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com")]
    [InlineData("%{h2}", "example.org")]
    [InlineData("%{p}", "unknown")]
    [InlineData("x%%%-y", "x%%20y")]
    public async Task Macros_expand_as_the_RFC_shows(string macro, string expected)
    {
        var outcome = await CheckAsync($"v=spf1 exists:{macro}.x.example -all");

        Assert.Equal(SpfResult.Fail, outcome.Result);
        Assert.Contains(outcome.Lookups, l => l.StartsWith($"A {expected}.x.example:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_IPv6_client_expands_by_nibbles()
    {
        var outcome = await CheckAsync("v=spf1 exists:%{ir}.%{v}._spf.%{d2} -all", client: "2001:db8::cb01");

        Assert.Contains(
            "A 1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com: NoSuchName",
            outcome.Lookups
        );
    }

    [Theory]
    [InlineData("%{c} %{r} %{t}", "192.0.2.3 mx.example.net 1795564800")]
    [InlineData("%{C}%_%{S}", "192.0.2.3 strong-bad%40email.example.com")]
    [InlineData("a  b%_", "a  b ")]
    public async Task An_explanation_has_letters_of_its_own(string text, string expected)
    {
        _dns.Txt("why.example.com", text);

        Assert.Equal(expected, (await CheckAsync("v=spf1 -all exp=why.example.com")).Explanation);
    }

    [Theory]
    [InlineData("50%")]
    [InlineData("%{x}")]
    [InlineData("caf\u00e9")]
    [InlineData("line\r\nRCPT TO:<x@example.org>")]
    [InlineData("\0")]
    [InlineData("tab\t")]
    public async Task An_explanation_that_is_not_plain_text_is_none(string text)
    {
        _dns.Txt("why.example.com", text);

        var outcome = await CheckAsync("v=spf1 -all exp=why.example.com");

        Assert.Equal((SpfResult.Fail, null), (outcome.Result, outcome.Explanation));
    }

    [Theory]
    [InlineData("%{s}")]
    [InlineData("%{h} %{l}")]
    public async Task What_a_macro_brings_into_an_explanation_is_printable_and_short(string text)
    {
        _dns.Txt("why.example.com", text + string.Concat(Enumerable.Repeat("%{l} ", 5_000)));

        var outcome = await CheckAsync(
            "v=spf1 -all exp=why.example.com",
            "\"a\r\nb\u00e9\0\"@example.com",
            helo: "h\r\nx"
        );

        Assert.Equal(255, outcome.Explanation!.Length);
        Assert.True(outcome.Explanation.All(static c => c is >= ' ' and <= '~'));
    }

    [Fact]
    public async Task No_explanation_comes_from_an_include_and_a_redirect_brings_its_own()
    {
        _dns.Txt("inc.example.net", "v=spf1 -all exp=why.inc.example.net").Txt("why.inc.example.net", "theirs");
        Assert.Null((await CheckAsync("v=spf1 include:inc.example.net -all")).Explanation);
        Assert.Equal("theirs", (await CheckAsync("v=spf1 redirect=inc.example.net exp=why.example.com")).Explanation);
    }

    [Fact]
    public async Task Two_texts_are_no_explanation_and_DNS_that_fails_neither()
    {
        _dns.Txt("why.example.com", "one").Txt("why.example.com", "two").Fail("down.example.com");
        Assert.Null((await CheckAsync("v=spf1 -all exp=why.example.com")).Explanation);
        var outcome = await CheckAsync("v=spf1 -all exp=down.example.com");
        Assert.Equal((SpfResult.Fail, null), (outcome.Result, outcome.Explanation));
    }

    // RFC 7208 §7.3: labels go from the left until 253 characters are left.
    [Fact]
    public async Task A_name_that_is_too_long_loses_its_first_labels()
    {
        var local = string.Join('.', Enumerable.Range(10, 22));
        var outcome = await CheckAsync("v=spf1 exists:%{l}.%{l}.%{l}.%{l}.%{l}.x.example -all", local + "@example.com");

        Assert.Equal(SpfResult.Fail, outcome.Result);
        var name = _dns.Questions.Last()[2..];
        Assert.InRange(name.Length, 240, 253);
        Assert.EndsWith($"{local}.{local}.{local}.x.example", name, StringComparison.Ordinal);
        Assert.Matches("^[0-9]{2}\\.", name);
    }

    [Fact]
    public async Task A_macro_without_end_costs_what_a_name_costs()
    {
        var record = "v=spf1 exists:" + string.Concat(Enumerable.Repeat("%{s}%{s-}%{lr+}.", 4_000)) + "x.example -all";
        var from = string.Join('.', Enumerable.Repeat("ab", 21)) + "@example.com";
        await CheckAsync(record, from);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var outcome = await CheckAsync(record, from);

        Assert.Equal(SpfResult.Fail, outcome.Result);
        Assert.EndsWith(".x.example", _dns.Questions.Last(), StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
    }

    [Fact]
    public async Task L18_A_text_of_a_mebibyte_is_an_error_or_passed_over()
    {
        var outcome = await CheckAsync("v=spf1 " + string.Concat(Enumerable.Repeat("ip4:192.0.2.3 ", 75_000)));
        Assert.Equal(SpfResult.PermError, outcome.Result);

        outcome = await CheckAsync(new string('x', 1 << 20));
        Assert.Equal(SpfResult.None, outcome.Result);

        _dns.Txt("many.example.com", "v=spf1 -all");
        for (var i = 0; i < 20_000; i++)
            _dns.Txt("many.example.com", "google-site-verification=" + i);
        outcome = await CheckAsync("v=spf1 redirect=many.example.com");
        Assert.Equal(SpfResult.Fail, outcome.Result);
    }

    // RFC 8616 §4
    [Fact]
    public async Task U_labels_are_A_labels_in_the_DNS_and_in_macros()
    {
        _dns.Address("xn--bcher-kva.example.xn--mxhelo-bva.example", "127.0.0.2");

        var outcome = await CheckAsync(
            "v=spf1 exists:%{o}.%{h} -all",
            "ann@b\u00fccher.example",
            helo: "mx\u00e4helo.example"
        );

        Assert.Equal("xn--bcher-kva.example", outcome.Domain);
        Assert.StartsWith("A xn--bcher-kva.example.xn--", outcome.Lookups[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_local_part_beyond_ASCII_matches_nothing()
    {
        _dns.Address("x.example", "127.0.0.2");

        var outcome = await CheckAsync("v=spf1 exists:%{l}.x.example ~all", "d\u00f6rte@example.com");

        Assert.Equal(SpfResult.SoftFail, outcome.Result);
        Assert.Single(outcome.Lookups);
    }

    [Fact]
    public async Task L18_Ten_names_of_the_client_are_looked_at()
    {
        for (var i = 0; i < 30; i++)
            _dns.Ptr("192.0.2.3", $"h{i}.example.com");
        _dns.Address("h9.example.com", "192.0.2.3").Address("h10.example.com", "192.0.2.3");

        Assert.Equal(SpfResult.Fail, (await CheckAsync("v=spf1 ptr:h10.example.com -all")).Result);
        Assert.Equal(SpfResult.Pass, (await CheckAsync("v=spf1 ptr:h9.example.com -all")).Result);
        Assert.Equal(1, _dns.Questions.Count(static q => q == "A h0.example.com") / 2);
    }

    [Fact]
    public async Task The_name_of_the_client_is_the_nearest_to_the_domain()
    {
        const string Record = "v=spf1 exists:%{p}.x.example -all";
        foreach (var name in new[] { "other.example.net", "sub.email.example.com", "email.example.com" })
            _dns.Ptr("192.0.2.3", name).Address(name, "192.0.2.3");
        _dns.Txt("email.example.com", Record);

        Assert.Contains("A email.example.com.x.example: NoSuchName", (await CheckAsync("")).Lookups);
        // Its record anew, without its address.
        Assert.Contains("A sub.email.example.com.x.example: NoSuchName", (await CheckAsync(Record)).Lookups);
    }
}
