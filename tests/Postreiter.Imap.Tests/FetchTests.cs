using System.Text;
using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

/// <summary>FETCH of everything but sections: <see cref="FetchSectionTests"/>.</summary>
public sealed class FetchTests
{
    private const string Message =
        "Date: Thu, 1 Jan 2026 10:00:00 +0100\nFrom: Ann <ann@example.org>\nSender: desk@example.org\n"
        + "To: team: bob@example.net, \"C D\" <c@example.net>;, eve@example.net\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n"
        + "Message-ID: <1@example.org>\nIn-Reply-To: <0@example.org>\n\nHallo\nWelt\n";

    internal static string Append(string arguments, string message)
    {
        var text = message
            .Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\n", "\\r\\n", StringComparison.Ordinal);
        var length = Encoding.UTF8.GetByteCount(message.Replace("\n", "\r\n", StringComparison.Ordinal));
        return $"C: a APPEND INBOX {arguments} {{{length}+}}\nR: {text}\\r\\n\nS: a OK *\n";
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Items_and_macros(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        var envelope =
            "(\"Thu, 1 Jan 2026 10:00:00 +0100\" \"=?utf-8?q?Gr=C3=BC=C3=9Fe?=\" ((\"Ann\" NIL \"ann\" \"example.org\")) "
            + "((NIL NIL \"desk\" \"example.org\")) ((\"Ann\" NIL \"ann\" \"example.org\")) ((NIL NIL \"team\" NIL)"
            + "(NIL NIL \"bob\" \"example.net\")(\"C D\" NIL \"c\" \"example.net\")(NIL NIL NIL NIL)"
            + "(NIL NIL \"eve\" \"example.net\")) NIL NIL \"<0@example.org>\" \"<1@example.org>\")";
        var body = "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 13 2";
        var size = Message.Length + Message.Count(c => c == '\n');
        await server.PlayLoggedInAsync(
            pacing,
            Append("(\\Flagged $Work) \"31-Dec-2025 23:59:59 -0330\"", Message)
                + $"""
                C: 1 SELECT INBOX
                S... 1 OK *
                C: 2 FETCH 1 FLAGS
                S: * 1 FETCH (FLAGS (\Flagged $Work))
                S: 2 OK *
                C: 3 FETCH 1 (UID INTERNALDATE RFC822.SIZE)
                S: * 1 FETCH (UID 1 INTERNALDATE "31-Dec-2025 23:59:59 -0330" RFC822.SIZE {size})
                S: 3 OK *
                C: 4 FETCH 1 ENVELOPE
                S: * 1 FETCH (ENVELOPE {envelope})
                S: 4 OK *
                C: 5 FETCH 1 (BODY BODYSTRUCTURE)
                S: * 1 FETCH (BODY {body}) BODYSTRUCTURE {body} NIL NIL NIL NIL))
                S: 5 OK *
                C: 6 FETCH 1 fast
                S: * 1 FETCH (FLAGS (\Flagged $Work) INTERNALDATE "31-Dec-2025 23:59:59 -0330" RFC822.SIZE {size})
                S: 6 OK *
                C: 7 FETCH 1 ALL
                S: * 1 FETCH (FLAGS (\Flagged $Work) INTERNALDATE "31-Dec-2025 23:59:59 -0330" RFC822.SIZE {size} ENVELOPE {envelope})
                S: 7 OK *
                C: 8 UID FETCH 1 FULL
                S: * 1 FETCH (UID 1 FLAGS (\Flagged $Work) INTERNALDATE "31-Dec-2025 23:59:59 -0330" RFC822.SIZE {size} ENVELOPE {envelope} BODY {body}))
                S: 8 OK *
                C: 9 UID FETCH 1 (uid flags UID)
                S: * 1 FETCH (UID 1 FLAGS (\Flagged $Work) UID 1)
                S: 9 OK *
                """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Only_what_is_no_PEEK_sets_Seen_and_then_tells_it(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            Dialogue.Repeat(5, _ => Append("()", "a: b\n\nx"))
                + """

                C: 1 SELECT INBOX
                S... 1 OK *
                C: 2 FETCH 1 (BODY.PEEK[] RFC822.HEADER BINARY.PEEK[] BINARY.SIZE[] ENVELOPE)
                S: * 1 FETCH (BODY[] {9}
                S: a: b
                S:
                S: x RFC822.HEADER {8}
                S: a: b
                S:
                S:  BINARY[] {9}
                S: a: b
                S:
                S: x BINARY.SIZE[] 9 ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL))
                S: 2 OK *
                C: 3 FETCH 1:5 FLAGS
                S: * 1 FETCH (FLAGS ())
                S... 3 OK *
                C: 4 FETCH 1 BODY[TEXT]
                S: * 1 FETCH (FLAGS (\Seen) BODY[TEXT] {1}
                S: x)
                S: 4 OK *
                C: 5 FETCH 1 BODY[TEXT]
                S: * 1 FETCH (BODY[TEXT] {1}
                S: x)
                S: 5 OK *
                C: 6 FETCH 2 RFC822
                S: * 2 FETCH (FLAGS (\Seen) RFC822 {9}
                S... 6 OK *
                C: 7 FETCH 3 (RFC822.TEXT FLAGS)
                S: * 3 FETCH (RFC822.TEXT {1}
                S: x FLAGS (\Seen))
                S: 7 OK *
                C: 8 UID FETCH 4:5 BINARY[1]
                S: * 4 FETCH (FLAGS (\Seen) UID 4 BINARY[1] {1}
                S: x)
                S: * 5 FETCH (FLAGS (\Seen) UID 5 BINARY[1] {1}
                S: x)
                S: 8 OK *
                C: 9 STORE 1 -FLAGS.SILENT (\Seen)
                S: 9 OK *
                C: 10 EXAMINE INBOX
                S... 10 OK *
                C: 11 FETCH 1 (BODY[HEADER] FLAGS)
                S: * 1 FETCH (BODY[HEADER] {8}
                S: a: b
                S:
                S:  FLAGS ())
                S: 11 OK *
                """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Sets_name_messages_by_number_and_by_UID(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            $$"""
            C: 0 SELECT INBOX
            S... 0 OK *
            C: 1 FETCH 1:* UID
            S: 1 OK *
            C: 2 UID FETCH 1:* FLAGS
            S: 2 OK *
            C: 3 FETCH 1 UID
            S: 3 BAD *
            {{Dialogue.Repeat(
                5,
                i => $"C: a APPEND INBOX {{1+}}\nC: {i}\nS: * {i + 1} EXISTS\nS: * 0 RECENT\nS: a OK *"
            )}}
            C: 4 STORE 2,4 +FLAGS.SILENT (\Deleted)
            S: 4 OK *
            C: 5 EXPUNGE
            S: * 4 EXPUNGE
            S: * 2 EXPUNGE
            S: 5 OK *
            C: 6 FETCH 1:* UID
            S: * 1 FETCH (UID 1)
            S: * 2 FETCH (UID 3)
            S: * 3 FETCH (UID 5)
            S: 6 OK *
            C: 7 FETCH 3,1,3:2 UID
            S: * 1 FETCH (UID 1)
            S: * 2 FETCH (UID 3)
            S: * 3 FETCH (UID 5)
            S: 7 OK *
            C: 8 FETCH 4 UID
            S: 8 BAD *
            C: 9 FETCH 2:4 UID
            S: 9 BAD *
            C: 10 UID FETCH 2:4 UID
            S: * 2 FETCH (UID 3)
            S: 10 OK *
            C: 11 UID FETCH 77:* UID
            S: * 3 FETCH (UID 5)                # RFC 9051 §9 seq-range: the largest, in whatever order
            S: 11 OK *
            C: 12 UID FETCH 6:4294967295 UID
            S: 12 OK *
            C: 13 UID FETCH 2 UID
            S: 13 OK *
            C: 14 FETCH * UID
            S: * 3 FETCH (UID 5)
            S: 14 OK *
            C: 15 FETCH 0 UID
            S: 15 BAD *
            C: 16 FETCH $ UID
            S: 16 OK *
            C: 17 UID FETCH 4294967296 UID
            S: 17 BAD *
            """
        );
    }

    [Theory]
    [InlineData("FETCH")]
    [InlineData("FETCH 1")]
    [InlineData("FETCH 1 ")]
    [InlineData("FETCH 1 ()")]
    [InlineData("FETCH 1 (FLAGS")]
    [InlineData("FETCH 1 FLAGS)")]
    [InlineData("FETCH 1 FLAGS UID")]
    [InlineData("FETCH 1 (FLAGS  UID)")]
    [InlineData("FETCH 1 (FLAGS ALL)")]
    [InlineData("FETCH 1 FOO")]
    [InlineData("FETCH 1 BODY[")]
    [InlineData("FETCH 1 BODY[]x")]
    [InlineData("FETCH 1 BODY[0]")]
    [InlineData("FETCH 1 BODY[1.]")]
    [InlineData("FETCH 1 BODY[.1]")]
    [InlineData("FETCH 1 BODY[1.0]")]
    [InlineData("FETCH 1 BODY[01]")]
    [InlineData("FETCH 1 BODY[4294967296]")]
    [InlineData("FETCH 1 BODY[MIME]")]
    [InlineData("FETCH 1 BODY[1.FOO]")]
    [InlineData("FETCH 1 BODY[TEXT.1]")]
    [InlineData("FETCH 1 BODY[HEADER.FIELDS]")]
    [InlineData("FETCH 1 BODY[HEADER.FIELDS ()]")]
    [InlineData("FETCH 1 BODY[HEADER.FIELDS (a]")]
    [InlineData("FETCH 1 BODY[HEADER.FIELDS a]")]
    [InlineData("FETCH 1 BODY[HEADER (a)]")]
    [InlineData("FETCH 1 BODY[]<0>")]
    [InlineData("FETCH 1 BODY[]<0.0>")]
    [InlineData("FETCH 1 BODY[]<.1>")]
    [InlineData("FETCH 1 BODY[]<-1.1>")]
    [InlineData("FETCH 1 BODY[]<0.1")]
    [InlineData("FETCH 1 BODYSTRUCTURE[]")]
    [InlineData("FETCH 1 BINARY[HEADER]")]
    [InlineData("FETCH 1 BINARY[1.MIME]")]
    [InlineData("FETCH 1 BINARY.SIZE[1]<0.1>")]
    [InlineData("FETCH 1 RFC822.PEEK")]
    [InlineData("FETCH 1 RFC822[]")]
    [InlineData("FETCH x FLAGS")]
    [InlineData("FETCH 1,,2 FLAGS")]
    [InlineData("FETCH 1: FLAGS")]
    [InlineData("FETCH 1:2:3 FLAGS")]
    public async Task What_is_no_FETCH_is_BAD(string command)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            Pacing.Lines,
            Append("()", "a: b\n\nx")
                + $"C: 1 SELECT INBOX\nS... 1 OK *\nR: 2 {command}\\r\\n\nS: 2 BAD *\nR: 3 UID {command}\\r\\n\nS: 3 BAD *"
        );
    }

    [Fact]
    public async Task L23_a_FETCH_has_1000_items()
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            Pacing.Lines,
            Append("()", "a: b\n\nx")
                + $"""
                C: 1 SELECT INBOX
                S... 1 OK *
                C: 2 FETCH 1 ({string.Join(' ', Enumerable.Repeat("UID", 1000))})
                S: * 1 FETCH ({string.Join(' ', Enumerable.Repeat("UID 1", 1000))})
                S: 2 OK *
                C: 3 FETCH 1 ({string.Join(' ', Enumerable.Repeat("UID", 1001))})
                S: 3 BAD *
                """
        );
    }

    [Fact]
    public async Task L14_a_mail_of_500_levels_is_shown_and_searched_to_the_hundredth()
    {
        var server = await ImapTestServer.StartAsync();
        await using var wire = await ImapWire.ConnectAsync(server);
        await wire.AppendAsync(
            "INBOX",
            string.Concat(Enumerable.Repeat("Content-Type: message/rfc822\r\n\r\n", 500)) + "x"
        );
        await wire.RunAsync("SELECT INBOX");
        var told = await wire.RunAsync("FETCH 1 (BODY BODYSTRUCTURE ENVELOPE)");
        Assert.Equal("OK Done", told[^1]);
        Assert.Contains("(\"application\" \"octet-stream\"", told[0], StringComparison.Ordinal);
        var path = string.Join('.', Enumerable.Repeat("1", 90));
        Assert.StartsWith(
            $"* 1 FETCH (BODY[{path}] {{",
            (await wire.RunAsync($"FETCH 1 BODY.PEEK[{path}]"))[0],
            StringComparison.Ordinal
        );
        var deep = string.Join('.', Enumerable.Repeat("1", 400));
        Assert.Equal($"* 1 FETCH (BODY[{deep}] NIL)", (await wire.RunAsync($"FETCH 1 BODY.PEEK[{deep}]"))[0]);
        Assert.Equal(["* SEARCH 1", "OK Done"], await wire.RunAsync("SEARCH TEXT message/rfc822"));
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task What_quotes_cannot_hold_is_a_literal(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            Append("()", "Subject: a \"b\" \\ c\nTo: \"x \\\" y\" <b@c>\n\n")
                + Append("()", "Subject: Grüße\nContent-Type: text/plain; name=\"ü.txt\"\n\n")
                + """
                C: 1 SELECT INBOX
                S... 1 OK *
                C: 2 FETCH 1 ENVELOPE
                S: * 1 FETCH (ENVELOPE (NIL "a \"b\" \\ c" NIL NIL NIL (("x \" y" NIL "b" "c")) NIL NIL NIL NIL))
                S: 2 OK *
                C: 3 FETCH 2 ENVELOPE
                S: * 2 FETCH (ENVELOPE (NIL {7}
                S: Grüße NIL NIL NIL NIL NIL NIL NIL NIL))
                S: 3 OK *
                C: 4 FETCH 2 BODY
                S: * 2 FETCH (BODY ("text" "plain" ("name*" "utf-8''%C3%BC.txt") NIL NIL "7bit" 0 0))
                S: 4 OK *
                C: 5 ENABLE IMAP4rev2
                S... 5 OK *
                C: 6 FETCH 2 (ENVELOPE BODY)
                S: * 2 FETCH (ENVELOPE (NIL "Grüße" NIL NIL NIL NIL NIL NIL NIL NIL) BODY ("text" "plain" ("name" "ü.txt") NIL NIL "7bit" 0 0))
                S: 6 OK *
                """
        );
    }
}
