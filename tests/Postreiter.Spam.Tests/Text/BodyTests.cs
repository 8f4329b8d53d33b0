using Postreiter.Spam.Mail;
using Postreiter.Spam.Tests.Mail;

namespace Postreiter.Spam.Tests.Text;

public sealed class BodyTests
{
    [Theory]
    [InlineData("one\ntwo\n\nthree \n \n\n four", "one two\n|three \n| four")]
    [InlineData("a\t\tb\n", "a b ")]
    [InlineData("a\0b", "a\n|b")]
    [InlineData("", "")]
    public void White_space_is_squeezed_and_paragraphs_are_lines(string text, string lines) =>
        Assert.Equal(
            "s\n|" + lines,
            Body(SampleMail.Parse("Subject: s\n\n" + text)).TrimEnd('|') + (lines.Length == 0 ? "|" : "")
        );

    [Fact]
    public void Without_a_subject_the_first_line_is_empty() =>
        Assert.Equal("\n|x", Body(SampleMail.Parse("A: 1\n\nx")));

    [Theory]
    // What is valid UTF-8 is that, whatever is declared.
    [InlineData("us-ascii", "\xC3\xA9\xC2\xA0x", "\xC3\xA9 x")]
    [InlineData("iso-8859-1", "\xE9\x93", "\xC3\xA9\xE2\x80\x9C")]
    [InlineData("windows-1251", "\xCF\xF0", "\xD0\x9F\xD1\x80")]
    [InlineData("koi8-r", "\xF0\xD2", "\xD0\x9F\xD1\x80")]
    [InlineData("x-unknown", "\xE9", "\xC3\xA9")]
    [InlineData("utf-8", "\xE9\x81", "\xC3\xA9\xEF\xBF\xBD")]
    [InlineData("gb2312", "\xC4\xE3", "\xE4\xBD\xA0")]
    [InlineData("utf-16", "h\0i\0 \0\xE9\0", "hi \xC3\xA9")]
    public void Every_charset_becomes_UTF8(string charset, string text, string line) =>
        Assert.Equal("\n|" + line, Body(SampleMail.Parse($"Content-Type: text/plain; charset={charset}\n\n{text}")));

    [Fact]
    public void Long_lines_are_cut_behind_a_blank()
    {
        var mail = SampleMail.Parse("A: 1\n\n" + new string('a', 2000) + " " + new string('b', 5000));
        Assert.Equal([1, 2001, 2048, 2048, 904], mail.Body.Select(static line => line.Length));
    }

    [Fact]
    public void Parts_are_joined_and_pictures_divide()
    {
        var mail = SampleMail.Parse(
            "Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\nContent-Type: image/gif\n\nGIF\n--b\nContent-Type: text/html\n\n<b>two</b>\n--b--\n"
        );
        Assert.Equal("s\n|one\n|two", Body(mail));
    }

    [Fact]
    public void A_part_is_looked_at_up_to_its_scan_size()
    {
        var text = new string('a', 90) + " " + new string('b', 30) + "\n" + new string('c', 2000);
        Assert.Equal(
            "\n|" + new string('a', 90) + " " + new string('b', 30) + " ",
            Body(SampleMail.Parse("A: 1\n\n" + text, SampleMail.Site with { BodyPartScanSize = 80 }))
        );
        var hard = new string('c', 5000);
        Assert.Equal(
            80,
            SampleMail.Parse("A: 1\n\n" + hard, SampleMail.Site with { BodyPartScanSize = 80 }).Body[1].Length
        );
        Assert.Equal(
            80,
            SampleMail
                .Parse("A: 1\n\n" + hard, SampleMail.Site with { RawBodyPartScanSize = 80 })
                .RawBody.Single()
                .Length
        );
    }

    [Fact]
    public void Raw_pieces_are_cut_at_lines_then_tags_then_blanks()
    {
        Assert.Equal([3000, 2000], Raw(new string('a', 2999) + "\n" + new string('b', 2000)));
        Assert.Equal([3000, 2000], Raw(new string('a', 2999) + ">" + new string('b', 2000)));
        Assert.Equal([3000, 2000], Raw(new string('a', 2999) + " " + new string('b', 2000)));
        Assert.Equal([2049, 2951], Raw(new string('a', 5000)));
        Assert.Equal([4096], Raw(new string('a', 4096)));
        Assert.Equal([0], Raw(""));

        static IEnumerable<int> Raw(string body) =>
            SampleMail.Parse("Content-Type: text/html\n\n" + body).RawBody.Select(static piece => piece.Length);
    }

    [Fact]
    public void Raw_text_has_its_charset_and_its_tags_and_no_calendars()
    {
        var mail = SampleMail.Parse(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<b>=E9\n--b\n"
                + "Content-Type: text/calendar\n\nBEGIN\n--b\nContent-Type: message/delivery-status\n\nStatus: 5\n--b--\n"
        );
        Assert.Equal(["<b>\xE9", "Status: 5"], mail.RawBody.Select(static piece => piece.ToString()));
    }

    [Fact]
    public void Invisible_text_is_in_the_body_and_told_apart()
    {
        var mail = SampleMail.Parse(
            "Subject: s\nContent-Type: text/html\n\n<p>seen</p><p style='display: none'>hidden</p>"
        );
        Assert.Equal("s\n|\n|seen\n|hidden\n", Body(mail));
        Assert.Equal(["s\n", "\n", "seen\n"], mail.VisibleBody.Select(static line => line.ToString()));
        Assert.Equal(["hidden"], mail.InvisibleBody.Select(static line => line.ToString()));
    }

    private static string Body(SpamMail mail) => string.Join('|', mail.Body.Select(static line => line.ToString()));
}
