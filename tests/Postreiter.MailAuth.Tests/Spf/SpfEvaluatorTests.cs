using System.Net;
using Microsoft.Extensions.Time.Testing;
using Postreiter.Core;
using Postreiter.Dns;
using Postreiter.MailAuth.Spf;
using Postreiter.Testing;

namespace Postreiter.MailAuth.Tests.Spf;

public sealed class SpfEvaluatorTests
{
    private readonly FakeDns _dns = new();
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<SpfOutcome> CheckAsync(string client = "192.0.2.1", string from = "ann@example.org") =>
        await new SpfEvaluator(_dns, _time).CheckMailFromAsync(
            new SpfRequest(IPAddress.Parse(client), from, "mail.example.org"),
            Ct
        );

    [Fact]
    public async Task A_result_names_the_term_that_decided_and_the_questions_asked()
    {
        _dns.Txt("example.org", "v=spf1 include:_spf.example.net -all")
            .Txt("_spf.example.net", "v=spf1 ip4:192.0.2.0/24 -all");

        var outcome = await CheckAsync();

        Assert.Equal(SpfResult.Pass, outcome.Result);
        Assert.Equal("example.org", outcome.Domain);
        Assert.Equal("'include:_spf.example.net' of example.org matches 192.0.2.1", outcome.Reason);
        Assert.Equal(["TXT example.org: Success", "TXT _spf.example.net: Success"], outcome.Lookups);
    }

    [Fact]
    public async Task A_mapped_address_is_the_IPv4_address_it_holds()
    {
        _dns.Txt("example.org", "v=spf1 ip4:192.0.2.1 -all");

        Assert.Equal(SpfResult.Pass, (await CheckAsync("::ffff:192.0.2.1")).Result);
    }

    [Fact]
    public async Task The_null_sender_is_checked_by_its_HELO()
    {
        _dns.Txt("mail.example.org", "v=spf1 ip4:192.0.2.1 -all");

        var outcome = await CheckAsync(from: "");

        Assert.Equal((SpfResult.Pass, "mail.example.org"), (outcome.Result, outcome.Domain));
    }

    [Theory]
    [InlineData("v=spf1 ip4:1.2.3")]
    [InlineData("v=spf1 ip4:01.2.3.4")]
    [InlineData("v=spf1 ip4:1.2.3.4/33")]
    [InlineData("v=spf1 ip4:1.2.3.4/024")]
    [InlineData("v=spf1 ip6:::1%eth0")]
    [InlineData("v=spf1 a:%{x}.example.org")]
    [InlineData("v=spf1 a:%{d0}.example.org")]
    [InlineData("v=spf1 a:%{c}.example.org")]
    [InlineData("v=spf1 a:example.123")]
    [InlineData("v=spf1 a:example")]
    [InlineData("v=spf1 include")]
    [InlineData("v=spf1 all:example.org")]
    [InlineData("v=spf1 redirect=a.example redirect=b.example")]
    [InlineData("v=spf1 ip4:192.0.2.1 nonsense")]
    [InlineData("v=spf1 ip4:192.0.2.1 \u00e9")]
    public async Task A_mistake_anywhere_spoils_the_record(string record)
    {
        _dns.Txt("example.org", record);

        var outcome = await CheckAsync();

        Assert.Equal(SpfResult.PermError, outcome.Result);
        Assert.Contains("is not a term of SPF", outcome.Reason, StringComparison.Ordinal);
        Assert.True(outcome.Reason.All(static c => c is >= ' ' and <= '~'));
    }

    [Fact]
    public async Task L18_More_terms_than_ten_that_ask_the_DNS_are_an_error()
    {
        for (var i = 0; i < 12; i++)
            _dns.Txt($"d{i}.example.org", $"v=spf1 include:d{i + 1}.example.org");
        _dns.Txt("example.org", "v=spf1 redirect=d0.example.org");

        var outcome = await CheckAsync();

        Assert.Equal(SpfResult.PermError, outcome.Result);
        Assert.Equal(11, outcome.Lookups.Count);
    }

    [Fact]
    public async Task L18_A_record_that_includes_itself_ends()
    {
        _dns.Txt("example.org", "v=spf1 include:example.org -all");

        Assert.Equal(SpfResult.PermError, (await CheckAsync()).Result);
    }

    [Fact]
    public async Task L18_Two_questions_may_be_answered_with_nothing_a_third_not()
    {
        _dns.Txt("example.org", "v=spf1 a:a.example.net a:b.example.net ip4:192.0.2.1");
        Assert.Equal(SpfResult.Pass, (await CheckAsync()).Result);

        _dns.Txt("example.com", "v=spf1 a:a.example.net a:b.example.net a:c.example.net ip4:192.0.2.1");
        Assert.Equal(SpfResult.PermError, (await CheckAsync(from: "ann@example.com")).Result);
    }

    [Fact]
    public async Task L18_Eleven_exchangers_are_an_error()
    {
        _dns.Txt("example.org", "v=spf1 mx -all");
        for (var i = 0; i < 11; i++)
            _dns.Mx("example.org", i, $"mx{i}.example.org").Address($"mx{i}.example.org", "198.51.100.1");

        Assert.Equal(SpfResult.PermError, (await CheckAsync()).Result);
    }

    [Fact]
    public async Task L18_An_evaluation_ends_with_its_budget()
    {
        using var asked = new SemaphoreSlim(0);
        var evaluator = new SpfEvaluator(new SilentDns(asked), _time);
        var check = evaluator
            .CheckMailFromAsync(new SpfRequest(IPAddress.Loopback, "ann@example.org", "h"), Ct)
            .AsTask();
        await asked.WaitAsync(Ct);
        Assert.False(check.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal(SpfResult.TempError, (await check).Result);
    }

    [Fact]
    public async Task F8_A_DNS_that_fails_is_a_temporary_error_never_a_fail()
    {
        _dns.Txt("example.org", "v=spf1 a:down.example.net -all").Fail("down.example.net");

        Assert.Equal(SpfResult.TempError, (await CheckAsync()).Result);
    }

    [Theory]
    [InlineData(450, "ip4:198.51.100.7")]
    [InlineData(100_000, "ip4:198.51.100.7")]
    [InlineData(100_000, "")]
    [InlineData(20_000, "x=%{s100r-+,}%{s}%{s}")]
    public async Task A_huge_record_is_bounded(int terms, string term)
    {
        _dns.Txt("example.org", "v=spf1 " + string.Join(' ', Enumerable.Repeat(term, terms)) + " ip4:192.0.2.1 -all");

        var outcome = await CheckAsync();

        Assert.Equal(terms == 450 ? SpfResult.Pass : SpfResult.PermError, outcome.Result);
    }

    [Fact]
    public async Task A_macro_that_grows_is_cut_to_what_a_name_can_hold()
    {
        var macro = string.Concat(Enumerable.Repeat("%{s100.-}", 5_000));
        var local = string.Join('.', Enumerable.Repeat("l", 32));
        _dns.Txt("example.org", $"v=spf1 exists:{macro}.example.org -all");

        Assert.Equal(SpfResult.Fail, (await CheckAsync(from: $"{local}@example.org")).Result);
    }

    [Fact]
    public async Task An_explanation_is_the_domains_text_with_its_macros()
    {
        _dns.Txt("example.org", "v=spf1 -all exp=why.example.org")
            .Txt("why.example.org", "%{i} may not send for %{d}, see http://example.org/?%{S}");

        var outcome = await CheckAsync(from: "a+b@example.org");

        Assert.Equal(SpfResult.Fail, outcome.Result);
        Assert.Equal(
            "192.0.2.1 may not send for example.org, see http://example.org/?a%2Bb%40example.org",
            outcome.Explanation
        );
    }

    [Fact]
    public async Task Nothing_throws_whatever_the_record()
    {
        const int Seed = 20_261_124;
        const string Alphabet = "aeilmnrpx46:/.%{}=-+~?0123 vspf1";
        var random = new Random(Seed);
        for (var round = 0; round < 3_000; round++)
        {
            var text = string.Create(
                random.Next(1, 60),
                random,
                static (to, r) =>
                {
                    for (var i = 0; i < to.Length; i++)
                        to[i] = Alphabet[r.Next(Alphabet.Length)];
                }
            );
            _dns.Remove("example.org").Txt("example.org", "v=spf1 " + text);
            var outcome = await CheckAsync();
            Assert.True(outcome.Reason.Length > 0, $"seed {Seed}, round {round}: {text}");
        }
    }

    private sealed class SilentDns(SemaphoreSlim asked) : IDnsResolver
    {
        public ValueTask<DnsAnswer<IPAddress>> ResolveAAsync(DomainName name, CancellationToken ct) =>
            Wait<IPAddress>(ct);

        public ValueTask<DnsAnswer<IPAddress>> ResolveAaaaAsync(DomainName name, CancellationToken ct) =>
            Wait<IPAddress>(ct);

        public ValueTask<DnsAnswer<MxRecord>> ResolveMxAsync(DomainName name, CancellationToken ct) =>
            Wait<MxRecord>(ct);

        public ValueTask<DnsAnswer<string>> ResolveTxtAsync(DomainName name, CancellationToken ct) => Wait<string>(ct);

        public ValueTask<DnsAnswer<DomainName>> ResolvePtrAsync(IPAddress address, CancellationToken ct) =>
            Wait<DomainName>(ct);

        private async ValueTask<DnsAnswer<T>> Wait<T>(CancellationToken ct)
        {
            asked.Release();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
            return DnsAnswer.TemporaryFailure<T>("never");
        }
    }
}
