using System.Net;
using System.Text;
using Postreiter.Core;
using Postreiter.MailAuth.Dkim;
using Postreiter.MailAuth.Dmarc;
using Postreiter.MailAuth.Spf;

namespace Postreiter.MailAuth.Tests;

public sealed class AuthenticationResultsTests
{
    private const string Ours = "mail.example.com";

    private static readonly IPAddress Client = IPAddress.Parse("2001:db8::1");

    [Fact]
    public void One_field_holds_all_methods()
    {
        var field = new AuthenticationResults(
            Ours,
            [
                AuthenticationResults.Of(
                    new SpfOutcome(SpfResult.SoftFail, "example.org", "'~all' matches", null, []),
                    "ann@example.org"
                ),
                .. AuthenticationResults.Of([
                    new DkimOutcome(
                        DkimResult.Pass,
                        "example.org",
                        "s1",
                        "@example.org",
                        "rsa-sha256",
                        "ab/c+d==",
                        false,
                        ""
                    ),
                    new DkimOutcome(
                        DkimResult.Fail,
                        "list.example",
                        "s2",
                        "",
                        "ed25519-sha256",
                        "xyz",
                        true,
                        "body hash"
                    ),
                ]),
                AuthenticationResults.Of(
                    new DmarcOutcome(DmarcResult.Fail, DmarcPolicy.Reject, "example.org", "nobody vouches")
                    {
                        Record = DmarcRecord.Parse("v=DMARC1; p=reject; sp=none", out _),
                    }
                ),
                AuthenticationResults.Of(
                    new IprevOutcome(IprevResult.Pass, Client, DomainName.Parse("mx.example.org"), "")
                ),
                OfAuth("ann"),
            ]
        ).ToField();

        Assert.Equal(
            """
            Authentication-Results: mail.example.com;
            	spf=softfail reason="'~all' matches" smtp.mailfrom=ann@example.org;
            	dkim=pass header.d=example.org header.i=@example.org header.s=s1
            	header.a=rsa-sha256 header.b="ab/c+d==";
            	dkim=fail (testing) reason="body hash" header.d=list.example
            	header.s=s2 header.a=ed25519-sha256 header.b=xyz;
            	dmarc=fail (p=reject sp=none dis=reject) reason="nobody vouches"
            	header.from=example.org;
            	iprev=pass (mx.example.org) policy.iprev="2001:db8::1";
            	auth=pass smtp.auth=ann

            """.ReplaceLineEndings("\r\n"),
            field
        );
    }

    [Fact]
    public void Nothing_checked_is_none()
    {
        Assert.Equal(
            "Authentication-Results: mail.example.com; none\r\n",
            new AuthenticationResults(Ours, []).ToField()
        );
        Assert.Equal(["dkim none"], AuthenticationResults.Of([]).Select(static r => $"{r.Method} {r.Result}"));
        Assert.Equal(
            "ARC-Authentication-Results: i=2; mail.example.com;\r\n\tauth=pass smtp.auth=ann\r\n",
            new AuthenticationResults(Ours, [OfAuth("ann")]).ToField("ARC-Authentication-Results", 2)
        );
    }

    public static TheoryData<string> HostileValues =>
        [
            "",
            " ",
            "a b",
            "x; dmarc=pass header.from=bank.example",
            "x\r\nSubject: forged\r\n\r\nbody",
            "\"",
            "\\",
            "a\\\"b@example.org",
            "(comment",
            "a@b@c",
            "@",
            "a@",
            "a\0b@example.org",
            "\u00e4@example.org",
            "\u202eexample.org",
            "\ud800x",
            new string('"', 100_000),
            new string('x', 100_000) + "@example.org",
            string.Concat(Enumerable.Repeat("\U0001F600", 2_000)),
        ];

    [Theory]
    [MemberData(nameof(HostileValues))]
    public void A_hostile_value_stays_a_value(string value)
    {
        foreach (var utf8 in new[] { false, true })
        {
            var field = new AuthenticationResults(
                Ours,
                [new("spf", "pass", value, [new("smtp", "mailfrom", value)]) { Comment = value }, OfAuth(value)]
            ).ToField(allowUtf8: utf8);

            var lines = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(field)).Split("\r\n");
            Assert.Equal("", lines[^1]);
            Assert.All(lines[..^1], static line => Assert.InRange(Encoding.UTF8.GetByteCount(line), 1, 998));
            Assert.All(lines[1..^1], static line => Assert.True(line[0] == '\t' && line.Trim().Length > 0));
            Assert.DoesNotContain(
                field,
                static c => c is '\0' or '\u202e' || (char.IsControl(c) && c is not ('\r' or '\n' or '\t'))
            );
            Assert.True(utf8 || Ascii.IsValid(field));
            var read = AuthenticationResults.Read(field.AsSpan(field.IndexOf(':') + 1));
            Assert.NotNull(read);
            Assert.Equal(["spf", "auth"], read.Results.Select(static r => r.Method));
            if (value.Length is > 0 and < 300 && value.All(static c => c is >= ' ' and <= '~'))
                Assert.Equal((value, value), (read.Results[0].Reason, read.Results[0].Property("smtp", "mailfrom")));
            // An independent reader sees the same methods.
            Assert.True(
                MimeKit.Cryptography.AuthenticationResults.TryParse(
                    Encoding.UTF8.GetBytes(field[(field.IndexOf(':') + 1)..].Trim()),
                    out var foreign
                )
            );
            Assert.Equal(["spf", "auth"], foreign.Results.Select(static r => r.Method));
            Assert.Equal(Ours, foreign.AuthenticationServiceIdentifier);
        }
    }

    [Theory]
    [InlineData("mail.example.com; none", 0)]
    [InlineData(" mail.example.com 1; spf=pass smtp.mailfrom=ann@example.org", 1)]
    [InlineData(
        "mail.example.com (c); dkim / 1 = pass reason = \"a \\\"b\\\"\" header.d = x.example (y) header . i=@x.example; arc=none;",
        2
    )]
    [InlineData("i=1; mail.example.com; dmarc=pass header.from=example.org", 1)]
    [InlineData("\"mail.example.com\"; spf=pass smtp.mailfrom=\"a b\"@example.org", 1)]
    public void Fields_of_others_are_read(string value, int results)
    {
        var read = AuthenticationResults.Read(value);

        Assert.NotNull(read);
        Assert.Equal((Ours, results), (read.AuthservId, read.Results.Count));
    }

    [Fact]
    public void Words_and_values_are_found()
    {
        var read = AuthenticationResults.Read(
            "x.example;\r\n\tDKIM=Pass\r\n\treason=\"good \\\"x\\\"\" HEADER.D=x.example header.b=\"a/b\";\r\n spf=fail smtp.mailfrom=\"a b\"@y.example"
        )!;

        Assert.Equal(
            ("dkim", "pass", "good \"x\""),
            (read.Results[0].Method, read.Results[0].Result, read.Results[0].Reason)
        );
        Assert.Equal(
            ("x.example", "a/b", null),
            (
                read.Results[0].Property("header", "d"),
                read.Results[0].Property("header", "B"),
                read.Results[0].Property("smtp", "d")
            )
        );
        Assert.Equal("a b@y.example", read.Results[1].Property("smtp", "mailfrom"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("(x")]
    [InlineData("mail.example.com; spf")]
    [InlineData("mail.example.com; spf=pass smtp.mailfrom")]
    [InlineData("mail.example.com; spf=pass smtp.mailfrom=\"x")]
    [InlineData("mail.example.com spf=pass")]
    public void A_field_that_breaks_the_grammar_is_none(string value) => Assert.Null(AuthenticationResults.Read(value));

    [Theory]
    [InlineData("mail.example.com; none")]
    [InlineData("mail.example.com")]
    [InlineData("\r\n\t MAIL.Example.COM\r\n ;\r\n spf=pass")]
    [InlineData("(a (b) \\) c) mail.example.com (x) 1 ; spf=pass")]
    [InlineData("\"mail.example.com\"; spf=pass")]
    [InlineData("\"mail\\.example.\\com\"; spf=pass")]
    [InlineData("\"mail.exam\r\nple.com\"; spf=pass")]
    [InlineData("mail.example.com.; spf=pass")]
    [InlineData("mail(x).example.com; spf=pass")]
    [InlineData("mail .example. com; spf=pass")]
    [InlineData("(mail.example.com; spf=pass")]
    [InlineData("\"mail.example.com; spf=pass")]
    [InlineData("mail.example.com dmarc=pass")]
    [InlineData("mail.example.com= ; dmarc=pass")]
    [InlineData("; mail.example.com; dmarc=pass")]
    [InlineData("\u00fcber.example; spf=pass")]
    [InlineData("xn--ber-goa.example; spf=pass")]
    public void A_field_that_claims_our_name_is_found(string value) =>
        Assert.True(AuthenticationResults.Claims(Encoding.UTF8.GetBytes(value), [Ours, "xn--ber-goa.example"]));

    [Theory]
    [InlineData("mx.example.com; spf=pass")]
    [InlineData("example.com; spf=pass")]
    [InlineData("mail.example.com.evil.example; spf=pass")]
    [InlineData("other.example; spf=pass smtp.mailfrom=mail.example.com")]
    [InlineData("other.example (mail.example.com); spf=pass")]
    [InlineData("(never closed other.example")]
    [InlineData("")]
    public void Others_are_left_alone(string value) =>
        Assert.False(AuthenticationResults.Claims(Encoding.UTF8.GetBytes(value), [Ours]));

    [Fact]
    public void Hostile_fields_take_linear_work()
    {
        foreach (var piece in new[] { "(", ")", "\"", "\\", ";", ";a=b", ";a=b c.d=e", " ", "a", "\r\n " })
        {
            var text = string.Concat(Enumerable.Repeat(piece, 60_000 / piece.Length));
            AuthenticationResults.Read("x.example" + text);
            AuthenticationResults.Claims(Encoding.UTF8.GetBytes(text), [Ours]);
        }
    }

    private static AuthenticationResult OfAuth(string account) =>
        new("auth", "pass", "", [new("smtp", "auth", account)]);
}
