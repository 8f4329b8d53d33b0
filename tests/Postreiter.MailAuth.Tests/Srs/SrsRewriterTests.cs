using System.Text;
using Microsoft.Extensions.Time.Testing;
using Postreiter.Core;
using Postreiter.MailAuth.Srs;

namespace Postreiter.MailAuth.Tests.Srs;

public sealed class SrsRewriterTests
{
    private static readonly ReadOnlyMemory<byte> Old = Encoding.ASCII.GetBytes("an old secret of 24 byte");
    private static readonly ReadOnlyMemory<byte> New = Encoding.ASCII.GetBytes("a new secret of 24 bytes");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 25, 12, 0, 0, TimeSpan.Zero));

    private SrsRewriter Site(string domain, params ReadOnlyMemory<byte>[] secrets) =>
        new(DomainName.Parse(domain), secrets.Length > 0 ? secrets : [Old], _time);

    private static EmailAddress Rewritten(SrsRewriter site, EmailAddress sender)
    {
        var result = site.Rewrite(sender);
        Assert.True(result.Status == SrsStatus.Done, result.Reason);
        // What we make we must be able to take: it is an address like others.
        Assert.True(EmailAddress.TryParse(result.Address.ToString(), out var again) && again == result.Address);
        return again;
    }

    [Theory]
    [InlineData("ann@example.org")]
    [InlineData("Ann.Other+tag=x@example.org")]
    [InlineData("\"a b@c\"@example.org")]
    [InlineData("d\u00f6rte@b\u00fccher.example")]
    [InlineData("ann@[192.0.2.1]")]
    [InlineData("ann@[IPv6:2001:db8::1]")]
    [InlineData("srs0x@example.org")]
    [InlineData("SRS1=x=no/domain==y@example.org")]
    public void A_bounce_finds_its_way_back(string text)
    {
        var sender = EmailAddress.Parse(text);
        var site = Site("fwd.example");

        var made = Rewritten(site, sender);

        Assert.StartsWith("SRS0=", made.LocalPart, StringComparison.Ordinal);
        Assert.Equal("fwd.example", made.Domain.Ascii);
        var back = site.Reverse(made);
        Assert.Equal((SrsStatus.Done, sender.ToString()), (back.Status, back.Address.ToString()));
    }

    [Fact]
    public void A_second_and_a_third_forwarder_point_to_the_first()
    {
        var (first, second, third) = (Site("one.example"), Site("two.example", New), Site("three.example", Old, New));
        var sender = EmailAddress.Parse("ann@example.org");

        var one = Rewritten(first, sender);
        var two = Rewritten(second, one);
        var three = Rewritten(third, two);

        Assert.StartsWith("SRS1=", two.LocalPart, StringComparison.Ordinal);
        Assert.Contains("=one.example==", three.LocalPart, StringComparison.Ordinal);
        Assert.DoesNotContain("two.example", three.LocalPart, StringComparison.Ordinal);
        Assert.Equal(one.ToString(), second.Reverse(two).Address.ToString());
        Assert.Equal(one.ToString(), third.Reverse(three).Address.ToString());
        Assert.Equal(sender, first.Reverse(third.Reverse(three).Address).Address);
    }

    [Theory]
    [InlineData("SRS0+abcd=de=example.org=ann@one.example")]
    [InlineData("srs0-abcd=de=example.org=ann@one.example")]
    public void The_separator_of_another_forwarder_is_kept(string text)
    {
        var theirs = EmailAddress.Parse(text);
        var site = Site("fwd.example");

        var back = site.Reverse(Rewritten(site, theirs));

        Assert.Equal((SrsStatus.Done, theirs), (back.Status, back.Address));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_address_whose_case_was_folded_is_still_good(bool toLower)
    {
        var site = Site("fwd.example");
        foreach (var text in new[] { "Ann@example.org", "SRS0=AbCd=EF=example.org=Ann@one.example" })
        {
            var made = Rewritten(site, EmailAddress.Parse(text));
            var local = toLower ? made.LocalPart.ToLowerInvariant() : made.LocalPart.ToUpperInvariant();

            var back = site.Reverse(made.WithLocalPart(local));

            Assert.Equal((SrsStatus.Done, EmailAddress.Parse(text)), (back.Status, back.Address));
        }
    }

    [Fact]
    public void Secrets_rotate_and_what_the_old_one_made_stays_good_until_it_goes()
    {
        var made = Rewritten(Site("fwd.example", Old), EmailAddress.Parse("ann@example.org"));

        Assert.Equal(SrsStatus.Done, Site("fwd.example", New, Old).Reverse(made).Status);
        Assert.Equal(SrsStatus.Forged, Site("fwd.example", New).Reverse(made).Status);
        Assert.NotEqual(
            made.LocalPart,
            Rewritten(Site("fwd.example", New, Old), EmailAddress.Parse("ann@example.org")).LocalPart
        );
    }

    [Fact]
    public void After_thirty_days_it_is_over()
    {
        var site = Site("fwd.example");
        var made = Rewritten(site, EmailAddress.Parse("ann@example.org"));

        _time.Advance(TimeSpan.FromDays(30));
        Assert.Equal(SrsStatus.Done, site.Reverse(made).Status);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(SrsStatus.Expired, site.Reverse(made).Status);
        // The days come round after 1,024; the year 2000 is as good as 2026.
        _time.Advance(TimeSpan.FromDays(900));
        Assert.Equal(SrsStatus.Expired, site.Reverse(made).Status);
    }

    [Fact]
    public void A_clock_a_day_behind_takes_it_too()
    {
        var made = Rewritten(Site("fwd.example"), EmailAddress.Parse("ann@example.org"));
        var behind = new FakeTimeProvider(_time.GetUtcNow().AddHours(-13));

        Assert.Equal(
            SrsStatus.Done,
            new SrsRewriter(DomainName.Parse("fwd.example"), [Old], behind).Reverse(made).Status
        );
    }

    [Fact]
    public void Any_changed_character_is_a_forgery_or_no_address()
    {
        var site = Site("fwd.example");
        foreach (var text in new[] { "ann@example.org", "SRS0=abcd=EF=example.org=ann@one.example" })
        {
            var made = Rewritten(site, EmailAddress.Parse(text));
            for (var i = 5; i < made.LocalPart.Length; i++)
            {
                foreach (var c in "=-.x7")
                {
                    var changed = made.LocalPart[..i] + c + made.LocalPart[(i + 1)..];
                    if (changed.Equals(made.LocalPart, StringComparison.OrdinalIgnoreCase))
                        continue;
                    var back = site.Reverse(made.WithLocalPart(changed));
                    Assert.True(back.Status is SrsStatus.Forged or SrsStatus.Malformed, $"{changed}: {back}");
                    Assert.True(back.Address.IsEmpty);
                }
            }
        }
    }

    [Theory]
    [InlineData("ann", SrsStatus.NotSrs)]
    [InlineData("SRS0", SrsStatus.NotSrs)]
    [InlineData("SRS0=", SrsStatus.NotSrs)]
    [InlineData("SRS2=x=y=z=a", SrsStatus.NotSrs)]
    [InlineData("SRS0=x", SrsStatus.Malformed)]
    [InlineData("SRS0==x=y", SrsStatus.Malformed)]
    [InlineData("SRS0=AAAAAA=AA=example.org=ann", SrsStatus.Forged)]
    [InlineData("SRS0=A=AA=example.org=ann", SrsStatus.Forged)]
    [InlineData("SRS1=AAAAAA=example.org==AAAAAA=AA=x.example=ann", SrsStatus.Forged)]
    [InlineData("SRS1=AAAAAA=example.org=x", SrsStatus.Malformed)]
    [InlineData("SRS1=AAAAAA=example.org", SrsStatus.Malformed)]
    [InlineData("SRS1=x", SrsStatus.Malformed)]
    public void What_is_not_ours_is_told_apart(string local, SrsStatus expected)
    {
        var result = Site("fwd.example").Reverse(EmailAddress.Parse(local + "@fwd.example"));

        Assert.Equal(expected, result.Status);
        Assert.Equal(expected != SrsStatus.NotSrs, SrsRewriter.IsSrs(local));
    }

    [Fact]
    public void L5_A_sender_too_long_for_it_is_told_and_the_longest_fits()
    {
        var site = Site("fwd.example");
        // "SRS0=hhhhhh=dd=example.org=" has 27 characters.
        Assert.Equal(64, Rewritten(site, EmailAddress.Parse(new string('a', 37) + "@example.org")).LocalPart.Length);
        Assert.Equal(SrsStatus.TooLong, site.Rewrite(EmailAddress.Parse(new string('a', 38) + "@example.org")).Status);
        Assert.Equal(
            SrsStatus.TooLong,
            site.Rewrite(EmailAddress.Parse(new string('\u00e4', 19) + "@example.org")).Status
        );
    }

    [Fact]
    public void Our_own_addresses_stay()
    {
        var own = EmailAddress.Parse("SRS0=x@fwd.example");

        Assert.Equal(
            (SrsStatus.Done, own),
            (Site("fwd.example").Rewrite(own).Status, Site("fwd.example").Rewrite(own).Address)
        );
    }

    [Fact]
    public void A_short_secret_is_refused() =>
        Assert.ThrowsAny<ArgumentException>(() => Site("fwd.example", new byte[15]));
}
