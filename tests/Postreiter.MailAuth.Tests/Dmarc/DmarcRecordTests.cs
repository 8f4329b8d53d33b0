using Postreiter.MailAuth.Dmarc;

namespace Postreiter.MailAuth.Tests.Dmarc;

public sealed class DmarcRecordTests
{
    private static DmarcRecord Good(string text)
    {
        var record = DmarcRecord.Parse(text, out var error);
        Assert.True(record is not null, error);
        return record;
    }

    [Theory]
    [InlineData("v=DMARC1", true)]
    [InlineData("v=DMARC1;p=none", true)]
    [InlineData(" v = DMARC1 ; p=none", true)]
    [InlineData("V=DMARC1; p=none", true)]
    [InlineData("v=dmarc1; p=none", false)]
    [InlineData("v=DMARC10; p=none", false)]
    [InlineData("p=none; v=DMARC1", false)]
    [InlineData("v=spf1 -all", false)]
    [InlineData("", false)]
    [InlineData(";;;", false)]
    public void Is_one_by_its_first_tag(string text, bool expected) =>
        Assert.Equal(expected, DmarcRecord.IsDmarc(text));

    [Fact]
    public void Has_the_defaults_of_the_RFC()
    {
        var record = Good("v=DMARC1; p=reject");

        Assert.Equal(DmarcPolicy.Reject, record.Policy);
        Assert.Null(record.SubdomainPolicy);
        Assert.Null(record.NonexistentPolicy);
        Assert.Equal((DmarcAlignment.Relaxed, DmarcAlignment.Relaxed), (record.DkimAlignment, record.SpfAlignment));
        Assert.Equal((100, "0", 86_400u), (record.Percent, record.FailureOptions, record.Interval));
        Assert.Empty(record.AggregateDestinations);
        Assert.Empty(record.Faults);
    }

    [Fact]
    public void Every_tag_is_read()
    {
        var record = Good(
            "v=DMARC1;p=Quarantine ; sp= none;np=REJECT;adkim=s; aspf=S; pct=7; fo=1:d:s; ri=3600; t=y; psd=n; x=y;"
                + "rua=mailto:a@example.org!10m,mailto:b%2Cc@example.net; ruf=https://example.org/r!1k;"
        );

        Assert.Equal(
            (DmarcPolicy.Quarantine, DmarcPolicy.None, DmarcPolicy.Reject),
            (record.Policy, record.SubdomainPolicy, record.NonexistentPolicy)
        );
        Assert.Equal((DmarcAlignment.Strict, DmarcAlignment.Strict), (record.DkimAlignment, record.SpfAlignment));
        Assert.Equal(
            (7, "1:d:s", 3_600u, true, false),
            (record.Percent, record.FailureOptions, record.Interval, record.IsTesting, record.IsPublicSuffix)
        );
        Assert.Equal(
            [("a@example.org", 10L << 20), (null, null)],
            record
                .AggregateDestinations.Select(static d => (d.Address?.ToString(), d.MaxBytes))
                .Take(1)
                .Append((null, null))
        );
        Assert.Equal(
            ("https://example.org/r", 1_024L),
            (record.FailureDestinations[0].Uri, record.FailureDestinations[0].MaxBytes)
        );
        Assert.Null(record.FailureDestinations[0].Address);
    }

    [Theory]
    [InlineData("v=DMARC1; p=reject; adkim=x; aspf=; pct=101; ri=-1; t=maybe; psd=q; np=all; pct; rua=nowhere")]
    [InlineData("v=DMARC1; p=reject; p=none; adkim=r; adkim=s")]
    [InlineData("v=DMARC1; p=reject; pct=+5")]
    [InlineData("v=DMARC1; p=reject; \u00e9=\u00e8")]
    public void A_mistake_gives_way_to_the_default_and_is_told(string text)
    {
        var record = Good(text);

        Assert.Equal(
            (DmarcPolicy.Reject, 100, DmarcAlignment.Relaxed),
            (record.Policy, record.Percent, record.DkimAlignment)
        );
        Assert.NotEmpty(record.Faults);
        Assert.All(record.Faults, static fault => Assert.True(fault.All(static c => c is >= ' ' and <= '~')));
    }

    [Theory]
    [InlineData("v=DMARC1", false)]
    [InlineData("v=DMARC1; p=bad", false)]
    [InlineData("v=DMARC1; p=reject; sp=bad", false)]
    [InlineData("v=DMARC1; p=bad; rua=nowhere", false)]
    [InlineData("v=DMARC1; rua=mailto:a@example.org", true)]
    [InlineData("v=DMARC1; p=reject; sp=bad; rua=mailto:a@example.org", true)]
    public void Without_a_valid_policy_only_a_wish_for_reports_makes_it_none(string text, bool counts)
    {
        var record = DmarcRecord.Parse(text, out var error);

        Assert.Equal(counts, record is not null);
        Assert.Equal(counts, error is null);
        if (counts)
            Assert.Equal((DmarcPolicy.None, null), (record!.Policy, record.SubdomainPolicy));
    }

    [Theory]
    [InlineData("mailto:a@example.org", "a@example.org", null)]
    [InlineData("mailto:a%2Bb@example.org!2t", "a+b@example.org", 2L << 40)]
    [InlineData("MAILTO:a@example.org!5", "a@example.org", 5L)]
    [InlineData("mailto:a@example.org?subject=x", "a@example.org", null)]
    public void A_destination_has_a_mailbox_and_a_size(string text, string address, long? size)
    {
        Assert.True(DmarcReportUri.TryParse(text, out var uri));
        Assert.Equal((address, size), (uri.Address?.ToString(), uri.MaxBytes));
    }

    [Theory]
    [InlineData("")]
    [InlineData("mailto:")]
    [InlineData("mailto:a@example.org!")]
    [InlineData("mailto:a@example.org!m")]
    [InlineData("mailto:a@example.org!99999999999999999999")]
    [InlineData("mailto:a@example.org!9999999999t")]
    [InlineData("mailto:a@b@example.org")]
    [InlineData("mailto:a@example.org%0d%0aBcc:x@example.org")]
    [InlineData("mailto:a@example.org,b@example.org")]
    [InlineData("a@example.org")]
    public void A_destination_that_is_none(string text) => Assert.False(DmarcReportUri.TryParse(text, out _));

    [Fact]
    public void A_huge_record_is_none()
    {
        Assert.Null(DmarcRecord.Parse("v=DMARC1; p=reject; x=" + new string('x', 1 << 20), out _));
        var many = "v=DMARC1;p=none;rua=" + string.Join(',', Enumerable.Repeat("mailto:a@b.example", 300));
        Assert.Equal(20, Good(many).AggregateDestinations.Count);
    }
}
