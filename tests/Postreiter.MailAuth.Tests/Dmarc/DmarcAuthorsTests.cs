using System.Text;
using Postreiter.MailAuth.Dmarc;

namespace Postreiter.MailAuth.Tests.Dmarc;

public sealed class DmarcAuthorsTests
{
    [Theory]
    [InlineData("From: ann@example.org", "example.org")]
    [InlineData("from:Ann <ann@EXAMPLE.org>", "example.org")]
    [InlineData("FROM : \"Bank <x@bank.example>\" <ann@example.org>", "example.org")]
    [InlineData("From: x@bank.example <ann@example.org>", "example.org")]
    [InlineData("From: Ann (a comment, x@bank.example (nested)) <ann@example.org>", "example.org")]
    [InlineData("From: <@hop.example,@hop2.example:ann@example.org>", "example.org")]
    [InlineData("From: \"a@b\\\"<\"@example.org", "example.org")]
    [InlineData("From:\r\n\tann@example\r\n .org", "example.org")]
    [InlineData("From: ann@example.org, Bob <bob@example.net>", "example.org example.net")]
    [InlineData("From: <ann@example.org> <bob@example.net>", "example.org example.net")]
    [InlineData("From: Us: ann@example.org, bob@example.org;", "example.org")]
    [InlineData("From: Ann <ann@b\u00fccher.example>", "xn--bcher-kva.example")]
    [InlineData("From: ann@[192.0.2.1]", "[192.0.2.1]")]
    public void Domains_are_those_a_reader_may_see(string field, string expected)
    {
        var authors = Read("To: x@y.example\r\n" + field + "\r\nSubject: x\r\n\r\nFrom: body@example.com\r\n");

        Assert.Equal((1, true), (authors.Fields, authors.IsReadable));
        Assert.Equal(expected.Split(' '), authors.Domains);
    }

    [Theory]
    [InlineData("Subject: none\r\n", 0)]
    [InlineData("From: a@example.org\r\nFrom: b@example.org\r\n", 2)]
    [InlineData("From: a@example.org\nfrom : b@example.org\n", 2)]
    [InlineData("X-From: a@example.org\r\n From: b@example.org\r\n", 0)]
    public void Fields_are_counted(string header, int fields) => Assert.Equal(fields, Read(header).Fields);

    [Theory]
    [InlineData("From: ")]
    [InlineData("From: undisclosed-recipients:;")]
    [InlineData("From: MAILER-DAEMON")]
    [InlineData("From: <>")]
    [InlineData("From: ann@example..org")]
    [InlineData("From: ann@example.org, =?utf-8?q?x?=")]
    [InlineData("From: ann@example.org (never closed")]
    [InlineData("From: =?utf-8?q?ann=40example.org?=")]
    public void What_names_no_domain_is_told(string field) => Assert.False(Read(field + "\r\n").IsReadable);

    [Fact]
    public void Hostile_fields_take_linear_work()
    {
        Assert.Equal(
            DmarcAuthors.MaxDomains + 1,
            Read(
                "From: " + string.Join(", ", Enumerable.Range(0, 20_000).Select(static i => $"a@d{i}.example"))
            ).Domains.Count
        );
        foreach (var piece in new[] { "(", "<", "\"", "<(", "\\", ",", ":", "a@b,", "\r\n " })
            Read("From: " + string.Concat(Enumerable.Repeat(piece, 200_000)));
    }

    private static DmarcAuthors Read(string header) => DmarcAuthors.Read(Encoding.UTF8.GetBytes(header));
}
