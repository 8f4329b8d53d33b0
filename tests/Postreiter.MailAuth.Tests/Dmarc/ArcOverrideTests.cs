using System.Text;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Dmarc;

namespace Postreiter.MailAuth.Tests.Dmarc;

public sealed class ArcOverrideTests
{
    private static DmarcOverride? Find(
        string results,
        string from = "ann@example.org",
        ArcResult result = ArcResult.Pass,
        params string[] sealers
    ) =>
        ArcOverride.Find(
            new ArcOutcome(
                result,
                2,
                sealers.Length > 0 ? sealers : ["list.example", "fwd.example"],
                "",
                [results, "x; none"],
                false
            ),
            static sealer => sealer is "list.example" or "fwd.example",
            DmarcAuthors.Read(Encoding.ASCII.GetBytes($"From: {from}\r\n")),
            PublicSuffixList.Shipped
        );

    [Theory]
    [InlineData("mx.list.example; dmarc=pass header.from=example.org")]
    [InlineData("mx.list.example; spf=fail smtp.mailfrom=x.example; dmarc=pass (p=none) header.from=EXAMPLE.org")]
    [InlineData("mx.list.example; spf=pass smtp.mailfrom=ann@bounce.example.org")]
    [InlineData("mx.list.example; dkim=fail header.d=x.example; dkim=pass header.d=mail.example.org")]
    [InlineData("mx.list.example; dkim=pass header.i=@example.org")]
    [InlineData("mx.list.example; dmarc=fail header.from=other.example; dkim=pass header.d=example.org")]
    public void What_speaks_for_the_author_is_a_reason(string results) =>
        Assert.Equal(
            new DmarcOverride(DmarcOverrideKind.LocalPolicy, "arc=pass, sealed by list.example, fwd.example"),
            Find(results)
        );

    [Theory]
    [InlineData("mx.list.example; none")]
    [InlineData("mx.list.example; dmarc=fail header.from=example.org; spf=pass smtp.mailfrom=example.org")]
    [InlineData("mx.list.example; dmarc=pass header.from=forger.example")]
    [InlineData("mx.list.example; dmarc=pass")]
    [InlineData("mx.list.example; spf=pass smtp.mailfrom=x@forger.example; dkim=pass header.d=forger.example")]
    [InlineData("mx.list.example; spf=pass smtp.helo=example.org")]
    [InlineData("mx.list.example; dkim=pass header.d=org")]
    [InlineData("mx.list.example dmarc=pass header.from=example.org")]
    public void A_pass_for_anything_else_is_none(string results) => Assert.Null(Find(results));

    [Fact]
    public void Every_author_has_to_be_vouched_for()
    {
        Assert.Null(Find("x; dmarc=pass header.from=example.org", "ann@example.org, bob@bank.example"));
        Assert.Null(Find("x; dmarc=pass header.from=example.org", "ann@example.org\r\nFrom: bob@bank.example"));
    }

    [Fact]
    public void Every_sealer_has_to_be_trusted()
    {
        Assert.Null(Find("x; dmarc=pass header.from=example.org", sealers: ["list.example", "stranger.example"]));
        Assert.Null(Find("x; dmarc=pass header.from=example.org", result: ArcResult.Fail));
    }
}
