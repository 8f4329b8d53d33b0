using Postreiter.Spam.Mail;
using Postreiter.Spam.Mail.Received;
using Postreiter.Testing;

namespace Postreiter.Spam.Tests.Mail.Received;

public sealed class ReceivedLineTests
{
    private static readonly string File = Path.Combine(
        TestData.Root,
        "tests/Postreiter.Spam.Tests/Mail/Received/lines.tsv"
    );

    public static TheoryData<string, string> Lines()
    {
        var lines = new TheoryData<string, string>();
        foreach (var line in System.IO.File.ReadLines(File).Where(static line => !line.StartsWith('#')))
            lines.Add(line.Split('\t')[0], line.Split('\t')[1]);
        return lines;
    }

    /// <summary>One line for each format. The relays are what SpamAssassin 4.0.1 reads from the same lines.</summary>
    [Theory]
    [MemberData(nameof(Lines))]
    public void Format(string line, string expected) => Assert.Equal(expected, Describe(line));

    [Theory]
    [MemberData(nameof(Lines))]
    public void A_line_cut_anywhere_is_read_within_its_steps(string line, string expected)
    {
        Assert.NotEmpty(expected);
        for (var length = 0; length < line.Length; length++)
            Assert.NotEmpty(Describe(line[..length]));
    }

    [Theory]
    [InlineData("from a (b [192.0.2.1]", " authenticated", ")")]
    [InlineData("from ", "([192.0.2.1]) (", ") by")]
    [InlineData("from a ", "[1.2.3.4](", " by x")]
    [InlineData("from a ([192.0.2.1] helo=", ") by ", "")]
    [InlineData("from a (HELO ", "(1.2.3.4) (", "by x with SMTP")]
    public void A_hostile_line_costs_no_more_than_its_budget(string start, string middle, string end)
    {
        var text = start + string.Concat(Enumerable.Repeat(middle, 8000 / middle.Length)) + end;
        var line = new ReceivedLine(text[5..]);
        _ = ReceivedAuthentication.Method(line);
        _ = NamedServerFormats.Read(line);
        _ = GeneralFormats.Read(line);
        Assert.InRange(line.Steps, 1, ReceivedLine.MaxSteps + (2 * text.Length));
    }

    [Theory]
    [InlineData("Received: from a (a.example [192.0.2.1]) by b (Postfix) with SMTP id x1y2\n", "192.0.2.1", "", 0)]
    [InlineData("Received: from a (a.example [127.0.0.1]) by b (Postfix) with SMTP id x1y2\n", "", "127.0.0.1", 0)]
    [InlineData("Received: from a (a.example [192.0.2.1]) by b (Postfix) with ESMTPSA id x1y2\n", "", "192.0.2.1", 0)]
    [InlineData("Received: from what is this\nReceived: from and this\n", "", "", 2)]
    [InlineData("X-Originating-IP: [192.0.2.7]\n", "192.0.2.7", "", 0)]
    public void Trust_ends_at_the_first_stranger(string header, string untrusted, string trusted, int unparseable)
    {
        var trail = SampleMail.Parse(header + "\n").Received;
        Assert.Equal(untrusted, string.Join(',', trail.Untrusted.Select(static relay => relay.Ip)));
        Assert.Equal(trusted, string.Join(',', trail.Trusted.Select(static relay => relay.Ip)));
        Assert.Equal(untrusted, string.Join(',', trail.External.Select(static relay => relay.Ip)));
        Assert.Equal(unparseable, trail.Unparseable);
    }

    private const string Way =
        "Received: from c (c [192.0.2.1]) by d (Postfix) with SMTP id d1d1\n"
        + "X-Between: 1\n"
        + "Received: from b (b [198.51.100.1]) by c (Postfix) with SMTP id c1c1\n"
        + "Received: from a (a [203.0.113.1]) by b (Postfix) with SMTP id b1b1\n"
        + "From: x\n\n";

    [Fact]
    public void Trusted_and_internal_networks_are_two_borders()
    {
        var site = new SpamMailOptions
        {
            TrustedNetworks = NetworkSet.WithLoopback("192.0.2.0/24", "198.51.100.0/24"),
            InternalNetworks = NetworkSet.WithLoopback("192.0.2.0/24"),
        };
        var mail = SampleMail.Parse(Way, site);
        Assert.Equal(["192.0.2.1", "198.51.100.1"], mail.Received.Trusted.Select(static relay => relay.Ip));
        Assert.Equal(["192.0.2.1"], mail.Received.Internal.Select(static relay => relay.Ip));
        Assert.Equal(["203.0.113.1"], mail.Received.Untrusted.Select(static relay => relay.Ip));
        Assert.StartsWith("[ ip=203.0.113.1 ", mail.Header("X-Spam-Relays-Untrusted"), StringComparison.Ordinal);
        Assert.Contains(" intl=1 ", mail.Header("X-Spam-Relays-Internal"), StringComparison.Ordinal);
        // The Received field of the first stranger was written by one who is trusted.
        Assert.EndsWith("id b1b1\n", mail.Header("ALL-TRUSTED"), StringComparison.Ordinal);
        Assert.StartsWith("Received: from a ", mail.Header("ALL-UNTRUSTED"), StringComparison.Ordinal);
        Assert.StartsWith("Received: from b ", mail.Header("ALL-EXTERNAL"), StringComparison.Ordinal);
        Assert.Contains("X-Between: 1\n", mail.Header("ALL-INTERNAL", HeaderForm.Raw), StringComparison.Ordinal);
    }

    [Fact]
    public void One_missing_list_is_the_other()
    {
        var mail = SampleMail.Parse(
            Way,
            new SpamMailOptions { InternalNetworks = NetworkSet.WithLoopback("192.0.2.1") }
        );
        Assert.Equal(mail.Received.Internal, mail.Received.Trusted);
        Assert.Single(mail.Received.Internal);
    }

    [Fact]
    public void Behind_a_submission_server_everything_is_trusted()
    {
        var site = new SpamMailOptions
        {
            TrustedNetworks = NetworkSet.WithLoopback("192.0.2.1"),
            MsaNetworks = NetworkSet.Parse(["192.0.2.1"], out _),
        };
        var trail = SampleMail.Parse(Way, site).Received;
        Assert.Equal(3, trail.Trusted.Count);
        Assert.True(trail.Trusted[0].Msa);
        Assert.Empty(trail.Untrusted);
    }

    [Fact]
    public void Without_any_list_private_addresses_are_ours()
    {
        var trail = SampleMail
            .Parse(
                "Received: from b (b [10.0.0.1]) by c (Postfix) with SMTP id c1c1\n"
                    + "Received: from a (a [203.0.113.1]) by b (Postfix) with SMTP id b1b1\n\n",
                new SpamMailOptions()
            )
            .Received;
        Assert.Equal("10.0.0.1", Assert.Single(trail.Internal).Ip);
        Assert.Equal("203.0.113.1", Assert.Single(trail.External).Ip);
    }

    [Fact]
    public void A_fetcher_starts_the_way_anew()
    {
        var trail = SampleMail
            .Parse(
                "Received: from x (x [127.0.0.1]) by y (Postfix) with SMTP id c1c1\n"
                    + "Received: from pop [127.0.0.1] by x with IMAP (fetchmail-6.4)\n"
                    + "Received: from a (a [203.0.113.1]) by b (Postfix) with SMTP id b1b1\n\n"
            )
            .Received;
        Assert.Empty(trail.Trusted);
        Assert.Equal("203.0.113.1", Assert.Single(trail.Untrusted).Ip);
    }

    private static string Describe(string line)
    {
        var reading = ReceivedParser.Read(line, out var relay, out var sender);
        if (reading == Reading.Other)
            return "UNPARSEABLE";
        return relay is not null ? relay.ToString()
            : string.IsNullOrEmpty(sender) ? "IGNORE"
            : $"IGNORE {sender}";
    }
}
