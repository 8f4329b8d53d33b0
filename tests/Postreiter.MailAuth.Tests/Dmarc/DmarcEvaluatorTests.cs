using System.Net;
using Microsoft.Extensions.Time.Testing;
using Postreiter.Core;
using Postreiter.Dns;
using Postreiter.MailAuth.Dkim;
using Postreiter.MailAuth.Dmarc;
using Postreiter.MailAuth.Spf;
using Postreiter.Testing;

namespace Postreiter.MailAuth.Tests.Dmarc;

public sealed class DmarcEvaluatorTests
{
    private readonly FakeDns _dns = new();
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static SpfOutcome Spf(string domain, SpfResult result = SpfResult.Pass) =>
        new(result, domain, "why", null, []);

    private static DkimOutcome Dkim(string domain, DkimResult result = DkimResult.Pass) =>
        new(result, domain, "s", "@" + domain, "rsa-sha256", "abc", false, "why");

    private ValueTask<DmarcOutcome> CheckAsync(DmarcRequest request) =>
        new DmarcEvaluator(_dns, PublicSuffixList.Shipped, _time).CheckAsync(request, Ct);

    private ValueTask<DmarcOutcome> CheckAsync(
        string from,
        SpfOutcome? spf = null,
        DkimOutcome? dkim = null,
        int draw = 0
    ) => CheckAsync(new DmarcRequest(DmarcAuthors.Of(DomainName.Parse(from)), spf, dkim is null ? [] : [dkim], draw));

    [Theory]
    // adkim, aspf, the domain of SPF, the domain of DKIM; who vouches
    [InlineData("r", "r", "example.org", null, "spf")]
    [InlineData("r", "r", "bounce.example.org", null, "spf")]
    [InlineData("r", "s", "bounce.example.org", null, "")]
    [InlineData("r", "s", "news.example.org", null, "spf")]
    [InlineData("r", "r", null, "example.org", "dkim")]
    [InlineData("s", "r", null, "example.org", "")]
    [InlineData("s", "r", null, "NEWS.example.org", "dkim")]
    [InlineData("r", "r", "other.example", "mail.example.org", "dkim")]
    [InlineData("r", "r", "example.org", "example.org", "dkim spf")]
    [InlineData("r", "r", "notexample.org", "org", "")]
    [InlineData("r", "r", "example.com", "example.org.evil.example", "")]
    public async Task L19_Alignment(string adkim, string aspf, string? spf, string? dkim, string expected)
    {
        _dns.Txt("_dmarc.news.example.org", $"v=DMARC1; p=reject; adkim={adkim}; aspf={aspf}");

        var outcome = await CheckAsync(
            "news.example.org",
            spf is null ? null : Spf(spf),
            dkim is null ? null : Dkim(dkim)
        );

        Assert.Equal(expected.Length > 0 ? DmarcResult.Pass : DmarcResult.Fail, outcome.Result);
        Assert.Equal(expected.Contains("spf", StringComparison.Ordinal), outcome.IsSpfAligned);
        Assert.Equal(expected.Contains("dkim", StringComparison.Ordinal), outcome.IsDkimAligned);
        Assert.Equal(expected.Length > 0 ? DmarcPolicy.None : DmarcPolicy.Reject, outcome.Policy);
    }

    [Theory]
    [InlineData(SpfResult.Fail, DkimResult.Fail, DmarcResult.Fail)]
    [InlineData(SpfResult.SoftFail, DkimResult.PermError, DmarcResult.Fail)]
    [InlineData(SpfResult.None, DkimResult.Policy, DmarcResult.Fail)]
    [InlineData(SpfResult.TempError, DkimResult.Fail, DmarcResult.TempError)]
    [InlineData(SpfResult.Fail, DkimResult.TempError, DmarcResult.TempError)]
    [InlineData(SpfResult.TempError, DkimResult.Pass, DmarcResult.Pass)]
    [InlineData(SpfResult.Pass, DkimResult.TempError, DmarcResult.Pass)]
    public async Task F8_What_could_not_be_checked_is_a_temporary_error_never_a_fail(
        SpfResult spf,
        DkimResult dkim,
        DmarcResult expected
    )
    {
        _dns.Txt("_dmarc.example.org", "v=DMARC1; p=reject");

        var outcome = await CheckAsync("example.org", Spf("example.org", spf), Dkim("example.org", dkim));

        Assert.Equal(expected, outcome.Result);
        Assert.Equal(expected == DmarcResult.Fail ? DmarcPolicy.Reject : DmarcPolicy.None, outcome.Policy);
    }

    [Fact]
    public async Task A_temporary_error_of_a_stranger_changes_nothing()
    {
        _dns.Txt("_dmarc.example.org", "v=DMARC1; p=reject");

        var outcome = await CheckAsync(
            "example.org",
            Spf("evil.example", SpfResult.TempError),
            Dkim("evil.example", DkimResult.TempError)
        );

        Assert.Equal((DmarcResult.Fail, DmarcPolicy.Reject), (outcome.Result, outcome.Policy));
    }

    [Theory]
    // the record of the organisation; asked of an existing and of a missing subdomain
    [InlineData("p=reject", DmarcPolicy.Reject, DmarcPolicy.Reject)]
    [InlineData("p=reject; sp=none", DmarcPolicy.None, DmarcPolicy.None)]
    [InlineData("p=none; sp=quarantine", DmarcPolicy.Quarantine, DmarcPolicy.Quarantine)]
    [InlineData("p=none; np=reject", DmarcPolicy.None, DmarcPolicy.Reject)]
    [InlineData("p=reject; sp=quarantine; np=none", DmarcPolicy.Quarantine, DmarcPolicy.None)]
    public async Task Subdomains_have_their_policy(string record, DmarcPolicy existing, DmarcPolicy missing)
    {
        _dns.Txt("_dmarc.example.org", "v=DMARC1; " + record).Address("a.b.example.org", "2001:db8::1");

        var first = await CheckAsync("a.b.example.org");
        var second = await CheckAsync("x.example.org");

        Assert.Equal((DmarcResult.Fail, existing), (first.Result, first.Policy));
        Assert.Equal((DmarcResult.Fail, missing), (second.Result, second.Policy));
        Assert.Equal("example.org", first.PolicyDomain);
    }

    [Fact]
    public async Task A_domain_that_may_exist_exists()
    {
        _dns.Txt("_dmarc.example.org", "v=DMARC1; p=none; np=reject").Fail("x.example.org");
        Assert.Equal(DmarcPolicy.None, (await CheckAsync("x.example.org")).Policy);

        _dns.Empty("y.example.org").Mx("y.example.org", 10, "mx.example.org");
        Assert.Equal(DmarcPolicy.None, (await CheckAsync("y.example.org")).Policy);

        _dns.Empty("z.example.org");
        Assert.Equal(DmarcPolicy.Reject, (await CheckAsync("z.example.org")).Policy);
    }

    [Theory]
    [InlineData("p=reject; pct=50", 49, DmarcPolicy.Reject, false)]
    [InlineData("p=reject; pct=50", 50, DmarcPolicy.Quarantine, true)]
    [InlineData("p=quarantine; pct=0", 0, DmarcPolicy.None, true)]
    [InlineData("p=none; pct=0", 0, DmarcPolicy.None, false)]
    [InlineData("p=reject; pct=100", 99, DmarcPolicy.Reject, false)]
    [InlineData("p=reject; t=y", 0, DmarcPolicy.Quarantine, true)]
    [InlineData("p=reject; t=y; pct=0", 0, DmarcPolicy.Quarantine, true)]
    public async Task A_sample_gets_the_policy_the_others_the_next_milder(
        string record,
        int draw,
        DmarcPolicy expected,
        bool isSampledOut
    )
    {
        _dns.Txt("_dmarc.example.org", "v=DMARC1; " + record);

        var outcome = await CheckAsync("example.org", draw: draw);

        Assert.Equal((expected, expected), (outcome.Policy, outcome.Disposition));
        Assert.Equal(isSampledOut, outcome.Overrides.Any(static o => o.Kind == DmarcOverrideKind.SampledOut));
    }

    [Theory]
    [InlineData("v=spf1 -all", null, DmarcResult.None)]
    [InlineData("v=DMARC1; p=none", "v=DMARC1; p=reject", DmarcResult.None)]
    [InlineData("v=DMARC1; p=none", "v=spf1 -all", DmarcResult.Fail)]
    [InlineData("v=DMARC1; p=strange", null, DmarcResult.PermError)]
    [InlineData("v=DMARC1; p=strange; rua=mailto:a@example.org", null, DmarcResult.Fail)]
    public async Task Records_are_told_apart(string first, string? second, DmarcResult expected)
    {
        _dns.Txt("_dmarc.example.org", first);
        if (second is not null)
            _dns.Txt("_dmarc.example.org", second);

        var outcome = await CheckAsync("example.org");

        // RFC 7489 §6.6.3: of several records none counts; that is as good as no policy.
        Assert.Equal(expected, outcome.Result);
        Assert.Equal(DmarcPolicy.None, outcome.Policy);
        Assert.NotEmpty(outcome.Reason);
    }

    [Fact]
    public async Task A_record_between_author_and_organisation_is_none()
    {
        _dns.Txt("_dmarc.b.example.org", "v=DMARC1; p=reject");

        Assert.Equal(DmarcResult.None, (await CheckAsync("a.b.example.org")).Result);
        Assert.Equal(["TXT _dmarc.a.b.example.org", "TXT _dmarc.example.org", "TXT _dmarc.org"], _dns.Questions);
    }

    [Theory]
    [InlineData("v=DMARC1; p=reject; psd=y", DmarcResult.Fail)]
    [InlineData("v=DMARC1; p=reject", DmarcResult.None)]
    [InlineData("v=DMARC1; p=reject; psd=n", DmarcResult.None)]
    public async Task A_public_suffix_speaks_only_where_it_says_so(string record, DmarcResult expected)
    {
        _dns.Txt("_dmarc.gov.uk", record).Address("council.gov.uk", "192.0.2.1");

        Assert.Equal(expected, (await CheckAsync("council.gov.uk")).Result);
    }

    [Fact]
    public async Task F8_No_answer_for_the_policy_is_a_temporary_error_but_a_suffix_may_be_silent()
    {
        _dns.Fail("_dmarc.example.org").Fail("_dmarc.net");

        var outcome = await CheckAsync("a.example.org", Spf("example.org"));

        Assert.Equal((DmarcResult.TempError, DmarcPolicy.None), (outcome.Result, outcome.Policy));
        Assert.Equal(DmarcResult.None, (await CheckAsync("example.net")).Result);
    }

    [Fact]
    public async Task F8_An_evaluation_ends_with_its_budget()
    {
        using var asked = new SemaphoreSlim(0);
        var evaluator = new DmarcEvaluator(new SilentDns(asked), PublicSuffixList.Shipped, _time);
        var check = evaluator
            .CheckAsync(new DmarcRequest(DmarcAuthors.Of(DomainName.Parse("example.org")), null, []), Ct)
            .AsTask();
        await asked.WaitAsync(Ct);
        Assert.False(check.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal(DmarcResult.TempError, (await check).Result);
    }

    [Theory]
    [InlineData("", DmarcPolicy.Reject)]
    [InlineData("From: a@example.org\r\nFrom: b@example.org\r\n", DmarcPolicy.Reject)]
    [InlineData("From: MAILER-DAEMON\r\n", DmarcPolicy.Quarantine)]
    public async Task No_author_or_several_fields_are_abuse(string header, DmarcPolicy expected)
    {
        var authors = DmarcAuthors.Read(System.Text.Encoding.ASCII.GetBytes(header));

        var outcome = await CheckAsync(new DmarcRequest(authors, Spf("example.org"), [Dkim("example.org")]));

        Assert.Equal((DmarcResult.PermError, expected, true), (outcome.Result, outcome.Policy, outcome.IsAbuse));
    }

    [Theory]
    [InlineData("From: ceo@bank.example, MAILER-DAEMON", DmarcPolicy.Reject)]
    [InlineData("From: ceo@bank.example (never closed", DmarcPolicy.Reject)]
    [InlineData("From: ceo@other.example, MAILER-DAEMON", DmarcPolicy.Quarantine)]
    public async Task A_field_that_is_half_broken_makes_no_policy_milder(string field, DmarcPolicy expected)
    {
        _dns.Txt("_dmarc.bank.example", "v=DMARC1; p=reject");
        var authors = DmarcAuthors.Read(System.Text.Encoding.ASCII.GetBytes(field + "\r\n"));

        var outcome = await CheckAsync(new DmarcRequest(authors, Spf("evil.example"), []));

        Assert.Equal((expected, true), (outcome.Policy, outcome.IsAbuse));
    }

    [Fact]
    public async Task Of_several_authors_the_strictest_verdict_counts()
    {
        _dns.Txt("_dmarc.example.org", "v=DMARC1; p=none")
            .Txt("_dmarc.bank.example", "v=DMARC1; p=reject")
            .Txt("_dmarc.shop.example", "v=DMARC1; p=quarantine");
        var authors = DmarcAuthors.Read("From: a@example.org, b@shop.example, c@bank.example, d@none.example\r\n"u8);

        var outcome = await CheckAsync(new DmarcRequest(authors, Spf("example.org"), []));

        Assert.Equal(
            (DmarcResult.Fail, DmarcPolicy.Reject, "bank.example"),
            (outcome.Result, outcome.Policy, outcome.Domain)
        );
    }

    [Fact]
    public async Task A_reason_of_ours_lifts_the_policy_and_both_are_told()
    {
        _dns.Txt("_dmarc.example.org", "v=DMARC1; p=reject");
        var trusted = new DmarcOverride(DmarcOverrideKind.TrustedForwarder, "alumni.example");

        var outcome = await CheckAsync(
            new DmarcRequest(DmarcAuthors.Of(DomainName.Parse("example.org")), null, []) { Overrides = [trusted] }
        );

        Assert.Equal(
            (DmarcResult.Fail, DmarcPolicy.Reject, DmarcPolicy.None),
            (outcome.Result, outcome.Policy, outcome.Disposition)
        );
        Assert.Equal([trusted], outcome.Overrides);
    }

    [Fact]
    public async Task An_address_has_no_policy()
    {
        var outcome = await CheckAsync(new DmarcRequest(DmarcAuthors.Read("From: a@[192.0.2.1]\r\n"u8), null, []));

        Assert.Equal(DmarcResult.None, outcome.Result);
        Assert.Empty(_dns.Questions);
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
