using System.Text;
using System.Text.Json.Nodes;
using Postreiter.Replay;

namespace Postreiter.Tests.Replay;

/// <summary>A stored mail taken apart, and put together as it came in.</summary>
public sealed class StoredMailTests
{
    private const string Prefix =
        "Return-Path: <carl@far.example>\r\nX-Virus-Scanned: clean\r\nX-Spam-Status: Yes, score=7.5 required=5.0 tests=A,\r\n\tB autolearn=no\r\n"
        + "Delivered-To: ann@a.test\r\nAuthentication-Results: mx.a.test; spf=pass\r\n"
        + "Received: from c (c [192.0.2.1])\r\n\tby mx.a.test with ESMTP\r\n\tid 6at9fdbkzyy4wr3z\r\n\tfor <ann@a.test>;\r\n\tdate\r\n";

    [Theory]
    // Without marks and results; the content is untouched.
    [InlineData("Subject: x\r\n\r\nbody\r\n", "Subject: x\r\n\r\nbody\r\n")]
    [InlineData("", "")]
    [InlineData("\r\nno header\r\n", "\r\nno header\r\n")]
    [InlineData("no header", "no header")]
    [InlineData("Subject: cut", "Subject: cut")]
    // A tagged subject is the author's again, where it stood; one that the tag made is gone.
    [InlineData(
        "A: 1\r\nSubject: [x] o\r\nB: 2\r\nX-Spam-Prev-Subject: o\r\n\r\nt",
        "A: 1\r\nSubject: o\r\nB: 2\r\n\r\nt"
    )]
    [InlineData("Subject: [x] \r\nX-Spam-Prev-Subject: (nonexistent)\r\n\r\nt", "\r\nt")]
    [InlineData("X-Spam-Prev-Subject: o\r\n\r\nt", "X-Spam-Prev-Subject: o\r\n\r\nt")]
    public void It_is_as_it_came(string content, string expected)
    {
        var mail = Read(Prefix, content);
        var trace =
            "Return-Path: <carl@far.example>\r\n" + Prefix[Prefix.IndexOf("Received:", StringComparison.Ordinal)..];
        Assert.Equal(trace + expected, Encoding.Latin1.GetString(mail.AsItCame()));
    }

    [Fact]
    public void What_the_session_knew_is_known_again()
    {
        var mail = Read(Prefix, "Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n\r\nt");
        Assert.Equal(("6at9fdbkzyy4wr3z", "carl@far.example", true), (mail.Name, mail.EnvelopeFrom, mail.IsForOne));
        Assert.Equal((true, 7.5, 5.0), (mail.Then!.IsSpam, mail.Then.Points, mail.Then.Required));
        Assert.Equal(["A", "B"], mail.Then.Rules.Order(StringComparer.Ordinal));
        Assert.Equal("grüße", mail.Subject);
        Assert.True(mail.IsJunkToOwner);
        // The null sender is one; two recipients are not told of each other.
        mail = Read("Return-Path: <>\r\nReceived: from c\r\n\tid 6at9fdbkzyy4wr3z;\r\n\tdate\r\n", "\r\n");
        Assert.Equal(("6at9fdbkzyy4wr3z", "", false), (mail.Name, mail.EnvelopeFrom, mail.IsForOne));
        Assert.Null(mail.Then);
    }

    [Fact]
    public void What_was_imported_is_named_by_its_place_and_has_the_verdict_of_its_server()
    {
        var mail = Read(
            "",
            "Return-Path: <x@y.example>\r\nReceived: from a\r\n\tid 0123456789abcdef\r\nX-Spam-Status: No, score=1\r\nSubject: a\u0007b\r\n\r\nt"
        );
        Assert.Equal(("ann@a.test/Junk/7", null, true), (mail.Name, mail.EnvelopeFrom, mail.IsForOne));
        Assert.False(mail.Then!.IsSpam);
        // Nothing of a header moves a terminal's cursor.
        Assert.Equal("ab", mail.Subject);
    }

    [Fact]
    public void A_stranger_s_marks_are_no_verdict_and_its_subject_turns_no_line_around()
    {
        var mail = Read(
            "Return-Path: <>\r\nReceived: from c\r\n\tid 6at9fdbkzyy4wr3z;\r\n\tdate\r\n",
            "X-Spam-Status: No, score=-9\r\nSubject: =?utf-8?q?a=E2=80=AEb?=\r\n\r\nt"
        );
        Assert.Null(mail.Then);
        Assert.Equal("a?b", mail.Subject);
    }

    [Fact]
    public void A_header_of_many_subjects_does_not_grow()
    {
        var content =
            string.Concat(Enumerable.Repeat("Subject: x\r\n", 10_000))
            + "X-Spam-Prev-Subject: "
            + new string('y', 200_000)
            + "\r\n\r\nt";
        Assert.InRange(Read("", content).AsItCame().Length, 1, content.Length);
    }

    [Fact]
    public void A_damaged_one_says_why()
    {
        Assert.Null(StoredMail.FromRow(new JsonObject { ["damaged"] = "its hash is another" }, out var why));
        Assert.Equal("its hash is another", why);
    }

    private static StoredMail Read(string prefix, string content)
    {
        var row = new JsonObject
        {
            ["account"] = "ann@a.test",
            ["mailbox"] = "Junk",
            ["use"] = "junk",
            ["uid"] = 7L,
            ["prefix"] = (long)prefix.Length,
            ["octets"] = Convert.ToBase64String(Encoding.Latin1.GetBytes(prefix + content)),
        };
        var mail = StoredMail.FromRow(row, out _)!;
        Assert.Equal("account mailbox use uid", string.Join(' ', mail.Row.Select(static p => p.Key)));
        return mail;
    }
}
