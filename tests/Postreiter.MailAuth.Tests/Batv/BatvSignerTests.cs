using Postreiter.Core;
using Postreiter.MailAuth.Batv;
using Postreiter.Testing;

namespace Postreiter.MailAuth.Tests.Batv;

/// <summary>Senders with a tag: what is made is good for its days, and nothing else is.</summary>
public sealed class BatvSignerTests
{
    private static readonly byte[] Secret = [.. Enumerable.Range(0, 32).Select(static i => (byte)i)];
    private readonly TestClock _clock = new();

    private BatvSigner Signer(params byte[][] secrets) =>
        new([.. secrets.DefaultIfEmpty(Secret).Select(static s => (ReadOnlyMemory<byte>)s)], _clock);

    private static EmailAddress Address(string text) => EmailAddress.Parse(text);

    [Theory]
    [InlineData("ann@our.example")]
    [InlineData("ann+shop@our.example")]
    [InlineData("\"a b\"@our.example")]
    [InlineData("grüße@our.example")]
    [InlineData("prvs@our.example")]
    public void A_tag_goes_round_whatever_case_it_comes_back_in(string sender)
    {
        var made = Signer().Sign(Address(sender), 14);
        Assert.Matches("^prvs=0[0-9]{3}[0-9a-f]{6}=", made.LocalPart);
        foreach (var back in new[] { made, made.WithLocalPart(made.LocalPart.ToUpperInvariant()) })
        {
            Assert.Equal(BatvStatus.Valid, Signer().Check(back));
            Assert.True(BatvSigner.TryStrip(back, out var plain));
            Assert.Equal(Address(sender).Key, plain.Key);
        }

        Assert.True(EmailAddress.TryParse(made.ToString(), out var read) && read == made);
    }

    // 2026-01-01 is day 20,454: its tag of 14 days is over after day 468.
    [Fact]
    public void The_form_is_that_of_the_draft() =>
        Assert.Equal(
            "prvs=0468" + Signer().Sign(Address("ann@our.example"), 14).LocalPart[9..15] + "=ann@our.example",
            Signer().Sign(Address("ann@our.example"), 14).ToString()
        );

    [Theory]
    [InlineData(0, BatvStatus.Valid)]
    [InlineData(14, BatvStatus.Valid)]
    [InlineData(15, BatvStatus.Expired)]
    [InlineData(300, BatvStatus.Expired)]
    [InlineData(700, BatvStatus.Expired)]
    public void It_is_good_for_its_days(int later, BatvStatus status)
    {
        _clock.Advance(TimeSpan.FromDays(545));
        // Day 999 is followed by day 0.
        var made = Signer().Sign(Address("ann@our.example"), 14);
        _clock.Advance(TimeSpan.FromDays(later));
        Assert.Equal(status, Signer().Check(made));
    }

    [Theory]
    [InlineData("ann@our.example", BatvStatus.None)]
    [InlineData("prvs=ann@our.example", BatvStatus.None)]
    [InlineData("prvs=0468ABCDEF=@our.example", BatvStatus.None)]
    [InlineData("prvs=x468abcdef=ann@our.example", BatvStatus.None)]
    [InlineData("prvs=0468abcdeg=ann@our.example", BatvStatus.None)]
    [InlineData("prvs=0468abcdef-ann@our.example", BatvStatus.None)]
    [InlineData("prvs=0468abcdef=ann@our.example", BatvStatus.Forged)]
    public void What_others_make_up_is_known(string recipient, BatvStatus status) =>
        Assert.Equal(status, Signer().Check(Address(recipient)));

    [Fact]
    public void A_tag_belongs_to_its_address_its_days_and_its_secret()
    {
        var made = Signer().Sign(Address("ann@our.example"), 14);
        Assert.Equal(BatvStatus.Forged, Signer().Check(made.WithLocalPart(made.LocalPart[..^3] + "bob")));
        Assert.Equal(BatvStatus.Forged, Signer().Check(made.At(DomainName.Parse("also.example"))));
        Assert.Equal(
            BatvStatus.Forged,
            Signer().Check(made.WithLocalPart(made.LocalPart.Replace("=0468", "=0469", StringComparison.Ordinal)))
        );
        byte[] next = [.. Secret.Reverse()];
        Assert.Equal(BatvStatus.Forged, Signer(next).Check(made));
        // After a rotation the old one is good still.
        Assert.Equal(BatvStatus.Valid, Signer(next, Secret).Check(made));
        Assert.NotEqual(made, Signer(next, Secret).Sign(Address("ann@our.example"), 14));
    }

    [Fact]
    public void L5_there_is_room_for_48_octets()
    {
        Assert.True(BatvSigner.HasRoom(Address(new string('a', 48) + "@our.example")));
        Assert.False(BatvSigner.HasRoom(Address(new string('a', 49) + "@our.example")));
        Assert.False(BatvSigner.HasRoom(Address(new string('ü', 25) + "@our.example")));
        Assert.Equal(64, Signer().Sign(Address(new string('a', 48) + "@our.example"), 1).LocalPart.Length);
    }
}
