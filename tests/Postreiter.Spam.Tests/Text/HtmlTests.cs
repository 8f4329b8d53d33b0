using Postreiter.Spam.Tests.Mail;
using Postreiter.Spam.Text.Html;

namespace Postreiter.Spam.Tests.Text;

public sealed class HtmlTests
{
    [Theory]
    [InlineData("<p>one<br>two<td>three", "\n|one two three")]
    [InlineData("a<b>b</b> c", "ab c")]
    [InlineData("a &lt;b&gt; &amp;amp; &eacute;&#233;&#x41;&unknown; &ampx", "a <b> &amp; \xE9\xE9" + "A&unknown; &x")]
    [InlineData("a&mdash;&#160;&eacute;", "a\xE2\x80\x94 \xC3\xA9")]
    [InlineData("a&#55357;&#56832;b&#0;", "a\xF0\x9F\x98\x80" + "b&#0;")]
    [InlineData("x<script>no <b> </script>y<style>no</style>z", "xyz")]
    [InlineData("x<!-- no > -- >y<!no>z<?no?>!", "xyz!")]
    [InlineData("x<!-- open <b>y", "xy")]
    [InlineData("1 < 2 <3> <", "1 < 2 <3> ")]
    [InlineData("x<![CDATA[<b>&amp;]]>y", "x<b>&amp;y")]
    [InlineData("a<br/>b<br />c", "a b c")]
    [InlineData("<textarea>a<b>b</textarea>c", "a<b>bc")]
    [InlineData("<title>t</title>x", "\n|t\n|x")]
    [InlineData("<a href=\"unclosed>text", "")]
    [InlineData("x</b \"> still\">y", "xy")]
    public void Text_is_what_is_shown(string html, string lines) => Assert.Equal(lines, Rendered(html));

    [Fact]
    public void Tags_are_counted()
    {
        var html = Read("<!DOCTYPE html><html><b><b></b></i><foo></foo></html><o:p></o:p>");
        Assert.Equal((11, 9, 5, 4, 1), (html.Tags, html.Elements, html.TagsSeen, html.ElementsSeen, html.ClosedExtra));
        Assert.Equal(1, html.InsideOf("b"));
        Assert.Equal(0, html.InsideOf("never"));
        Assert.True(html.Inside.ContainsKey("!doctype"));
    }

    [Theory]
    [InlineData("<font color=white>x</font>", true)]
    [InlineData("<font color='#fefefe'>x", true)]
    [InlineData("<font color=nocolour>x", true)]
    [InlineData("<font color=red>x", false)]
    [InlineData("<font size=1>x", true)]
    [InlineData("<font size=-2>x", true)]
    [InlineData("<span style='visibility:HIDDEN'>x", true)]
    [InlineData("<div style='color: rgb(250,250,250) !important'>x", true)]
    [InlineData("<div style='background: url(a,b) no-repeat, #000'>x", true)]
    [InlineData("<div style='background-color:black;color:transparent'>x", true)]
    [InlineData("<div style='color: inherit'>x", false)]
    [InlineData("<body bgcolor=black>x", false)]
    [InlineData("<div style='display:none'></div>x", false)]
    [InlineData("<table><td style='display:none'><td>x", false)]
    public void Text_may_be_invisible(string html, bool isInvisible) =>
        Assert.Equal(isInvisible, SampleMail.Parse("Content-Type: text/html\n\n" + html).InvisibleBody.Count > 0);

    [Theory]
    [InlineData("<a href=' http://a.example/x '>t<b>u</b><img src=i.gif></a>", "http://a.example/x", "a", "tu<img>\n")]
    [InlineData("<base href='http://b.example/d/f.html'><img src='../i.gif'>", "http://b.example/i.gif", "img", null)]
    [InlineData("<form action='//www.f.example/?q'>", "http://www.f.example/?q", "form", null)]
    [InlineData("<td background=b.png>", "b.png", "td", null)]
    [InlineData(
        "<meta http-equiv=Refresh content='3; URL = http://r.example/ ; x'>",
        "http://r.example/",
        "meta",
        null
    )]
    [InlineData("<a x/href=http://s.example/>y</a>", "http://s.example/", "a", "y")]
    [InlineData("<a href='mailto:a@b.example'>m</a>", "mailto:a@b.example", "a", "m")]
    [InlineData("<area data-saferedirecturl='http://g.example/'>", "http://g.example/", "area", null)]
    public void Links_are_listed_by_element(string html, string uri, string type, string? text)
    {
        var link = Assert.Single(Read(html).Links, link => link.Uri == uri);
        Assert.Equal([type], link.Types);
        Assert.Equal(text is null ? [] : [text], link.AnchorTexts);
    }

    [Theory]
    [InlineData("http://a/b/c/d?q", "g", "http://a/b/c/g")]
    [InlineData("http://a/b/c/d?q", "./g/../h/.", "http://a/b/c/h/")]
    [InlineData("http://a/b/c/d?q", "../../../g#f", "http://a/g#f")]
    [InlineData("http://a/b/c/d?q", "?y", "http://a/b/c/d?y")]
    [InlineData("http://a/b/c/d?q", "http:g", "http://a/b/c/g")]
    [InlineData("http://a/b/c/d?q", "//h/x", "http://h/x")]
    [InlineData("http://a", "g", "http://a/g")]
    [InlineData("", "g/./h", "g/h")]
    [InlineData("", "//www2.x.example", "http://www2.x.example")]
    [InlineData("", "0", "")]
    public void References_are_resolved(string against, string reference, string uri) =>
        Assert.Equal(uri, UriReference.Resolve(against, reference));

    [Fact]
    public void The_rest_is_noted()
    {
        var html = Read(
            "<title>A</title><title>B</title><!-- c --><script>s</script><embed><font face='a-1b'>x<img width=10 height=20%>"
                + "<form action=MAILTO:x@y.example><meta http-equiv=content-type content='text/html; charset=koi8-r'>cl<i>ick</i>"
        );
        Assert.Equal(["A", "B"], html.Titles);
        Assert.Equal(["<!-- c -->"], html.Comments);
        Assert.Equal(["s"], html.Scripts);
        Assert.True(html.HasEmbeds && html.HasBadFontFace && html.HasMailtoForm);
        Assert.Equal(1200, html.ImageArea);
        Assert.Equal("koi8-r", html.MetaCharsets);
        Assert.Equal((2, 2), (html.BackhairCount, html.Obfuscation));
    }

    [Fact]
    public void Only_the_last_part_is_the_last()
    {
        var mail = SampleMail.Parse(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<b>\n--b\nContent-Type: text/html\n\n<i>\n--b--\n"
        );
        Assert.Equal(2, mail.Html.Count);
        Assert.Same(mail.Html[1], mail.LastHtml);
        Assert.Equal(1, mail.LastHtml!.InsideOf("i"));
        Assert.Null(SampleMail.Parse("Content-Type: text/html\n\n").LastHtml);
    }

    [Theory]
    [InlineData("<b>")]
    [InlineData("<font>")]
    [InlineData("<font></div>")]
    [InlineData("<table><tr><td>")]
    [InlineData("<a href=x>")]
    [InlineData("<!--")]
    [InlineData("<![if x[")]
    [InlineData("&a")]
    [InlineData("<")]
    [InlineData("-- -")]
    [InlineData("<style>")]
    [InlineData("<title>")]
    [InlineData("<script><style><textarea><title>")]
    [InlineData("<x y=\"")]
    public void A_hundred_thousand_of_anything_is_read_in_steps_of_its_length(string unit)
    {
        const int count = 100_000;
        var text = string.Concat(Enumerable.Repeat(unit, count));
        var steps = new StepCounter();
        var tokenizer = new HtmlTokenizer(steps);
        tokenizer.Append(text);
        tokenizer.Complete();
        Assert.InRange(steps.Characters, 0, 2L * text.Length);
        // Rendering it as a part of a mail ends, with no stack and no search in what is open.
        var html = HtmlRenderer.Render(text, isCharacters: false, text.Length).Result;
        Assert.InRange(html.Tags, 0, 4 * count);
    }

    [Fact]
    public void A_million_open_tags_are_read()
    {
        var text = string.Concat(Enumerable.Repeat("<b>", 1_000_000));
        Assert.Equal(1_000_000, HtmlRenderer.Render(text, isCharacters: false, text.Length).Result.InsideOf("b"));
    }

    [Theory]
    [InlineData("<p>a<!-- b --><b title='x>y'>c&eacute;</b><script>if (a<b) c</script> d <![CDATA[ e ]]> f")]
    public void HTML_cut_anywhere_is_read(string html)
    {
        for (var length = 0; length <= html.Length; length++)
            Assert.InRange(HtmlRenderer.Render(html[..length], true, length).Text.All().Length, 0, html.Length);
    }

    private static HtmlResult Read(string html) => SampleMail.Parse("Content-Type: text/html\n\n" + html).LastHtml!;

    private static string Rendered(string html) =>
        string.Join(
            '|',
            SampleMail.Parse("Content-Type: text/html\n\n" + html).Body.Skip(1).Select(static line => line.ToString())
        );

    /// <summary>Counts the characters that it is told of.</summary>
    private sealed class StepCounter : IHtmlReader
    {
        public long Characters { get; private set; }

        public void Start(ReadOnlySpan<char> name, HtmlAttributes attributes) => Characters += name.Length;

        public void End(ReadOnlySpan<char> name) => Characters += name.Length;

        public void Text(ReadOnlySpan<char> text, bool isCData) => Characters += text.Length;

        public void Comment(ReadOnlySpan<char> source) => Characters += source.Length;

        public void Declaration(ReadOnlySpan<char> source) => Characters += source.Length;
    }
}
