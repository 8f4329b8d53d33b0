using System.Diagnostics;
using System.Text;
using Postreiter.Core;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Dkim;
using Postreiter.MailAuth.Tests.Dkim;
using Postreiter.Testing;

namespace Postreiter.MailAuth.Tests.Arc;

public sealed class ArcSealerTests : IDisposable
{
    private static readonly WireMessage Plain = WireMessage.From("From: a@a.example\nSubject: x\n\nHello.\n");
    private readonly FakeDns _dns = new();
    private readonly TestClock _clock = new();
    private readonly DkimKey _key = DkimKey.GenerateRsa(1024);

    public ArcSealerTests() => _dns.Txt("s._domainkey.list.example", _key.TxtRecord);

    public void Dispose() => _key.Dispose();

    [Fact]
    public async Task A_chain_grows_to_fifty_sets_and_no_further()
    {
        var message = Plain;
        for (var i = 1; i <= 50; i++)
        {
            var received = await ValidateAsync(message);
            Assert.Equal((i == 1 ? ArcResult.None : ArcResult.Pass, i - 1), (received.Result, received.Sets));
            message = message.Sealed(Sealer(), received, $"mx{i}.list.example; spf=pass smtp.mailfrom=a{i}@a.example");
        }

        var outcome = await ValidateAsync(message);
        Assert.True(outcome.Result == ArcResult.Pass, outcome.Reason);
        Assert.Equal(50, outcome.Sealers.Count);
        Assert.Equal("mx1.list.example; spf=pass smtp.mailfrom=a1@a.example", outcome.FirstAuthenticationResults);
        Assert.StartsWith("mx50.", outcome.AuthenticationResults[^1], StringComparison.Ordinal);
        Assert.Same(message, message.Sealed(Sealer(), outcome, "mx.list.example; none"));
    }

    [Fact]
    public async Task Sealing_a_broken_chain_marks_it_once()
    {
        var message = await SealedAsync(Plain);
        var broken = message with { Body = "Changed.\r\n"u8.ToArray() };
        var outcome = await ValidateAsync(broken);
        Assert.Equal(ArcResult.Fail, outcome.Result);
        Assert.Contains("the body was changed", outcome.Reason, StringComparison.Ordinal);
        Assert.Empty(outcome.Sealers);
        Assert.Null(outcome.FirstAuthenticationResults);

        broken = broken.Sealed(Sealer(), outcome, "mx.list.example; arc=fail");
        Assert.Contains("cv=fail", broken.HeaderText, StringComparison.Ordinal);
        outcome = await ValidateAsync(broken);
        Assert.Equal((ArcResult.Fail, 2, true), (outcome.Result, outcome.Sets, outcome.IsSealedAsFailed));
        Assert.Same(broken, broken.Sealed(Sealer(), outcome, "mx.list.example; arc=fail"));
    }

    [Theory]
    [InlineData("From: a@a.example", "From: e@e.example", "does not match")]
    [InlineData("spf=pass", "spf=fail", "ARC-Seal i=2")]
    [InlineData(
        "ARC-Authentication-Results: i=1;",
        "ARC-Authentication-Results: i=2;",
        "two ARC-Authentication-Results"
    )]
    [InlineData("ARC-Authentication-Results: i=1;", "ARC-Authentication-Results: i=51;", "1 to 50")]
    [InlineData("ARC-Authentication-Results: i=1;", "ARC-Authentication-Results: 1;", "1 to 50")]
    [InlineData("ARC-Authentication-Results: i=1;", "X: i=1;", "ARC-Authentication-Results i=1 is missing")]
    [InlineData("cv=pass", "cv=none", "not cv=pass")]
    [InlineData("cv=none", "cv=pass", "not cv=none")]
    [InlineData("cv=pass", "cv=fail", "says cv=fail")]
    [InlineData("cv=none", "cv=none; h=from", "has h=")]
    [InlineData("cv=none", "cv=none; cv=none", "twice")]
    [InlineData("i=2; a=", "a=", "has no i=")]
    [InlineData("i=2; a=", "i=0; a=", "has no i=")]
    [InlineData("i=2; a=", "i=3; a=", "i=")]
    public async Task Every_tampering_has_its_reason(string part, string instead, string reason)
    {
        var message = await SealedAsync(await SealedAsync(Plain));
        var header = message.HeaderText.Replace("\r\n ", " ", StringComparison.Ordinal);
        var at = header.IndexOf(part, StringComparison.Ordinal);
        Assert.True(at >= 0);
        header = header[..at] + instead + header[(at + part.Length)..];
        var outcome = await ValidateAsync(message with { Header = Encoding.ASCII.GetBytes(header) });
        Assert.Equal(ArcResult.Fail, outcome.Result);
        Assert.Contains(reason, outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unfolding_and_trace_fields_do_not_break_a_chain()
    {
        var message = await SealedAsync(await SealedAsync(Plain));
        var header = "Received: from x\r\n" + message.HeaderText.Replace("\r\n ", " ", StringComparison.Ordinal);
        var outcome = await ValidateAsync(message with { Header = Encoding.ASCII.GetBytes(header) });
        Assert.True(outcome.Result == ArcResult.Pass, outcome.Reason);
    }

    [Fact]
    public async Task F8_a_DNS_that_does_not_answer_is_no_failure()
    {
        var message = await SealedAsync(Plain);
        _dns.Fail("s._domainkey.list.example");
        var outcome = await ValidateAsync(message);
        Assert.Equal(ArcResult.TempError, outcome.Result);
        _dns.Remove("s._domainkey.list.example");
        outcome = await ValidateAsync(message);
        Assert.Equal(ArcResult.Fail, outcome.Result);
        Assert.Contains("no key", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_Ed25519_key_seals_too()
    {
        using var key = DkimKey.GenerateEd25519();
        _dns.Txt("e._domainkey.list.example", key.TxtRecord);
        var sealer = new ArcSealer(new DkimSigningKey(DomainName.Parse("list.example"), "e", key), _clock);
        var message = await SealedAsync(Plain);
        message = message.Sealed(sealer, await ValidateAsync(message), "mx.list.example; none");
        var outcome = await ValidateAsync(message);
        Assert.True(outcome is { Result: ArcResult.Pass, Sets: 2 }, outcome.Reason);
    }

    [Fact]
    public async Task The_status_of_a_chain_is_one_of_three_words()
    {
        var message = await SealedAsync(Plain);
        Assert.Equal("none", AuthenticationResults.Of(await ValidateAsync(Plain)).Result);
        var pass = AuthenticationResults.Of(await ValidateAsync(message));
        Assert.Equal(("pass", "i=1", ""), (pass.Result, pass.Comment, pass.Reason));
        // RFC 8617 §5.2.1: for those who read the field, an answer that did not come is a failure.
        _dns.Fail("s._domainkey.list.example");
        var fail = AuthenticationResults.Of(await ValidateAsync(message));
        Assert.Equal(("fail", ""), (fail.Result, fail.Comment));
        Assert.Contains("SERVFAIL", fail.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Results_are_written_by_the_record_that_holds_them()
    {
        var results = new AuthenticationResults(
            "mx.list.example",
            [new("spf", "pass", "", [new("smtp", "mailfrom", "a@a.example")])]
        );
        var sealing = Sealer().Start(Plain.Header);
        sealing.AppendBody(Plain.Body);
        var fields = sealing.Complete(await ValidateAsync(Plain), results);
        Assert.NotNull(fields);
        var outcome = await ValidateAsync(Plain.Under(fields));
        Assert.True(outcome.Result == ArcResult.Pass, outcome.Reason);
        var read = AuthenticationResults.Read(outcome.FirstAuthenticationResults);
        Assert.Equal("a@a.example", read?.Results[0].Property("smtp", "mailfrom"));
    }

    [Fact]
    public async Task A_line_end_in_the_results_is_an_error_of_ours()
    {
        var received = await ValidateAsync(Plain);
        var sealing = Sealer().Start(Plain.Header);
        Assert.Throws<ArgumentException>(() => sealing.Complete(received, "mx.list.example; none\r\nBcc: x"));
    }

    [Fact]
    public async Task A_signature_beneath_the_seal_is_sealed_and_one_body_serves_both()
    {
        using var ed = DkimKey.GenerateEd25519();
        _dns.Txt("d._domainkey.a.example", ed.TxtRecord);
        var message = Plain.Signed(new DkimSigner([new(DomainName.Parse("a.example"), "d", ed)], _clock));
        message = await SealedAsync(message);
        Assert.Contains("dkim-signature", message.HeaderText, StringComparison.Ordinal);

        using var whole = new SignedMessage(message.Header);
        var dkim = new DkimVerifier(_dns, _clock).Start(whole);
        var arc = new ArcValidator(_dns, _clock).Start(whole);
        whole.AppendBody(message.Body);
        var ct = TestContext.Current.CancellationToken;
        Assert.Equal(DkimResult.Pass, Assert.Single(await dkim.CompleteAsync(ct)).Result);
        Assert.Equal(ArcResult.Pass, (await arc.CompleteAsync(ct)).Result);
    }

    [Theory]
    [InlineData(51, false)]
    [InlineData(1000, false)]
    [InlineData(51, true)]
    [InlineData(20_000, true)]
    public async Task L19_a_chain_of_more_than_fifty_sets_fails_at_once(int sets, bool sameInstance)
    {
        var fields = new StringBuilder();
        for (var i = sets; i > 0; i--)
        {
            var n = sameInstance ? 1 : i;
            fields.Append($"ARC-Seal: i={n}; a=rsa-sha256; d=d{i}.example; s=s; cv=pass; b=AAAA\r\n");
            fields.Append(
                $"ARC-Message-Signature: i={n}; a=rsa-sha256; d=d{i}.example; s=s; h=from; bh=AAAA; b=AAAA\r\n"
            );
            fields.Append($"ARC-Authentication-Results: i={n}; x; none\r\n");
        }

        var clock = Stopwatch.StartNew();
        var outcome = await ValidateAsync(Plain.Under(fields.ToString()));
        Assert.Equal(ArcResult.Fail, outcome.Result);
        Assert.Contains("more than 50", outcome.Reason, StringComparison.Ordinal);
        Assert.Empty(_dns.Questions);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 10);
    }

    private ArcSealer Sealer() => new(new DkimSigningKey(DomainName.Parse("list.example"), "s", _key), _clock);

    private Task<ArcOutcome> ValidateAsync(WireMessage message) =>
        message.ValidateAsync(new ArcValidator(_dns, _clock));

    private async Task<WireMessage> SealedAsync(WireMessage message) =>
        message.Sealed(
            Sealer(),
            await ValidateAsync(message),
            "mx.list.example;\r\n spf=pass smtp.mailfrom=a@a.example"
        );
}
