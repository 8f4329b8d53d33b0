using Postreiter.Core;
using Postreiter.Delivery.Gate.Greylisting;

namespace Postreiter.Delivery.Tests.Gate;

/// <summary>What of a sender is compared.</summary>
public sealed class GreylistSenderTests
{
    [Theory]
    [InlineData("Ann.Lee@Client.Example", "ann.lee@client.example")]
    [InlineData("ann2@client.example", "ann2@client.example")]
    // VERP: serial numbers and hashes.
    [InlineData("list-return-123-bob=our.example@l.example", "list-return-#-bob=our.example@l.example")]
    [InlineData("list-return-98765-bob=our.example@l.example", "list-return-#-bob=our.example@l.example")]
    [InlineData("bounces+12345-ab12cd34-bob=our.example@em.example", "bounces+#-#-bob=our.example@em.example")]
    [InlineData("msg_20260102030405.7f3a9c@x.example", "msg_#.7f3a9c@x.example")]
    // BATV and its kin.
    [InlineData("prvs=5432abcdef=ann@client.example", "ann@client.example")]
    [InlineData("PRVS=1234567890=Ann@client.example", "ann@client.example")]
    [InlineData("btv1==4567890123a==ann@client.example", "ann@client.example")]
    [InlineData("msprvs1=17545abcdef=bounces-9@s.example", "bounces-#@s.example")]
    [InlineData("prvs=ann@client.example", "prvs=ann@client.example")]
    // SRS: hash and day change.
    [InlineData("SRS0=HHHH=TT=far.example=ann@fwd.example", "srs0=far.example=ann@fwd.example")]
    [InlineData("SRS0+abcd=9X=far.example=ann@fwd.example", "srs0=far.example=ann@fwd.example")]
    [InlineData(
        "SRS1=GGGG=fwd.example==HHHH=TT=far.example=ann@two.example",
        "srs1=fwd.example=far.example=ann@two.example"
    )]
    [InlineData("SRS0=@fwd.example", "srs0=@fwd.example")]
    [InlineData("srs1==@fwd.example", "srs1=@fwd.example")]
    [InlineData("\"a b\"@client.example", "a b@client.example")]
    public void It_is_normalised(string sender, string expected) =>
        Assert.Equal(expected, GreylistSender.Of(EmailAddress.Parse(sender)));

    [Fact]
    public void The_null_sender_is_empty() => Assert.Equal("", GreylistSender.Of(null));

    [Fact]
    public void No_local_part_makes_it_longer_than_its_room()
    {
        var random = new Random(4);
        const string letters = "srs01=+-_.9aZ#prv";
        for (var i = 0; i < 20_000; i++)
        {
            var local = new string([
                .. Enumerable.Range(0, random.Next(1, 65)).Select(_ => letters[random.Next(letters.Length)]),
            ]);
            if (!EmailAddress.TryParse($"\"{local}\"@d.example", out var address))
                continue;
            var once = GreylistSender.Of(address);
            Assert.InRange(once.Length, 1, GreylistSender.MaxLength);
        }
    }

    [Theory]
    [InlineData("postmaster@x.example", true)]
    [InlineData("MAILER-DAEMON@x.example", true)]
    [InlineData("double-bounce@x.example", true)]
    [InlineData("ann@x.example", false)]
    public void Callouts_are_known_by_their_sender(string sender, bool asks) =>
        Assert.Equal(asks, GreylistSender.AsksOnly(EmailAddress.Parse(sender)));
}
