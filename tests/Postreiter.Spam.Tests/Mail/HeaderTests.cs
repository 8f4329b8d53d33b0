using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Tests.Mail;

public sealed class HeaderTests
{
    [Theory]
    [InlineData("Subject: one\n\tline\n\n", "one line\n")]
    [InlineData("Subject:  =?utf-8?q?caf=C3=A9?= \n\n", "caf\xC3\xA9\n")]
    // Blanks between encoded words are no text, and a character may be cut between two of them.
    [InlineData("Subject: =?utf-8?b?Y2Fmww==?= =?utf-8?b?qQ==?= ok\n\n", "caf\xC3\xA9 ok\n")]
    [InlineData("Subject: =?iso-8859-1?q?=E9_=93x=94?=\n\n", "\xC3\xA9 \xE2\x80\x9Cx\xE2\x80\x9D\n")]
    [InlineData("Subject: =?utf-8*en?q?x=FFy?=\n\n", "x\xEF\xBF\xBDy\n")]
    [InlineData("Subject: =?us-ascii?x?no?= =?us-ascii?q?n?o?=\n\n", "=?us-ascii?x?no?= =?us-ascii?q?n?o?=\n")]
    // Raw 8-bit text: UTF-8 stays, other text is Windows-1252.
    [InlineData("Subject: caf\xC3\xA9\n\n", "caf\xC3\xA9\n")]
    [InlineData("Subject: caf\xE9\n\n", "caf\xC3\xA9\n")]
    [InlineData("Subject: =?x-nothing?q?a=E9?=\n\n", "a\xC3\xA9\n")]
    public void A_value_is_unfolded_trimmed_and_decoded(string header, string value) =>
        Assert.Equal(value, SampleMail.Parse(header).Header("subject"));

    [Theory]
    [InlineData("Message-Id")]
    [InlineData("References")]
    [InlineData("List-Id")]
    [InlineData("Received")]
    public void Ids_and_traces_have_no_encoded_words(string name) =>
        Assert.Equal("=?utf-8?q?a?=\n", SampleMail.Parse($"{name}: =?utf-8?q?a?=\n\n").Header(name));

    [Fact]
    public void Raw_is_folded_and_keeps_the_blank_behind_the_colon() =>
        Assert.Equal(
            " =?utf-8?q?a?=\n b\n",
            SampleMail.Parse("Subject: =?utf-8?q?a?=\n b\n\n").Header("Subject", HeaderForm.Raw)
        );

    [Fact]
    public void A_missing_header_is_null_and_several_are_joined()
    {
        var mail = SampleMail.Parse("X-A: 1\nx-a: 2\n\n");
        Assert.Null(mail.Header("X-B"));
        Assert.Equal("1\n2\n", mail.Header("X-A"));
        Assert.Equal("1\n", mail.Header("X-A", HeaderForm.First));
        Assert.Equal("2\n", mail.Header("X-A", HeaderForm.Last));
        Assert.Equal([" 1\n", " 2\n"], mail.HeaderValues("X-A", raw: true));
    }

    [Fact]
    public void ALL_is_the_whole_header_without_what_scanners_wrote()
    {
        var mail = SampleMail.Parse("From x@y Mon Jan  1 00:00:00 2024\nA: 1\nX-Spam-Flag: YES\nB: 2\n  3\n\nbody\n");
        Assert.Equal("A: 1\nB: 2 3\n", mail.Header("ALL"));
        Assert.Equal("A: 1\nX-Spam-Flag: YES\nB: 2\n  3\n", mail.Header("ALL", HeaderForm.Raw));
        Assert.Equal("From x@y Mon Jan  1 00:00:00 2024\n", mail.MboxSeparator);
        Assert.Equal("A: 1\nX-Spam-Flag: YES\nB: 2\n  3\n\nbody\n", mail.Full);
    }

    [Fact]
    public void ALL_ends_at_64_KiB()
    {
        var many = string.Concat(Enumerable.Range(0, 20).Select(static i => $"X-{i:00}: {new string('a', 5000)}\n"));
        var mail = SampleMail.Parse(many + "\n");
        Assert.Equal(13, mail.HeaderValues("ALL").Count);
        Assert.True(mail.Flags.HasFlag(SpamMailFlags.TruncatedHeader));
    }

    [Fact]
    public void Names_and_values_are_cut()
    {
        var mail = SampleMail.Parse($"{new string('n', 300)}: x\nB: {new string('v', 9000)}\n\n");
        Assert.Equal("x\n", mail.Header(new string('n', 256)));
        Assert.Equal(8192, mail.Header("B", HeaderForm.Raw)!.Length);
        Assert.True(mail.Flags.HasFlag(SpamMailFlags.TruncatedHeader));
    }

    [Theory]
    [InlineData("A: 1\n\nbody", "body", SpamMailFlags.None)]
    [InlineData("A: 1\n--x\nbody", "--x\nbody", SpamMailFlags.MissingHeadBodySeparator)]
    [InlineData("A: 1\nno\nfields\nhere\nat all\n", "at all\n", SpamMailFlags.MissingHeadBodySeparator)]
    [InlineData("A: 1", "", SpamMailFlags.MissingHeadBodySeparator)]
    [InlineData("", "", SpamMailFlags.None)]
    [InlineData("\nbody", "body", SpamMailFlags.None)]
    public void The_body_begins_where_the_header_ends(string text, string body, SpamMailFlags flags)
    {
        var mail = SampleMail.Parse(text);
        Assert.Equal(body, mail.PristineBody.ToString());
        Assert.Equal(flags, mail.Flags);
    }

    [Fact]
    public void Bare_line_feeds_in_the_header_of_a_CRLF_mail_are_repaired()
    {
        var mail = SampleMail.Parse("A: 1\r\nB: 2\n c\r\n\r\nx\ny\r\n");
        Assert.True(mail.IsCrLf);
        Assert.Equal("2 c\n", mail.Header("B"));
        Assert.Equal("A: 1\r\nB: 2\r\n c\r\n\r\nx\ny\r\n", mail.Full);
    }

    [Theory]
    [InlineData("\"Ann (x)\" <ann@a.example>, bob@b.example (Bob)", "ann@a.example|bob@b.example", "Ann (x)|Bob")]
    [InlineData("=?utf-8?q?J=C3=B6?= <j@x.example>", "j@x.example", "J\xC3\xB6")]
    [InlineData("'Quoted' <q@x.example>", "q@x.example", "Quoted")]
    [InlineData("Friends: a@x.example, b@x.example;", "a@x.example|b@x.example", "")]
    [InlineData("undisclosed-recipients:;", "", "")]
    [InlineData("\"me@x.example\"", "me@x.example", "")]
    [InlineData("<>", "", "")]
    [InlineData(", a@x.example (A)", "a@x.example", " |A")]
    [InlineData("a@x.example, , b@x.example", "a@x.example|b@x.example", " ")]
    [InlineData("a@b@c.example", "a@b", "")]
    [InlineData("Name <a b@x.example>", "", "Name")]
    [InlineData("Name <a@x.example> <a@x.example>", "a@x.example", "Name")]
    [InlineData("=?UTF-8?Q?\"Foo\"_<no@x.example>?=", "no@x.example", "")]
    [InlineData("\"open <a@x.example>", "a@x.example", "")]
    [InlineData("user@[192.0.2.1]", "user@[192.0.2.1]", "")]
    public void Addresses_and_names_are_found(string value, string addresses, string names)
    {
        var mail = SampleMail.Parse($"To: {value}\n\n");
        Assert.Equal(addresses, string.Join('|', mail.HeaderValues("To", HeaderForm.Address)));
        Assert.Equal(names, string.Join('|', mail.HeaderValues("To", HeaderForm.Name)));
    }

    [Fact]
    public void Pseudo_headers_are_made_of_several()
    {
        var mail = SampleMail.Parse("Cc: c\nTo: a\nTo: b\nMessage-ID: <1@x>\nResent-Message-Id: <2@x>\n\n");
        Assert.Equal("a\nb\nc\n", mail.Header("ToCc"));
        Assert.Equal("<2@x>\n<1@x>\n", mail.Header("MESSAGEID"));
        Assert.Null(mail.Header("messageid"));
    }

    [Theory]
    [InlineData("X-A: see 192.0.2.7, ok", "192.0.2.7", "7.2.0.192")]
    [InlineData("X-A: [2001:db8::1]", "2001:db8::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2")]
    [InlineData("X-A: 1.2.3.4.5", null, null)]
    public void Addresses_of_hosts_are_found(string header, string? ip, string? reversed)
    {
        var mail = SampleMail.Parse(header + "\n\n");
        Assert.Equal(ip, mail.Header("X-A", HeaderForm.Ip));
        Assert.Equal(reversed, mail.Header("X-A", HeaderForm.ReverseIp));
    }

    [Fact]
    public void Metadata_is_a_header_unless_the_mail_has_one()
    {
        var mail = SampleMail.Parse("X-Two: mail\n\n");
        Assert.Null(mail.Header("X-Languages"));
        mail.SetMetadata("X-Languages", "en de");
        mail.SetMetadata("X-Two", "mine");
        Assert.Equal("en de", mail.Header("x-languages"));
        Assert.Equal("mail\n", mail.Header("X-Two"));
    }

    [Fact]
    public void What_is_over_the_scan_size_is_as_if_it_had_not_come()
    {
        var mail = SampleMail.Parse("A: 1\n\n0123456789", SampleMail.Site with { MaxScanSize = 10 });
        Assert.Equal("0123", mail.PristineBody.ToString());
        Assert.True(mail.Flags.HasFlag(SpamMailFlags.TruncatedMail));
    }
}
