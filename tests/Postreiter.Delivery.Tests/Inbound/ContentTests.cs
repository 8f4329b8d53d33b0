using Postreiter.Delivery.Scanning.Contents;
using Postreiter.Delivery.Tests.Scanning.Contents;
using Postreiter.Smtp.Server;
using Postreiter.Testing;
using static Postreiter.Delivery.Tests.Inbound.InboundSite;
using static Postreiter.Delivery.Tests.Scanning.Contents.Archives;

namespace Postreiter.Delivery.Tests.Inbound;

/// <summary>What becomes of messages by what is attached to them.</summary>
public sealed class ContentTests
{
    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task A_program_is_refused_whatever_it_is_called_and_in_whatever_encoding(Pacing pacing)
    {
        await using var site = await SiteAsync();
        await site.PlayAsync(
            ListenerRole.Mx,
            Send(
                "<ann@our.example>",
                Attached("photo.jpg", Program),
                "554 5.7.1 Message refused: photo.jpg is not taken here: a program (Windows)"
            ),
            pacing
        );
        await site.PlayAsync(
            ListenerRole.Mx,
            Send("<ann@our.example>", Attached("=?utf-8?q?a=2Ejs?=", Text("x")), "554 5.7.1 *")
        );
        await site.PlayAsync(
            ListenerRole.Mx,
            Send(
                "<ann@our.example>",
                "Subject: x\nContent-Type: application/x-msdownload\nContent-Transfer-Encoding: quoted-printable\n\n"
                    + Quoted(Program),
                "554 5.7.1 *"
            )
        );
        Assert.Equal(0, await site.CountAsync());
    }

    [Fact]
    public async Task A_message_that_is_attached_and_encoded_is_not_passed_over()
    {
        await using var site = await SiteAsync(new ContentRules { Unreadable = ContentAction.Refuse });
        var text = Attached("m.eml", Text(Attached("c.exe", Program)));
        await site.PlayAsync(
            ListenerRole.Mx,
            Send(
                "<ann@our.example>",
                text.Replace("application/octet-stream", "message/rfc822", StringComparison.Ordinal),
                "554 5.7.1 Message refused: m.eml is not taken here: an attached message that is encoded"
            )
        );
    }

    [Fact]
    public async Task Our_own_users_send_no_programs_either()
    {
        await using var site = await SiteAsync();
        await site.PlayAsync(
            ListenerRole.Submission,
            Send(
                "<x@far.example>",
                Attached("a.zip", Zip(("b", Program))),
                "554 5.7.1 *",
                "<ann@our.example>",
                asAnn: true
            )
        );
        Assert.Empty(await site.QueueAsync());
    }

    [Fact]
    public async Task What_is_only_marked_is_taken_and_a_mark_that_came_along_is_taken_out()
    {
        await using var site = await SiteAsync();
        await site.PlayAsync(
            ListenerRole.Mx,
            Send("<ann@our.example>", "X-Content-Found: nothing, honestly\n" + Attached("t.doc", Ole("VBA")))
        );
        var message = Assert.Single(await site.InboxAsync("ann"));
        Assert.Contains(
            "\r\nX-Content-Found: macros;\r\n file=\"t.doc\";\r\n macros (VBA)\r\n",
            message,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("honestly", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_harmless_is_left_alone()
    {
        await using var site = await SiteAsync();
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Attached("t.zip", Zip(("a.txt", Text("x"))))));
        Assert.DoesNotContain("X-Content", Assert.Single(await site.InboxAsync("ann")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_strictest_rule_decides_and_all_that_was_found_is_in_the_trace()
    {
        await using var site = await SiteAsync();
        site.Guard();
        await site.PlayAsync(
            ListenerRole.Submission,
            Send(
                "<ann@our.example>",
                Attached("a.zip", RawZip(new RawEntry("t.exe", Text("x")) { Flags = 1 })),
                "554 5.7.1 Message refused: a.zip/t.exe is not taken here: a program or script by its name (.exe)",
                "<ann@our.example>",
                asAnn: true
            )
        );
        var trace = await site.TraceAsync("ann@our.example");
        Assert.Contains("contents executables=refuse: a.zip/t.exe: a program", trace, StringComparison.Ordinal);
        Assert.Contains(
            "contents encrypted=mark: a.zip: a zip archive with a password",
            trace,
            StringComparison.Ordinal
        );
        await site.PlayAsync(
            ListenerRole.Submission,
            Send("<bob@our.example>", Attached("a.txt", Text("x")), from: "<ann@our.example>", asAnn: true)
        );
        Assert.Contains(
            "contents=clean: nothing was found in 1 files",
            await site.TraceAsync("bob@our.example"),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task An_archive_far_behind_the_beginning_of_a_large_file_is_seen(int more)
    {
        await using var site = await SiteAsync();
        byte[] film = [.. "GIF89a"u8, .. new byte[300_000 + more], .. Zip(("c.js", Text("x")))];
        await site.PlayAsync(
            ListenerRole.Mx,
            Send("<ann@our.example>", Attached("film.gif", film), "554 5.7.1 Message refused: film.gif/c.js is *")
        );
        await site.PlayAsync(
            ListenerRole.Mx,
            Send("<ann@our.example>", Attached("film.gif", [.. "GIF89a"u8, .. new byte[300_000 + more]]))
        );
    }

    [Fact]
    public async Task A_large_archive_is_looked_into_octet_by_octet()
    {
        await using var site = await SiteAsync();
        var noise = new byte[300_000];
        new Random(5).NextBytes(noise);
        await site.PlayAsync(
            ListenerRole.Mx,
            Send(
                "<ann@our.example>",
                Attached("a.zip", Zip(("noise", noise), ("b.zip", Zip(("noise", noise), ("c", Program))))),
                "554 5.7.1 Message refused: a.zip/b.zip/c is *"
            )
        );
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Attached("a.zip", Zip(("noise", noise)))));
        Assert.DoesNotContain("X-Content", Assert.Single(await site.InboxAsync("ann")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task L14_what_lies_in_messages_in_messages_is_looked_at()
    {
        await using var site = await SiteAsync();
        var inner = Attached("x.bin", Program);
        for (var i = 0; i < 30; i++)
            inner = "Subject: outer\nContent-Type: message/rfc822\n\n" + inner;
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", inner, "554 5.7.1 *"));
    }

    [Fact]
    public async Task Names_of_terminals_and_fields_stay_names()
    {
        await using var site = await SiteAsync(new ContentRules { Executables = ContentAction.Mark });
        await site.PlayAsync(
            ListenerRole.Mx,
            Send(
                "<ann@our.example>",
                Attached("a\u001b[2J\\\"; x=.exe", Text("x")).Replace("a\u001b", "a", StringComparison.Ordinal)
            )
        );
        var message = Assert.Single(await site.InboxAsync("ann"));
        Assert.Contains(
            "\r\nX-Content-Found: executables;\r\n file=\"a[2J?; x=.exe\";\r\n",
            message,
            StringComparison.Ordinal
        );
    }

    internal static string Attached(string name, byte[] content) =>
        $"""
            Subject: x
            Content-Type: multipart/mixed; boundary=b

            --b

            Hello.
            --b
            Content-Type: application/octet-stream
            Content-Disposition: attachment; filename="{name}"
            Content-Transfer-Encoding: base64

            {Convert.ToBase64String(content, Base64FormattingOptions.InsertLineBreaks).ReplaceLineEndings("\n")}
            --b--
            """;

    private static string Quoted(byte[] content) =>
        string.Join("=\n", content.Chunk(20).Select(static c => string.Concat(c.Select(static b => $"={b:X2}"))));

    private static async Task<InboundSite> SiteAsync(ContentRules? rules = null)
    {
        var site = await CreateAsync();
        site.LookInto(rules);
        return site;
    }
}
