using System.Text;
using Postreiter.Core;
using Postreiter.MailAuth.Dkim;
using Postreiter.Testing;

namespace Postreiter.MailAuth.Tests.Dkim;

public sealed class DkimSignerTests
{
    private const string Text = """
        From: Ann <ann@a.example>
        To: Bob <bob@b.example>
        Subject:  Two  spaces,
          and a fold
        Date: Thu, 1 Jan 2026 12:00:00 +0000

        First  line.

        Last line.

        """;

    private readonly FakeDns _dns = new();
    private readonly TestClock _clock = new();

    [Fact]
    public async Task Both_signatures_of_a_message_pass()
    {
        using var rsa = DkimKey.GenerateRsa();
        using var ed = DkimKey.GenerateEd25519();
        var message = WireMessage.From(Text).Signed(Signer(rsa, ed));

        var outcomes = await message.VerifyAsync(Verifier());

        Assert.Equal(["rsa-sha256", "ed25519-sha256"], outcomes.Select(static o => o.Algorithm));
        Assert.All(outcomes, static o => Assert.True(o.Result == DkimResult.Pass, o.ToString()));
        Assert.All(
            outcomes,
            static o => Assert.Equal(("a.example", "@a.example", false), (o.Domain, o.Identity, o.IsTesting))
        );
        Assert.Equal(["s0", "s1"], outcomes.Select(static o => o.Selector));
        Assert.All(outcomes, static o => Assert.Equal(8, o.SignatureStart.Length));
        Assert.Contains("2048-bit", outcomes[0].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_of_a_signature_are_short_and_ASCII()
    {
        using var rsa = DkimKey.GenerateRsa();
        var fields = Sign(rsa, Text);
        Assert.True(Ascii.IsValid(fields));
        Assert.EndsWith("\r\n", fields, StringComparison.Ordinal);
        var lines = fields.Split("\r\n")[..^1];
        Assert.All(lines, static line => Assert.InRange(line.Length, 1, 78));
        Assert.All(lines[1..], static line => Assert.StartsWith(" ", line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("From: Eve <eve@a.example>\r\n")]
    [InlineData("Subject: another\r\n")]
    [InlineData("Reply-To: eve@e.example\r\n")]
    [InlineData("Content-Type: text/html\r\n")]
    [InlineData("Cc: eve@e.example\r\n")]
    public async Task A_field_that_is_added_breaks_the_signature(string field)
    {
        using var rsa = DkimKey.GenerateRsa();
        var message = WireMessage.From(Text).Signed(Signer(rsa));
        Assert.Equal(DkimResult.Fail, (await message.Under(field).VerifyOneAsync(Verifier())).Result);
        var below = message with { Header = [.. message.Header, .. Encoding.ASCII.GetBytes(field)] };
        Assert.Equal(DkimResult.Fail, (await below.VerifyOneAsync(Verifier())).Result);
    }

    [Theory]
    [InlineData("Received: from a by b\r\n")]
    [InlineData("Sender: list@l.example\r\n")]
    [InlineData("List-Id: <l.example>\r\n")]
    [InlineData("Resent-From: ann@a.example\r\n")]
    public async Task A_field_that_others_may_add_does_not(string field)
    {
        using var rsa = DkimKey.GenerateRsa();
        var message = WireMessage.From(Text).Signed(Signer(rsa)).Under(field);
        Assert.Equal(DkimResult.Pass, (await message.VerifyOneAsync(Verifier())).Result);
    }

    [Fact]
    public async Task White_space_and_case_may_change()
    {
        using var ed = DkimKey.GenerateEd25519();
        var message = WireMessage.From(Text).Signed(Signer(ed));
        var header = message.HeaderText.Replace("Subject:  Two  spaces,\r\n  and", "SUBJECT: Two spaces, and");
        Assert.NotEqual(header, message.HeaderText);
        var body = Encoding.ASCII.GetBytes("First line. \t\r\n\r\nLast line.\r\n\r\n\r\n");
        var changed = new WireMessage(Encoding.ASCII.GetBytes(header), body);
        Assert.Equal(DkimResult.Pass, (await changed.VerifyOneAsync(Verifier())).Result);
    }

    [Fact]
    public async Task A_lifetime_ends()
    {
        using var ed = DkimKey.GenerateEd25519();
        var options = new DkimSigningOptions { Lifetime = TimeSpan.FromDays(7) };
        var message = WireMessage.From(Text).Signed(new DkimSigner(Keys(ed), _clock, options));
        _clock.Advance(TimeSpan.FromDays(7));
        Assert.Equal(DkimResult.Pass, (await message.VerifyOneAsync(Verifier())).Result);
        _clock.Advance(TimeSpan.FromMinutes(6));
        var outcome = await message.VerifyOneAsync(Verifier());
        Assert.Equal(DkimResult.PermError, outcome.Result);
        Assert.Contains("expired", outcome.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\r\n")]
    [InlineData("x")]
    [InlineData("x\r\n\r\n")]
    public async Task Bodies_of_every_kind_pass(string body)
    {
        using var ed = DkimKey.GenerateEd25519();
        var message = new WireMessage("From: a@a.example\r\n"u8.ToArray(), Encoding.ASCII.GetBytes(body));
        Assert.Equal(DkimResult.Pass, (await message.Signed(Signer(ed)).VerifyOneAsync(Verifier())).Result);
    }

    private string Sign(DkimKey key, string text)
    {
        var message = WireMessage.From(text);
        var signed = message.Signed(Signer(key)).HeaderText;
        return signed[..^message.HeaderText.Length];
    }

    private DkimVerifier Verifier() => new(_dns, _clock);

    private DkimSigner Signer(params DkimKey[] keys) => new(Keys(keys), _clock);

    private List<DkimSigningKey> Keys(params DkimKey[] keys)
    {
        var places = new List<DkimSigningKey>();
        for (var i = 0; i < keys.Length; i++)
        {
            _dns.Txt($"s{i}._domainkey.a.example", keys[i].TxtRecord);
            places.Add(new DkimSigningKey(DomainName.Parse("a.example"), $"s{i}", keys[i]));
        }

        return places;
    }
}
