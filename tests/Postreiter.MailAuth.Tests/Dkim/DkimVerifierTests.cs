using System.Text;
using Postreiter.Core;
using Postreiter.Dns;
using Postreiter.MailAuth.Dkim;
using Postreiter.Testing;

namespace Postreiter.MailAuth.Tests.Dkim;

public sealed class DkimVerifierTests : IDisposable
{
    private const string Tags = "v=1; a=ed25519-sha256; d=a.example; s=s; h=from:to; bh={bh}";

    private static readonly WireMessage Message = WireMessage.From(
        "From: Ann <ann@a.example>\nTo: b@b.example\nTo:  c@c.example\n\nOne  line.\nTwo.\n\n"
    );

    private readonly FakeDns _dns = new();
    private readonly TestClock _clock = new();
    private readonly DkimKey _key = DkimKey.GenerateEd25519();

    public DkimVerifierTests() => _dns.Txt("s._domainkey.a.example", _key.TxtRecord);

    public void Dispose() => _key.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("; c=simple")]
    [InlineData("; c=relaxed")]
    [InlineData("; c=simple/simple")]
    [InlineData("; c=simple/relaxed")]
    [InlineData("; c=relaxed/simple")]
    [InlineData("; c=relaxed/relaxed")]
    [InlineData("; c=Relaxed/SIMPLE")]
    [InlineData("; q=dns/txt")]
    [InlineData("; q=http/x : dns/txt")]
    [InlineData("; i=@a.example")]
    [InlineData("; i=ann@a.example")]
    [InlineData("; i=ann@sub.A.example")]
    [InlineData("; i=a=20nn=3D@a.example")]
    [InlineData("; l=18")]
    [InlineData("; t=1767268800")]
    [InlineData("; t=1767268800; x=1767268801")]
    [InlineData("; t=1767269000")]
    [InlineData("; unknown=whatever; z=From:x|To:y")]
    [InlineData(" ;\r\n\tq = dns/txt ")]
    public async Task Good_signatures_pass(string more) => await ExpectAsync(Tags + more, DkimResult.Pass);

    [Theory]
    [InlineData("v=1", "v=2", DkimResult.Neutral, "version 2")]
    [InlineData("v=1; ", "", DkimResult.Neutral, "v= is missing")]
    [InlineData("v=1", "v=1; v=1", DkimResult.Neutral, "twice")]
    [InlineData("v=1", "v=1; broken", DkimResult.Neutral, "without '='")]
    [InlineData("v=1", "v=1;; q=dns/txt", DkimResult.Neutral, "without '='")]
    [InlineData("v=1", "v=1; 1x=y", DkimResult.Neutral, "no tag name")]
    [InlineData("v=1", "v=1; z=\u0001", DkimResult.Neutral, "control")]
    [InlineData("a=ed25519-sha256", "a=rsa-sha1", DkimResult.Policy, "rsa-sha1")]
    [InlineData("a=ed25519-sha256", "a=rsa-md5", DkimResult.Neutral, "rsa-md5")]
    [InlineData("a=ed25519-sha256; ", "", DkimResult.Neutral, "a= is missing")]
    [InlineData("a=ed25519-sha256", "a=rsa-sha256", DkimResult.PermError, "key of type ed25519")]
    [InlineData("d=a.example; ", "", DkimResult.Neutral, "d= is missing")]
    [InlineData("d=a.example", "d=a..example", DkimResult.Neutral, "no domain")]
    [InlineData("d=a.example", "d=[192.0.2.1]", DkimResult.Neutral, "no domain")]
    [InlineData("s=s", "s=", DkimResult.Neutral, "no selector")]
    [InlineData("s=s", "s=a b", DkimResult.Neutral, "no selector")]
    [InlineData("s=s", "s=other", DkimResult.PermError, "no key")]
    [InlineData("h=from:to", "h=to", DkimResult.PermError, "From")]
    [InlineData("h=from:to; ", "", DkimResult.Neutral, "h= is missing")]
    [InlineData("h=from:to", "h=from:t o", DkimResult.Neutral, "names no field")]
    [InlineData("bh={bh}", "bh=***", DkimResult.Neutral, "bh= is no base64")]
    [InlineData("; bh={bh}", "", DkimResult.Neutral, "bh= is missing")]
    [InlineData("bh={bh}", "bh=AAAA", DkimResult.Fail, "the body was changed")]
    [InlineData("v=1", "v=1; c=loose", DkimResult.Neutral, "loose")]
    [InlineData("v=1", "v=1; c=relaxed/", DkimResult.Neutral, "relaxed/")]
    [InlineData("v=1", "v=1; q=http", DkimResult.Neutral, "query method http")]
    [InlineData("v=1", "v=1; i=ann@b.example", DkimResult.PermError, "domain of d=")]
    [InlineData("v=1", "v=1; i=ann@aa.example", DkimResult.PermError, "domain of d=")]
    [InlineData("v=1", "v=1; i=ann", DkimResult.Neutral, "no identity")]
    [InlineData("v=1", "v=1; i=a=0D=0Ax@a.example", DkimResult.Neutral, "no identity")]
    [InlineData("v=1", "v=1; l=-1", DkimResult.Neutral, "l= is no number")]
    [InlineData("v=1", "v=1; l=5", DkimResult.Fail, "the last 13 octets")]
    [InlineData("v=1", "v=1; l=0", DkimResult.Fail, "the last 18 octets")]
    [InlineData("v=1", "v=1; l=19", DkimResult.Fail, "shorter than l=19")]
    [InlineData("v=1", "v=1; l=99999999999999999999999999999999", DkimResult.Fail, "shorter than l=")]
    [InlineData("v=1", "v=1; t=soon", DkimResult.Neutral, "t= is no number")]
    [InlineData("v=1", "v=1; x=", DkimResult.Neutral, "x= is no number")]
    [InlineData("v=1", "v=1; t=1767268800; x=1767268800", DkimResult.Neutral, "x= is not after t=")]
    [InlineData("v=1", "v=1; x=1767268000", DkimResult.PermError, "expired")]
    [InlineData("v=1", "v=1; t=1767270000", DkimResult.Policy, "future")]
    public async Task Bad_signatures_say_why(string part, string instead, DkimResult expected, string reason)
    {
        var outcome = await ExpectAsync(Tags.Replace(part, instead, StringComparison.Ordinal), expected);
        Assert.Contains(reason, outcome.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("k=ed25519; p={p}", DkimResult.Pass, "256-bit")]
    [InlineData("v=DKIM1; k=ed25519; h=sha1:sha256; s=email; t=y:s; n=note; p={p};", DkimResult.Pass, "")]
    [InlineData("v=DKIM1; k=ed25519; s=*; p= {p} ; ", DkimResult.Pass, "")]
    [InlineData("v=DKIM2; k=ed25519; p={p}", DkimResult.PermError, "DKIM1")]
    [InlineData("k=ed25519; v=DKIM1; p={p}", DkimResult.PermError, "not first")]
    [InlineData("v=DKIM1; p={p}", DkimResult.PermError, "no RSA key")]
    [InlineData("v=DKIM1; k=rot13; p={p}", DkimResult.PermError, "rot13")]
    [InlineData("v=DKIM1; k=ed25519; h=sha1; p={p}", DkimResult.PermError, "sha256")]
    [InlineData("v=DKIM1; k=ed25519; s=tlsrpt; p={p}", DkimResult.PermError, "email")]
    [InlineData("v=DKIM1; k=ed25519; p=", DkimResult.PermError, "revoked")]
    [InlineData("v=DKIM1; k=ed25519", DkimResult.PermError, "p= is missing")]
    [InlineData("v=DKIM1; k=ed25519; p=~~~~", DkimResult.PermError, "base64")]
    [InlineData("v=DKIM1; k=ed25519; p=AAAA", DkimResult.PermError, "32 octets")]
    [InlineData("v=DKIM1; k=ed25519; p={p}; p={p}", DkimResult.PermError, "twice")]
    [InlineData(
        "v=DKIM1; k=ed25519; p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        DkimResult.Fail,
        "does not match"
    )]
    [InlineData("v=DKIM1; k", DkimResult.PermError, "without '='")]
    [InlineData("", DkimResult.PermError, "no tag")]
    public async Task Key_records_are_read_as_RFC_6376_says(string record, DkimResult expected, string reason)
    {
        var point = _key.TxtRecord[(_key.TxtRecord.IndexOf("p=", StringComparison.Ordinal) + 2)..];
        _dns.Remove("s._domainkey.a.example")
            .Txt("s._domainkey.a.example", record.Replace("{p}", point, StringComparison.Ordinal));
        var outcome = await ExpectAsync(Tags, expected);
        Assert.Contains(reason, outcome.Reason, StringComparison.Ordinal);
        Assert.Equal(record.Contains("t=y", StringComparison.Ordinal), outcome.IsTesting);
    }

    [Fact]
    public async Task A_strict_key_wants_the_domain_itself_in_the_identity()
    {
        _dns.Remove("s._domainkey.a.example").Txt("s._domainkey.a.example", _key.TxtRecord + "; t=s");
        await ExpectAsync(Tags + "; i=ann@a.example", DkimResult.Pass);
        var outcome = await ExpectAsync(Tags + "; i=ann@sub.a.example", DkimResult.PermError);
        Assert.Contains("t=s", outcome.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DkimResult.Pass, "junk", "v=spf1 -all", "{good}")]
    [InlineData(DkimResult.Pass, "{good}", "{good}", "{good}")]
    [InlineData(DkimResult.Pass, "v=DKIM1; k=ed25519; p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "{good}")]
    [InlineData(DkimResult.Fail, "v=DKIM1; k=ed25519; p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "junk")]
    [InlineData(DkimResult.PermError, "junk", "v=spf1 -all")]
    public async Task Of_several_records_each_is_tried(DkimResult expected, params string[] records)
    {
        _dns.Remove("s._domainkey.a.example");
        foreach (var record in records)
            _dns.Txt("s._domainkey.a.example", record.Replace("{good}", _key.TxtRecord, StringComparison.Ordinal));
        await ExpectAsync(Tags, expected);
    }

    [Fact]
    public async Task F8_a_DNS_that_does_not_answer_is_no_failure()
    {
        _dns.Fail("s._domainkey.a.example");
        var outcome = await ExpectAsync(Tags, DkimResult.TempError);
        Assert.Contains("SERVFAIL", outcome.Reason, StringComparison.Ordinal);
        _dns.Remove("s._domainkey.a.example");
        await ExpectAsync(Tags, DkimResult.PermError);
    }

    [Fact]
    public async Task F8_a_DNS_that_is_too_slow_is_no_failure()
    {
        var message = Message.SignedByHand(_key, Tags);
        var verifying = message.VerifyAsync(new DkimVerifier(new SilentDns(), _clock));
        await _clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        var outcome = Assert.Single(await verifying);
        Assert.Equal(DkimResult.TempError, outcome.Result);
        Assert.Contains("20 s", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_gives_up_is_told_so()
    {
        var verification = new DkimVerifier(new SilentDns(), _clock).Start(Message.SignedByHand(_key, Tags).Header);
        using var patience = new CancellationTokenSource();
        var completing = verification.CompleteAsync(patience.Token);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await completing);
    }

    [Fact]
    public async Task L17_five_signatures_are_checked_and_the_rest_is_named()
    {
        var message = Message;
        for (var i = 0; i < 7; i++)
            message = message.SignedByHand(_key, Tags);
        var outcomes = await message.VerifyAsync(new DkimVerifier(_dns, _clock));
        Assert.Equal(
            [.. Enumerable.Repeat(DkimResult.Pass, 5), DkimResult.PermError],
            outcomes.Select(static o => o.Result)
        );
        Assert.StartsWith("2 more", outcomes[^1].Reason, StringComparison.Ordinal);
        Assert.Single(_dns.Questions);
    }

    [Fact]
    public async Task L17_part_of_a_body_passes_only_where_it_is_allowed()
    {
        var message = Message.SignedByHand(_key, Tags + "; l=10");
        var limits = new DkimLimits { AcceptsPartialBody = true };
        Assert.Equal(DkimResult.Pass, (await message.VerifyOneAsync(new DkimVerifier(_dns, _clock, limits))).Result);
    }

    [Fact]
    public async Task A_message_without_a_signature_has_the_result_none()
    {
        var outcome = await Message.VerifyOneAsync(new DkimVerifier(_dns, _clock));
        Assert.Equal(DkimResult.None, outcome.Result);
        outcome = await new WireMessage([], []).VerifyOneAsync(new DkimVerifier(_dns, _clock));
        Assert.Equal(DkimResult.None, outcome.Result);
    }

    [Theory]
    [InlineData("To: b@b.example", "To: d@d.example")]
    [InlineData("From: Ann", "From: Eve")]
    [InlineData("To:  c@c.example", "To: c@c.example")]
    [InlineData("DKIM-Signature: v=1", "DKIM-Signature:  v=1")]
    public async Task A_changed_header_fails(string part, string instead)
    {
        var message = Message.SignedByHand(
            _key,
            Tags.Replace("from:to", "from:to:to:to:x-absent", StringComparison.Ordinal)
        );
        await ExpectAsync(message, DkimResult.Pass);
        var changed = message.HeaderText.Replace(part, instead, StringComparison.Ordinal);
        Assert.NotEqual(message.HeaderText, changed);
        await ExpectAsync(message with { Header = Encoding.Latin1.GetBytes(changed) }, DkimResult.Fail);
    }

    [Fact]
    public async Task Of_a_repeated_field_the_lowest_is_signed_first()
    {
        // One mention of To signs the lower one; the upper one may change, the lower one may not.
        var message = Message.SignedByHand(_key, Tags);
        var text = message.HeaderText;
        await ExpectAsync(
            message with
            {
                Header = Latin1(text.Replace("b@b", "x@x", StringComparison.Ordinal)),
            },
            DkimResult.Pass
        );
        await ExpectAsync(
            message with
            {
                Header = Latin1(text.Replace("c@c", "x@x", StringComparison.Ordinal)),
            },
            DkimResult.Fail
        );
    }

    [Fact]
    public async Task Another_signature_may_be_signed_but_not_the_own_one()
    {
        var message = Message
            .SignedByHand(_key, Tags)
            .SignedByHand(
                _key,
                Tags.Replace("from:to", "from:dkim-signature:dkim-signature", StringComparison.Ordinal)
            );
        var outcomes = await message.VerifyAsync(new DkimVerifier(_dns, _clock));
        Assert.All(outcomes, static o => Assert.True(o.Result == DkimResult.Pass, o.ToString()));
    }

    [Fact]
    public async Task Names_in_UTF8_are_asked_for_as_A_labels()
    {
        _dns.Txt("xn--br-via._domainkey.xn--bcher-kva.example", _key.TxtRecord);
        var message = Message.SignedByHand(
            _key,
            Tags.Replace("d=a.example; s=s", "d=bücher.example; s=bär", StringComparison.Ordinal)
                + "; i=ännchen@bücher.example"
        );
        var outcome = await ExpectAsync(message, DkimResult.Pass);
        Assert.Equal(("xn--bcher-kva.example", "bär"), (outcome.Domain, outcome.Selector));
        Assert.Equal("ännchen@xn--bcher-kva.example", outcome.Identity);
    }

    [Fact]
    public async Task Keys_are_asked_for_while_the_body_arrives()
    {
        var message = Message.SignedByHand(_key, Tags);
        var verification = new DkimVerifier(_dns, _clock).Start(message.Header);
        verification.BeginLookups(TestContext.Current.CancellationToken);
        Assert.Single(_dns.Questions);
        verification.AppendBody(message.Body);
        Assert.Equal(
            DkimResult.Pass,
            Assert.Single(await verification.CompleteAsync(TestContext.Current.CancellationToken)).Result
        );
        Assert.Single(_dns.Questions);
    }

    private static byte[] Latin1(string text) => Encoding.Latin1.GetBytes(text);

    private async Task<DkimOutcome> ExpectAsync(string tags, DkimResult expected) =>
        await ExpectAsync(Message.SignedByHand(_key, tags), expected);

    private async Task<DkimOutcome> ExpectAsync(WireMessage message, DkimResult expected)
    {
        var outcome = await message.VerifyOneAsync(new DkimVerifier(_dns, _clock));
        Assert.True(outcome.Result == expected, $"expected {expected}, got {outcome}");
        Assert.NotEmpty(outcome.Reason);
        return outcome;
    }

    /// <summary>Never answers.</summary>
    private sealed class SilentDns : IDnsResolver
    {
        public ValueTask<DnsAnswer<System.Net.IPAddress>> ResolveAAsync(DomainName name, CancellationToken ct) =>
            throw new NotSupportedException();

        public ValueTask<DnsAnswer<System.Net.IPAddress>> ResolveAaaaAsync(DomainName name, CancellationToken ct) =>
            throw new NotSupportedException();

        public ValueTask<DnsAnswer<MxRecord>> ResolveMxAsync(DomainName name, CancellationToken ct) =>
            throw new NotSupportedException();

        public async ValueTask<DnsAnswer<string>> ResolveTxtAsync(DomainName name, CancellationToken ct)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
            return DnsAnswer.TemporaryFailure<string>("never");
        }

        public ValueTask<DnsAnswer<DomainName>> ResolvePtrAsync(System.Net.IPAddress address, CancellationToken ct) =>
            throw new NotSupportedException();
    }
}
