namespace Postreiter.Imap.Tests;

/// <summary>The example tree of RFC 9051 §6.4.5.1, each section cut out of it by hand.</summary>
public sealed class FetchSectionTests
{
    private const string H =
        "From: a@b\r\nSUBJECT : top\r\n folded\r\nX-A: 1\r\nSubject: again\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n";
    private const string M1 = "Content-Type: text/plain\r\n\r\n";
    private const string B1 = "one\r\ntwo";
    private const string M2 = "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    private const string B2 = "AAEC\r\n/w==\r\n";
    private const string M3 = "Content-Type: message/rfc822\r\nContent-Description: three\r\n\r\n";
    private const string H3 = "Subject: in three\r\nContent-Type: multipart/mixed; boundary=t\r\n\r\n";
    private const string M31 = "X-P: 31\r\n\r\n";
    private const string B31 = "three one\r\n";
    private const string M32 = "Content-Type: application/octet-stream\r\n\r\n";
    private const string B32 = "";
    private const string T3 = "pre\r\n--t\r\n" + M31 + B31 + "\r\n--t\r\n" + M32 + B32 + "\r\n--t--\r\npost";
    private const string M4 = "Content-Type: multipart/mixed; boundary=f\r\n\r\n";
    private const string M41 = "Content-Type: image/gif\r\nContent-ID: <gif>\r\n\r\n";
    private const string B41 = "GIF89a";
    private const string M42 = "Content-Type: message/rfc822\r\n\r\n";
    private const string H42 = "Subject: in four two\r\nContent-Type: multipart/mixed; boundary=g\r\n\r\n";
    private const string M421 = "\r\n";
    private const string B421 = "plain";
    private const string M422 = "Content-Type: multipart/alternative; boundary=h\r\n\r\n";
    private const string M4221 = "Content-Type: text/plain\r\n\r\n";
    private const string B4221 = "alt";
    private const string M4222 = "Content-Type: text/richtext\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n";
    private const string B4222 = "<b>=61lt=\r\n</b>";
    private const string B422 = "--h\r\n" + M4221 + B4221 + "\r\n--h\r\n" + M4222 + B4222 + "\r\n--h--";
    private const string T42 = "--g\r\n" + M421 + B421 + "\r\n--g\r\n" + M422 + B422 + "\r\n--g--\r\n";
    private const string B4 = "--f\r\n" + M41 + B41 + "\r\n--f\r\n" + M42 + H42 + T42 + "\r\n--f--";
    private const string M5 = "Content-Type: message/rfc822\r\n\r\n";
    private const string H5 = "Subject: in five\r\n\r\n";
    private const string T5 = "five";
    private const string T =
        "preamble\r\n--o\r\n"
        + M1
        + B1
        + "\r\n--o\r\n"
        + M2
        + B2
        + "\r\n--o\r\n"
        + M3
        + H3
        + T3
        + "\r\n--o\r\n"
        + M4
        + B4
        + "\r\n--o\r\n"
        + M5
        + H5
        + T5
        + "\r\n--o--\r\nepilogue";

    public static TheoryData<string, string?> Sections =>
        new()
        {
            { "", H + T },
            { "HEADER", H },
            { "TEXT", T },
            { "1", B1 },
            { "1.MIME", M1 },
            { "2", B2 },
            { "2.MIME", M2 },
            { "3", H3 + T3 },
            { "3.MIME", M3 },
            { "3.HEADER", H3 },
            { "3.TEXT", T3 },
            { "3.1", B31 },
            { "3.1.MIME", M31 },
            { "3.2", B32 },
            { "3.2.MIME", M32 },
            { "4", B4 },
            { "4.MIME", M4 },
            { "4.1", B41 },
            { "4.1.MIME", M41 },
            { "4.2", H42 + T42 },
            { "4.2.MIME", M42 },
            { "4.2.HEADER", H42 },
            { "4.2.TEXT", T42 },
            { "4.2.1", B421 },
            { "4.2.1.MIME", M421 },
            { "4.2.2", B422 },
            { "4.2.2.MIME", M422 },
            { "4.2.2.1", B4221 },
            { "4.2.2.1.MIME", M4221 },
            { "4.2.2.2", B4222 },
            { "5", H5 + T5 },
            { "5.HEADER", H5 },
            { "5.TEXT", T5 },
            // A message that is no multipart has one part, its text.
            { "5.1", T5 },
            { "HEADER.FIELDS (subject)", "SUBJECT : top\r\n folded\r\nSubject: again\r\n\r\n" },
            { "HEADER.FIELDS (X-A FROM)", "From: a@b\r\nX-A: 1\r\n\r\n" },
            { "HEADER.FIELDS (X-None)", "\r\n" },
            { "HEADER.FIELDS (\"x-a\" {4+}\r\nFrom)", "From: a@b\r\nX-A: 1\r\n\r\n" },
            { "HEADER.FIELDS.NOT (Subject Content-Type MIME-Version)", "From: a@b\r\nX-A: 1\r\n\r\n" },
            { "3.HEADER.FIELDS (Subject)", "Subject: in three\r\n\r\n" },
            { "3.HEADER.FIELDS.NOT (Subject)", "Content-Type: multipart/mixed; boundary=t\r\n\r\n" },
            { "4.2.HEADER.FIELDS (SUBJECT)", "Subject: in four two\r\n\r\n" },
            // There is nothing of that kind (RFC 9051 §6.4.5.1).
            { "6", null },
            { "1.1", null },
            { "1.HEADER", null },
            { "2.TEXT", null },
            { "4.HEADER", null },
            { "3.3", null },
            { "5.2", null },
            { "5.1.1", null },
            { "1.HEADER.FIELDS (Subject)", null },
        };

    [Theory, MemberData(nameof(Sections))]
    public async Task Every_section_is_cut_out_right(string section, string? expected)
    {
        var server = await ImapTestServer.StartAsync();
        await using var wire = await ImapWire.ConnectAsync(server);
        await wire.AppendAsync("INBOX", H + T);
        await wire.RunAsync("SELECT INBOX");
        var label = section
            .Replace("{4+}\r\n", "", StringComparison.Ordinal)
            .Replace("\"", "", StringComparison.Ordinal);
        var fetched = await wire.RunAsync($"FETCH 1 BODY.PEEK[{section}]");
        Assert.Equal([$"* 1 FETCH (BODY[{label}] {Literal(expected)})", "OK Done"], fetched);

        // Each cut, also past the end: RFC 9051 §6.4.5.1.
        if (expected is null)
            return;
        foreach (
            var (origin, length) in new[]
            {
                (0, 1),
                (0, 5),
                (3, 4),
                (1, 100_000),
                (expected.Length, 1),
                (expected.Length + 7, 3),
            }
        )
        {
            var cut = expected[Math.Min(origin, expected.Length)..];
            cut = cut[..Math.Min(length, cut.Length)];
            fetched = await wire.RunAsync($"FETCH 1 BODY.PEEK[{section}]<{origin}.{length}>");
            Assert.Equal($"* 1 FETCH (BODY[{label}]<{origin}> {Literal(cut)})", fetched[0]);
        }
    }

    [Fact]
    public async Task Partials_of_any_size_are_taken()
    {
        var server = await ImapTestServer.StartAsync();
        await using var wire = await ImapWire.ConnectAsync(server);
        await wire.AppendAsync("INBOX", H + T);
        await wire.RunAsync("SELECT INBOX");
        var fetched = await wire.RunAsync(
            "FETCH 1 (BODY.PEEK[]<0.9223372036854775807> BODY.PEEK[TEXT]<9223372036854775807.9223372036854775807>)"
        );
        Assert.Equal($"* 1 FETCH (BODY[]<0> {Literal(H + T)} BODY[TEXT]<9223372036854775807> {{0}}\r\n)", fetched[0]);
        Assert.StartsWith(
            "BAD ",
            (await wire.RunAsync("FETCH 1 BODY[]<0.9223372036854775808>"))[^1],
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task BODYSTRUCTURE_tells_the_same_tree()
    {
        var server = await ImapTestServer.StartAsync();
        await using var wire = await ImapWire.ConnectAsync(server);
        await wire.AppendAsync("INBOX", H + T);
        await wire.RunAsync("SELECT INBOX");
        var envelope = "NIL NIL NIL NIL NIL NIL NIL NIL";
        static string Text(int octets, int lines) =>
            $"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" {octets} {lines})";
        var expected =
            "((\"text\" \"plain\" NIL NIL NIL \"7bit\" 8 1)"
            + "(\"application\" \"octet-stream\" NIL NIL NIL \"base64\" 12)"
            + $"(\"message\" \"rfc822\" NIL NIL \"three\" \"7bit\" {(H3 + T3).Length} (NIL \"in three\" {envelope}) "
            + $"({Text(11, 1)}(\"application\" \"octet-stream\" NIL NIL NIL \"7bit\" 0) \"mixed\") {Lines(H3 + T3)})"
            + "((\"image\" \"gif\" NIL \"<gif>\" NIL \"7bit\" 6)"
            + $"(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" {(H42 + T42).Length} (NIL \"in four two\" {envelope}) "
            + $"({Text(5, 0)}((\"text\" \"plain\" NIL NIL NIL \"7bit\" 3 0)"
            + $"(\"text\" \"richtext\" NIL NIL NIL \"quoted-printable\" {B4222.Length} 1) \"alternative\") \"mixed\") {Lines(H42 + T42)}) \"mixed\")"
            + $"(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" {(H5 + T5).Length} (NIL \"in five\" {envelope}) {Text(4, 0)} {Lines(H5 + T5)}) \"mixed\")";
        Assert.Equal($"* 1 FETCH (BODY {expected})", (await wire.RunAsync("FETCH 1 BODY"))[0]);

        static int Lines(string text) => text.Count(c => c == '\n');
    }

    [Fact]
    public async Task BINARY_decodes_what_it_can()
    {
        var server = await ImapTestServer.StartAsync();
        await using var wire = await ImapWire.ConnectAsync(server);
        await wire.AppendAsync("INBOX", H + T);
        await wire.AppendAsync("INBOX", "Content-Transfer-Encoding: x-uuencode\r\n\r\nx");
        await wire.AppendAsync("INBOX", "Content-Transfer-Encoding: base64\r\n\r\n!!!!");
        await wire.RunAsync("SELECT INBOX");
        // RFC 9051 §7.5.2: a literal8 because of the NUL.
        Assert.Equal(
            "* 1 FETCH (BINARY[2] ~{4}\r\n\0\x01\x02\xFF BINARY.SIZE[2] 4)",
            (await wire.RunAsync("FETCH 1 (BINARY.PEEK[2] BINARY.SIZE[2])"))[0]
        );
        Assert.Equal("* 1 FETCH (BINARY[2]<3> {1}\r\n\xFF)", (await wire.RunAsync("FETCH 1 BINARY.PEEK[2]<3.9>"))[0]);
        Assert.Equal(
            "* 1 FETCH (BINARY[4.2.2.2] {10}\r\n<b>alt</b>)",
            (await wire.RunAsync("FETCH 1 BINARY.PEEK[4.2.2.2]"))[0]
        );
        Assert.Equal($"* 1 FETCH (BINARY[3] {Literal(H3 + T3)})", (await wire.RunAsync("FETCH 1 BINARY.PEEK[3]"))[0]);
        Assert.Equal(
            "* 1 FETCH (BINARY[9] NIL BINARY.SIZE[9] 0)",
            (await wire.RunAsync("FETCH 1 (BINARY.PEEK[9] BINARY.SIZE[9])"))[0]
        );

        // RFC 9051 §6.4.5: the others are answered, and the whole is a NO.
        Assert.Equal(
            [
                "* 1 FETCH (UID 1 BINARY[1] {8}\r\none\r\ntwo)",
                "* 2 FETCH (UID 2)",
                "* 3 FETCH (UID 3 BINARY[1] {0}\r\n)",
                "NO [UNKNOWN-CTE] A part has an unknown transfer encoding",
            ],
            await wire.RunAsync("FETCH 1:3 (UID BINARY.PEEK[1])")
        );
    }

    [Fact]
    public async Task P8_bytes_come_back_as_they_were()
    {
        var server = await ImapTestServer.StartAsync();
        await using var wire = await ImapWire.ConnectAsync(server);
        var odd = "a: \xE4\n b\r\rc\0\x80\n\n.\r\n..\r" + new string('\xFF', 70_000) + "\n\nFrom x\r\n";
        await wire.AppendAsync("INBOX", odd);
        var all = string.Concat(Enumerable.Range(0, 400_000).Select(i => (char)(i * 31 % 256)));
        await wire.AppendAsync("INBOX", all);
        await wire.RunAsync("SELECT INBOX");
        Assert.Equal($"* 1 FETCH (BODY[] {Literal(odd)})", (await wire.RunAsync("FETCH 1 BODY.PEEK[]"))[0]);
        Assert.Equal($"* 2 FETCH (BODY[] {Literal(all)})", (await wire.RunAsync("FETCH 2 BODY.PEEK[]"))[0]);
    }

    private static string Literal(string? text) => text is null ? "NIL" : $"{{{text.Length}}}\r\n{text}";
}
