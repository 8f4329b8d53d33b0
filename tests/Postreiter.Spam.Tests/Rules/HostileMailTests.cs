using System.Text;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Rules;

namespace Postreiter.Spam.Tests.Rules;

/// <summary>
/// Mails made to cost much, under all stock rules: what a scan allocates is bounded by the mail, and so is all that it counts. The
/// sizes are those of <c>spam.max_scan_size</c>; work that grows faster than the mail would not end within the patience of whoever runs this.
/// </summary>
public sealed class HostileMailTests
{
    private const int Size = 512 * 1024;

    // Octets that a scan may allocate for each of the mail's, beside what any mail costs.
    private const int MostEach = 200;
    private const int MostAtAll = 16 << 20;

    private const string Plain = "Content-Type: text/plain; charset=utf-8\n\n";
    private const string Html = "Content-Type: text/html; charset=utf-8\n\n<html><body>";
    private const string Mixed = "Content-Type: multipart/mixed; boundary=b\n\n";

    private static readonly Lazy<SpamEngine> Engine = new(static () =>
        new SpamEngine(Rulesets.Stock, new SpamEngineOptions { KeepsAllSubRules = true })
    );

    [Theory]
    [InlineData("one line", Plain, "word ")]
    [InlineData("one word", Plain, "a")]
    [InlineData("single letters", Plain, "a\n")]
    [InlineData("a form to fill in", Plain, "your full name: 1. address ")]
    [InlineData("sums of money", Plain, "$1,000,000 ")]
    [InlineData("blank lines", Plain, "\n")]
    [InlineData("NULs", Plain, "\0")]
    [InlineData("carriage returns", Plain, "\r")]
    [InlineData("signatures", Plain, "-- \n")]
    [InlineData("stock tips", Plain, "Price: Symbol: ")]
    [InlineData("one URI", Plain + "http://a.example.com/", "%41")]
    [InlineData("redirections", Plain, "http://a.org/http://b.org/http://c.org/ ")]
    [InlineData("logins", Plain, "http://x@y.org ")]
    [InlineData("kanji shifts", "Content-Type: text/plain; charset=iso-2022-jp\n\n", "\x1B$B!!\x1B(B")]
    [InlineData("UTF-7 shifts", "Content-Type: text/plain; charset=utf-7\n\n", "+AGE-")]
    [InlineData("nested messages", "", "Content-Type: message/rfc822\n\n")]
    [InlineData("parts", Mixed, "--b\nContent-Type: text/plain\n\nhello http://a.example.com/\n")]
    [InlineData("HTML parts", Mixed, "--b\nContent-Type: text/html\n\n<p>x\n")]
    [InlineData("boundaries", Mixed, "--b\n")]
    [InlineData("dashes", Mixed, "--")]
    [InlineData("base64", "Content-Transfer-Encoding: base64\n" + Plain, "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\n")]
    [InlineData("one tag", Html + "<", "a")]
    [InlineData("one attribute", Html + "<a href='", "a")]
    [InlineData("one style", Html + "<p style='", "color:#fff;font-size:1px;")]
    [InlineData("attributes of one name", Html + "<a ", "href=b ")]
    [InlineData("open elements", Html, "<div>")]
    [InlineData("open fonts", Html, "<font size=7 color=red>x")]
    [InlineData("open tables", Html, "<table><tr><td>")]
    [InlineData("open anchors", Html, "<a href=http://a.example.com/>x")]
    [InlineData("styles within styles", Html, "<span style='color:red'>x")]
    [InlineData("ends of nothing", Html, "<b></i>")]
    [InlineData("beginnings of tags", Html, "<")]
    [InlineData("beginnings of declarations", Html, "<!")]
    [InlineData("beginnings of comments", Html, "<!--")]
    [InlineData("beginnings of sections", Html, "<![CDATA[")]
    [InlineData("beginnings of instructions", Html, "<?")]
    [InlineData("beginnings of values", Html, "<a b=\"")]
    [InlineData("scripts", Html, "<script>")]
    [InlineData("titles", Html, "<title>x")]
    [InlineData("ampersands", Html, "&")]
    [InlineData("entities", Html, "&amp;&#65;&nbsp;")]
    [InlineData("one number", Html + "&#", "1")]
    [InlineData("bases", Html, "<base href=http://a.org/x/y/><a href=../../z>")]
    [InlineData("one encoded word", "Subject: =?utf-8?B?", "A")]
    [InlineData("encoded words", "Subject: ", "=?utf-8?B?w6k=?= ")]
    [InlineData("broken encoded words", "Subject: ", "=?utf-8?Q?")]
    [InlineData("a folded subject", "Subject: ", "x\n ")]
    [InlineData("fields of one name", "", "To: a@b.example\n")]
    [InlineData("commas", "To: ", ",")]
    [InlineData("brackets", "To: ", "<")]
    [InlineData("closed brackets", "To: <a@b", "> <a@b")]
    [InlineData("quotes", "To: ", "\"a\" ")]
    [InlineData("comments", "From: ", "(a) ")]
    [InlineData("at signs", "From: ", "a@")]
    [InlineData("message ids", "Message-ID: ", "<a@")]
    [InlineData("one Received field", "Received: from ", "a.(b [c")]
    [InlineData("a charset's name", "Content-Type: text/plain; charset=", "-")]
    public void A_scan_allocates_no_more_than_its_mail_is_worth(string name, string start, string again)
    {
        var mail = new StringBuilder(start, Size + again.Length);
        while (mail.Length < Size)
            mail.Append(again);
        IsBounded(name, mail.ToString());
    }

    [Theory]
    [InlineData("parts in parts", "", "Content-Type: multipart/mixed; boundary=b#\n\n--b#\n")]
    [InlineData(
        "relays",
        "",
        "Received: from a#.example (a#.example [203.0.113.7]) by b (Postfix) with ESMTP id A#; x\n"
    )]
    [InlineData("URIs", Plain, "http://h#.example.com/p?q=# ")]
    [InlineData("host names", Plain, "h#.example.com ")]
    [InlineData("addresses", Plain, "u#@example.com ")]
    [InlineData("links", Html, "<a href='http://h#.example.com/p'>http://g#.example.com/</a>")]
    [InlineData("attributes", Html + "<a ", "a#=b ")]
    [InlineData("fields", "", "X-H#: v\n")]
    [InlineData("recipients", "To: ", "\"n #\" <u#@example.com>, ")]
    [InlineData("parameters", "Content-Type: text/plain; ", "p#=v; ")]
    [InlineData("pieces of a name", "Content-Type: text/plain; ", "name*#=v; ")]
    public void A_scan_of_numbered_things_allocates_no_more_either(string name, string start, string numbered)
    {
        var mail = new StringBuilder(start, Size + 100);
        for (var i = 0; mail.Length < Size; i++)
            mail.Append(numbered.Replace("#", $"{i}", StringComparison.Ordinal));
        IsBounded(name, mail.ToString());
    }

    [Fact]
    public void A_hundred_thousand_URIs_and_relays_are_counted_up_to_their_limits()
    {
        var mail = new StringBuilder();
        for (var i = 0; i < 100_000; i++)
            mail.Append($"Received: from h{i} ([203.0.113.9]) by b; x\n");
        mail.Append(Plain);
        for (var i = 0; i < 100_000; i++)
            mail.Append($"http://h{i}.example.com/ ");
        var engine = Engine.Value;
        var facts = engine.Facts(engine.Read(Encoding.Latin1.GetBytes(mail.ToString())));
        Assert.True(engine.Scan(facts).Points > -1000);
        // The header is read up to 64 KiB for ALL, and each Received field once.
        Assert.True(facts.Mail.Received.Untrusted.Count <= 100_000);
        Assert.True(facts.Uris.All.Count <= 10_000, $"{facts.Uris.All.Count} URIs");
        Assert.All(facts.Mail.Body, static line => Assert.True(line.Length <= 2049));
    }

    [Fact]
    public void A_mail_larger_than_is_scanned_says_so()
    {
        var mail = new byte[50 << 20];
        Array.Fill(mail, (byte)'x');
        Encoding.Latin1.GetBytes("Subject: large\n\n").CopyTo(mail, 0);
        var read = Engine.Value.Read(mail);
        Assert.True(read.Flags.HasFlag(SpamMailFlags.TruncatedMail));
        Assert.Equal(new SpamMailOptions().MaxScanSize, read.Full.Length);
        Engine.Value.Scan(read);
    }

    private static void IsBounded(string name, string text)
    {
        var engine = Engine.Value;
        var mail = Encoding.Latin1.GetBytes(text);
        engine.Scan(engine.Read(mail));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var result = engine.Scan(engine.Read(mail));
        var octets = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(
            octets <= MostAtAll + ((long)MostEach * mail.Length),
            $"{name}: {octets / mail.Length} octets are allocated for each of the mail's"
        );
        Assert.False(double.IsNaN(result.Points));
    }
}
