using Postreiter.Testing;

namespace Postreiter.Spam.Tests.Spamd;

/// <summary>Whole requests and whole answers, octet by octet; the answers are those of spamd 4.0.1 for the same verdicts.</summary>
public sealed class SpamdRequestTests
{
    private const string Checker = "X-Spam-Checker-Version: SpamAssassin 4.0.1 (2024-03-25) on mx.our.example\n";
    private const string Marked =
        Checker
        + "X-Spam-Level: ******\nSubject: [spam] offer\nTo: ann@our.example\nX-Spam-Prev-Subject: offer\n\nbuy now\n";

    private static readonly string Header = Marked[..^"buy now\n".Length];

    public static TheoryData<string, string, string> Exchanges() =>
        new()
        {
            { "PING SPAMC/1.2\r\n", "", "SPAMD/1.5 0 PONG\r\n" },
            { "PING SPAMC/1.5\r\n\r\n", "", "SPAMD/1.5 0 PONG\r\n" },
            { "PING SPAMC/1.5\r\nUser: ann\r\nX: y\r\n\r\n", "", "SPAMD/1.5 0 PONG\r\n" },
            { "SKIP SPAMC/1.2\r\n", "", "" },
            { "SKIP SPAMC/1.5\r\n\r\n", "", "" },
            {
                "CHECK SPAMC/1.5\r\nContent-length: #\r\n\r\n",
                SpamdTestServer.Spam,
                "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 6.0 / 5.0\r\n\r\n"
            },
            {
                "CHECK SPAMC/1.5\r\nUser: ann\r\n\r\n",
                SpamdTestServer.Ham,
                "SPAMD/1.1 0 EX_OK\r\nSpam: False ; 0.0 / 5.0\r\n\r\n"
            },
            { "CHECK SPAMC/1.0\r\n", SpamdTestServer.Spam, "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 6.0 / 5.0\r\n\r\n" },
            { "CHECK SPAMC/1.5\r\n\r\n", "", "SPAMD/1.1 0 EX_OK\r\nSpam: False ; 0.0 / 5.0\r\n\r\n" },
            {
                "SYMBOLS SPAMC/1.5\r\n\r\n",
                SpamdTestServer.Spam,
                "SPAMD/1.1 0 EX_OK\r\nContent-length: 10\r\nSpam: True ; 6.0 / 5.0\r\n\r\nA_RULE,BUY"
            },
            {
                "SYMBOLS SPAMC/1.2\r\n\r\n",
                SpamdTestServer.Spam,
                "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 6.0 / 5.0\r\n\r\nA_RULE,BUY\r\n"
            },
            {
                "REPORT SPAMC/1.5\r\n\r\n",
                SpamdTestServer.Ham,
                "SPAMD/1.1 0 EX_OK\r\nContent-length: 12\r\nSpam: False ; 0.0 / 5.0\r\n\r\n0.0 of 5.0\n\n"
            },
            {
                "REPORT_IFSPAM SPAMC/1.5\r\n\r\n",
                SpamdTestServer.Ham,
                "SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\nSpam: No ; 0.0 / 5.0\r\n\r\n"
            },
            {
                "REPORT_IFSPAM SPAMC/1.5\r\n\r\n",
                SpamdTestServer.Spam,
                "SPAMD/1.1 0 EX_OK\r\nContent-length: 12\r\nSpam: Yes ; 6.0 / 5.0\r\n\r\n6.0 of 5.0\n\n"
            },
            {
                "PROCESS SPAMC/1.5\r\nContent-length: #\r\n\r\n",
                SpamdTestServer.Spam,
                $"SPAMD/1.1 0 EX_OK\r\nContent-length: {Marked.Length}\r\nSpam: True ; 6.0 / 5.0\r\n\r\n{Marked}"
            },
            {
                "PROCESS SPAMC/1.2\r\n\r\n",
                SpamdTestServer.Spam,
                $"SPAMD/1.1 0 EX_OK\r\nContent-length: {Marked.Length}\r\n\r\n{Marked}"
            },
            { "PROCESS SPAMC/1.1\r\n\r\n", SpamdTestServer.Spam, $"SPAMD/1.0 0 EX_OK\r\n{Marked}" },
            {
                "HEADERS SPAMC/1.5\r\n\r\n",
                SpamdTestServer.Spam,
                $"SPAMD/1.1 0 EX_OK\r\nContent-length: {Header.Length}\r\nSpam: True ; 6.0 / 5.0\r\n\r\n{Header}"
            },
            {
                "HEADERS SPAMC/1.2\r\n\r\n",
                "Subject: x\r\n\r\nbuy now\r\n",
                $"SPAMD/1.1 0 EX_OK\r\nContent-length: 142\r\n\r\n{Checker[..^1]}\r\nX-Spam-Level: ******\r\nSubject: [spam] x\r\nX-Spam-Prev-Subject: x\r\n\r\n"
            },
            // Bad requests: 76 with a reason.
            { "", "", "SPAMD/1.0 76 Bad header line: (closed before headers)\r\n" },
            { "HELO you\r\n", "", "SPAMD/1.0 76 Bad header line: HELO you\r\n" },
            { "CHECK SPAMD/1.5\r\n", "", "SPAMD/1.0 76 Bad header line: CHECK SPAMD/1.5\r\n" },
            { "CHECK SPAMC/x\r\n", "", "SPAMD/1.0 76 Bad header line: CHECK SPAMC/x\r\n" },
            { "check SPAMC/1.5\r\n", "", "SPAMD/1.0 76 Bad header line: check SPAMC/1.5\r\n" },
            { "A\u0007\u00ff\r\n", "", "SPAMD/1.0 76 Bad header line: A??\r\n" },
            { "CHECK SPAMC/1.5\r\nUser: a\r\n", "", "SPAMD/1.0 76 Bad header line: (EOF during headers)\r\n" },
            {
                "CHECK SPAMC/1.5\r\nno colon\r\n",
                "",
                "SPAMD/1.0 76 Bad header line: (header not in 'Name: value' format)\r\n"
            },
            {
                "CHECK SPAMC/1.5\r\nContent-length: 1x\r\n\r\n",
                "",
                "SPAMD/1.0 76 Bad header line: (Content-Length contains non-numeric bytes)\r\n"
            },
            {
                "CHECK SPAMC/1.5\r\nContent-length: 9\r\n\r\n",
                "four",
                "SPAMD/1.0 76 Bad header line: (Content-Length mismatch: Expected 9 bytes, got 4 bytes)\r\n"
            },
            {
                "CHECK SPAMC/1.5\r\nUser: a\u0001b\r\n\r\n",
                "",
                "SPAMD/1.0 76 Bad header line: (User header contains control chars)\r\n"
            },
            {
                "CHECK SPAMC/1.5\r\nCompress: lzma\r\n\r\n",
                "",
                "SPAMD/1.0 76 Bad header line: (compression type not supported: lzma)\r\n"
            },
            {
                "CHECK SPAMC/1.5\r\nCompress: zlib\r\n\r\n",
                "",
                "SPAMD/1.0 69 Service Unavailable: Compress requires Content-length header\r\n"
            },
            {
                "CHECK SPAMC/1.5\r\nCompress: zlib\r\nContent-length: 4\r\n\r\n",
                "four",
                "SPAMD/1.0 69 Service Unavailable: zlib: the data is damaged\r\n"
            },
            {
                "TELL SPAMC/1.5\r\nMessage-class: spam\r\nSet: local\r\n\r\n",
                SpamdTestServer.Spam,
                "SPAMD/1.0 69 Service Unavailable: TELL commands are not enabled\r\n"
            },
        };

    [Theory, MemberData(nameof(Exchanges))]
    public async Task The_answer_is_exactly_this(string head, string mail, string answer)
    {
        head = head.Replace(
            "#",
            mail.Length.ToString(System.Globalization.CultureInfo.InvariantCulture),
            StringComparison.Ordinal
        );
        using var server = new SpamdTestServer();
        Assert.Equal(answer, await server.AskAsync(Pacing.Lines, head + mail));
        Assert.Equal(answer, await server.AskAsync(Pacing.Bytes, head + mail));
    }

    [Fact]
    public async Task A_request_with_a_length_is_answered_before_the_client_closes_its_side()
    {
        using var server = new SpamdTestServer();
        await server.PlayAsync(
            """
            R: CHECK SPAMC/1.5\r\nContent-length: 8\r\n\r\nbuy now\n
            S: SPAMD/1.1 0 EX_OK
            S: Spam: True ; 6.0 / 5.0
            S:
            S: <closed>
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Packed_mail_is_unpacked(Pacing pacing)
    {
        using var server = new SpamdTestServer();
        var mail = "Subject: x\r\n\r\nbuy now \0\u00ff\r\n";
        var answer = await server.AskAsync(
            pacing,
            SpamdTestServer.Packed("CHECK", System.Text.Encoding.Latin1.GetBytes(mail)),
            stopping: TestContext.Current.CancellationToken
        );
        Assert.Equal("SPAMD/1.1 0 EX_OK\r\nSpam: True ; 6.0 / 5.0\r\n\r\n", answer);
        Assert.Equal(mail, System.Text.Encoding.Latin1.GetString(server.Scanner.Last));
    }

    [Fact]
    public async Task The_mail_is_scanned_octet_for_octet()
    {
        using var server = new SpamdTestServer();
        var every = string.Concat(Enumerable.Range(0, 256).Select(i => (char)i));
        await server.AskAsync(Pacing.Bytes, "CHECK SPAMC/1.5\r\n\r\n" + every);
        Assert.Equal(every, System.Text.Encoding.Latin1.GetString(server.Scanner.Last));
    }
}
