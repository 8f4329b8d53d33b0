using System.Text;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Tests.Mail;

public sealed class MimeTests
{
    [Theory]
    [InlineData("", "text/plain", "us-ascii", null)]
    [InlineData("text/html; charset=\"UTF-8\"", "text/html", "UTF-8", null)]
    [InlineData("text/html charset=utf-8", "text/html", "utf-8", null)]
    [InlineData("TEXT/X-Something", "text/plain", null, null)]
    [InlineData("text/calendar", "text/calendar", null, null)]
    [InlineData("image/gif; name=\"a;b.gif\"", "image/gif", null, "a")]
    [InlineData("image/gif; filename=x.gif", "image/gif", null, "x.gif")]
    [InlineData("image/gif; name*0=long; name*1=\"er.gif\"", "image/gif", null, "longer.gif")]
    [InlineData(";charset=x", "text/plain", "x", null)]
    [InlineData("multipart/mixed", "text/plain", null, null)]
    [InlineData("te<x>t/pl(ain", "text/plain", null, null)]
    public void A_content_type_is_read_leniently(string field, string type, string? charset, string? name)
    {
        var part = SampleMail.Parse($"Content-Type: {field}\n\nx").Root;
        Assert.Equal((type, charset, name), (part.Type, part.Charset, part.Name));
    }

    [Fact]
    public void A_multipart_is_divided_at_its_boundaries()
    {
        var mail = SampleMail.Parse(
            "Content-Type: multipart/mixed; boundary=\"b\"\n\npreamble\n--b  \nContent-Type: text/html\nX-A: =?utf-8?q?=C3=A9?=\n\n<b>\n\n--b\n\nplain\n--b--\n"
        );
        Assert.Equal(["multipart/mixed", "text/html", "text/plain"], mail.Parts.Select(static part => part.Type));
        Assert.Equal(["<b>\n", "plain"], mail.Leaves.Select(static part => part.Decoded!));
        Assert.Equal(["\xC3\xA9\n"], mail.Leaves[0].HeaderValues("x-a", raw: false));
        Assert.Equal(["=?utf-8?q?=C3=A9?=\n"], mail.Leaves[0].HeaderValues("x-a", raw: true));
        Assert.Equal(["Content-Type", "X-A"], mail.Leaves[0].HeaderNames);
        Assert.Equal(SpamMailFlags.MissingMimeHeaders, mail.Flags);
    }

    [Theory]
    [InlineData("--b\nContent-Type: text/html\nno empty line\n--b--\n", SpamMailFlags.MissingMimeHeadBodySeparator)]
    [InlineData("--b\nA: 1\n\nx\n--b--\nepilogue\n", SpamMailFlags.MimeEpilogue)]
    [InlineData("--b\nA: 1\n\nx\n--b--\n . \n", SpamMailFlags.None)]
    [InlineData(
        "--b\nno header\n--b--\n",
        SpamMailFlags.MissingMimeHeaders | SpamMailFlags.MissingMimeHeadBodySeparator
    )]
    public void What_is_odd_is_noted(string body, SpamMailFlags flags) =>
        Assert.Equal(flags, SampleMail.Parse("Content-Type: multipart/mixed; boundary=b\n\n" + body).Flags);

    [Fact]
    public void A_mail_without_its_boundary_is_one_part()
    {
        var mail = SampleMail.Parse("Content-Type: multipart/mixed; boundary=b\n\nA: 1\n\ntext\n");
        Assert.Equal("A: 1\n\ntext\n", Assert.Single(mail.Leaves).Decoded);
    }

    [Fact]
    public void An_attached_mail_takes_part()
    {
        var inner = Convert.ToBase64String("From x\nSubject: inner\nContent-Type: text/html\n\n<p>in\n"u8);
        var mail = SampleMail.Parse(
            "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\nfirst\n--b\nContent-Type: message/rfc822\n"
                + $"Content-Transfer-Encoding: base64\n\n{inner}\n--b--\n"
        );
        Assert.Equal(
            ["multipart/digest", "message/rfc822", "text/plain", "message/rfc822", "text/html"],
            mail.Parts.Select(static part => part.Type)
        );
        Assert.Equal(["first", "<p>in\n"], mail.Leaves.Select(static part => part.Decoded!));
        Assert.Equal("inner", mail.Leaves[1].Header("subject"));
        Assert.True(mail.Leaves[1].IsMessage);
    }

    [Theory]
    [InlineData("quoted-printable", "a=\nb=3D =\r\n=e9 \t\nc=4", "ab= \xE9\nc=4")]
    [InlineData("base64", "aGVs\nbG8h", "hello!")]
    [InlineData("base64", "aGVsbG8", "hello")]
    [InlineData("base64", "aGVs bG8h====", "hello!")]
    [InlineData("base64", "a*G.V-s", "hel")]
    [InlineData("base64", "DQo=", "\n")]
    [InlineData("x-uuencode", "begin", "begin")]
    public void Transfer_encodings_are_undone(string encoding, string content, string decoded) =>
        Assert.Equal(
            decoded,
            SampleMail.Parse($"Content-Transfer-Encoding: {encoding}\nX: y\n\n{content}").Root.Decoded
        );

    [Theory]
    [InlineData("a.html", "text/html")]
    [InlineData("A.SHTML", "text/html")]
    [InlineData("a.htm", "text/html")]
    [InlineData("a.html.exe", "image/gif")]
    public void A_file_named_like_HTML_is_HTML(string name, string type) =>
        Assert.Equal(
            type,
            SampleMail
                .Parse($"Content-Type: image/gif\nContent-Disposition: inline; filename={name}\n\n")
                .Root.EffectiveType
        );

    [Fact]
    public void Lines_inside_a_multipart_are_cut_at_2048()
    {
        var mail = SampleMail.Parse(
            $"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n{new string('x', 5000)}\n--b--\n"
        );
        Assert.Equal([2048, 2048, 904], mail.Leaves[0].Decoded!.Split('\n').Select(static line => line.Length));
    }

    [Fact]
    public void Runs_of_blank_lines_become_shorter()
    {
        var mail = SampleMail.Parse("A: 1\n\nx\n" + new string('\n', 60) + "y\n");
        Assert.Equal("x\n" + new string('\n', 20) + "y\n", mail.Root.Decoded);
    }

    [Fact]
    public void A_multipart_has_at_most_1000_parts()
    {
        var mail = SampleMail.Parse(
            "Content-Type: multipart/mixed; boundary=b\n\n"
                + string.Concat(Enumerable.Repeat("--b\n\nx\n", 3000))
                + "--b--\n"
        );
        Assert.Equal(1001, mail.Parts.Count);
        Assert.True(mail.Flags.HasFlag(SpamMailFlags.MimePartLimitExceeded));
    }

    [Fact]
    public void Ten_thousand_nested_parts_are_opened_twenty_deep()
    {
        var text = new StringBuilder();
        for (var i = 0; i < 10_000; i++)
            text.Append($"Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n");
        var mail = SampleMail.Parse(text.ToString());
        Assert.Equal(21, mail.Parts.Count);
    }

    [Fact]
    public void A_mail_in_a_mail_in_a_mail_costs_no_more_than_its_levels()
    {
        var text = "Subject: core\n\ncore\n";
        for (var i = 0; i < 30; i++)
            text =
                $"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{Convert.ToBase64String(Encoding.Latin1.GetBytes(text))}\n";
        var mail = SampleMail.Parse(text);
        Assert.InRange(mail.Parts.Sum(static part => part.Raw?.Length ?? 0), 1, text.Length);
        Assert.Equal(21, mail.Parts.Count);
    }
}
