using System.Diagnostics;
using System.Text;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Dkim;
using Postreiter.Testing;

namespace Postreiter.MailAuth.Tests.Dkim;

/// <summary>P10: input that is made to hurt costs what its length costs, and has a result with a reason.</summary>
public sealed class HostileDkimTests
{
    private const string Tags = "v=1; a=ed25519-sha256; d=a.example; s=s; h=from; bh={bh}";
    private static readonly WireMessage Plain = WireMessage.From("From: a@a.example\n\nHello.\n");
    private readonly FakeDns _dns = new();

    [Fact]
    public async Task A_DNS_answer_of_a_MiB_is_a_result()
    {
        using var key = DkimKey.GenerateEd25519();
        var message = Plain.SignedByHand(key, Tags);
        var name = "s._domainkey.a.example";
        _dns.Txt(name, "v=DKIM1; k=ed25519; p=" + new string('A', 1 << 20));
        var outcome = await BoundedAsync(message);
        Assert.Equal(DkimResult.PermError, outcome[0].Result);
        // As many small ones; a good one among the first still counts.
        _dns.Remove(name).Txt(name, key.TxtRecord);
        for (var i = 0; i < 20_000; i++)
            _dns.Txt(name, $"v=DKIM1; k=ed25519; n={i}; p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        outcome = await BoundedAsync(message);
        Assert.Equal(DkimResult.Pass, outcome[0].Result);
    }

    [Fact]
    public async Task A_key_record_of_many_tags_is_a_result()
    {
        using var key = DkimKey.GenerateEd25519();
        var many = string.Join("; ", Enumerable.Range(0, 1000).Select(static i => $"x{i}=1"));
        _dns.Txt("s._domainkey.a.example", $"{key.TxtRecord}; {many}");
        var outcome = await BoundedAsync(Plain.SignedByHand(key, Tags));
        Assert.Equal(DkimResult.PermError, outcome[0].Result);
    }

    [Fact]
    public async Task A_thousand_signatures_are_five()
    {
        using var key = DkimKey.GenerateEd25519();
        _dns.Txt("s._domainkey.a.example", key.TxtRecord);
        var field = Plain.SignedByHand(key, Tags).HeaderText[..^Plain.HeaderText.Length];
        var outcomes = await BoundedAsync(Plain.Under(string.Concat(Enumerable.Repeat(field, 1000))));
        Assert.Equal(6, outcomes.Count);
        Assert.Equal(5, outcomes.Count(static o => o.Result == DkimResult.Pass));
        Assert.Contains("995 more", outcomes[^1].Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("X-{0}: y\r\n")]
    [InlineData("From: y{0}@a.example\r\n")]
    [InlineData("DKIM-Signature: {0}\r\n")]
    [InlineData("no colon {0}\r\n")]
    [InlineData(" folded {0}\r\n")]
    [InlineData("{0} : \r\n\t\r\n")]
    [InlineData(":\r\n")]
    [InlineData("\r\n")]
    [InlineData("\r\r\n{0}")]
    public async Task A_header_of_100000_lines_is_a_result(string line)
    {
        using var key = DkimKey.GenerateEd25519();
        _dns.Txt("s._domainkey.a.example", key.TxtRecord);
        var names = string.Join(':', Enumerable.Repeat("from", 5000));
        var lines = new StringBuilder();
        for (var i = 0; i < 100_000; i++)
            lines.Append(line.Replace("{0}", i.ToString(), StringComparison.Ordinal));
        var signed = Plain.SignedByHand(key, Tags.Replace("h=from", $"h={names}", StringComparison.Ordinal));
        var outcomes = await BoundedAsync(
            signed with
            {
                Header = [.. signed.Header, .. Encoding.ASCII.GetBytes(lines.ToString())],
            }
        );
        Assert.All(outcomes, static o => Assert.NotEmpty(o.Reason));
    }

    [Fact]
    public async Task A_field_beyond_64_KiB_is_not_read()
    {
        var field = $"DKIM-Signature: v=1; h=from{string.Concat(Enumerable.Repeat(":x", 40_000))}\r\n";
        var outcome = Assert.Single(await BoundedAsync(Plain.Under(field)));
        Assert.Equal(DkimResult.Neutral, outcome.Result);
        Assert.Contains("65536", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_of_nothing_but_line_ends_holds_no_memory()
    {
        using var key = DkimKey.GenerateEd25519();
        _dns.Txt("s._domainkey.a.example", key.TxtRecord);
        var signed = Plain.SignedByHand(key, Tags + "; c=relaxed/relaxed; l=99999999999");
        var verification = new DkimVerifier(_dns, new TestClock()).Start(signed.Header);
        var chunk = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("\r\n", 32 * 1024)));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            verification.AppendBody(chunk);
        verification.AppendBody("x"u8);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024);
        var outcome = Assert.Single(await verification.CompleteAsync(TestContext.Current.CancellationToken));
        Assert.Contains("shorter than l=", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reasons_hold_a_strangers_text_without_its_teeth()
    {
        var field = $"DKIM-Signature: v=1; d=\u202e\u2028{new string('x', 5000)}; s=y\r\n";
        var outcome = Assert.Single(await BoundedAsync(Plain.Under(field)));
        Assert.InRange(outcome.Reason.Length, 1, 300);
        Assert.DoesNotContain(outcome.Reason, static c => char.IsControl(c) || c is '\u2028' or '\u202e');
    }

    private async Task<IReadOnlyList<DkimOutcome>> BoundedAsync(WireMessage message)
    {
        var clock = Stopwatch.StartNew();
        var outcomes = await message.VerifyAsync(new DkimVerifier(_dns, new TestClock()));
        // The same header with a chain that begins in it.
        var arc = await message.ValidateAsync(new ArcValidator(_dns, new TestClock()));
        Assert.Equal(ArcResult.None, arc.Result);
        // 10 s are the rule; a loaded machine takes its part.
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 10);
        return outcomes;
    }
}
