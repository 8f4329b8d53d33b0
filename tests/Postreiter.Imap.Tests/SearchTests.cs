using System.Text;
using Postreiter.Storage;
using Postreiter.Storage.Mail;
using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

public sealed class SearchTests
{
    // 1: plain, seen.
    private const string Plain =
        "From: \"Ann Smith\" <ann@example.org>\nTo: bob@example.net\nCc: carol@example.com\n"
        + "Subject: Lunch\n on Friday\nDate: Tue, 3 Feb 2026 23:30:00 -0800\nMessage-ID: <one@example.org>\n"
        + "X-Mark:  red\n\tgreen\n\nSee you at noon. Bring the book.\n";

    // 2: encoded words, quoted-printable in Latin-1, base64 in UTF-8, a message inside.
    private const string Nested =
        "From: =?utf-8?q?J=C3=B6rg?= <joerg@example.org>\nBcc: undisclosed: dan@example.org;\n"
        + "Subject: =?iso-8859-1?q?Gr=FC=DFe?= aus =?utf-8?b?S8O2bG4=?=\nIn-Reply-To: <one@example.org>\n"
        + "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n"
        + "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n"
        + "Die Stra=DFe ist lan=\ng.\n--b\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
        + "PHA+TcO8bGxlcjwvcD4=\n--b\nContent-Type: message/rfc822\n\n"
        + "Subject: Innermost\n\ndeep words\n--b\nContent-Type: image/png; name=pixel\nContent-Transfer-Encoding: base64\n\n"
        + "aGlkZGVu\n--b--\n";

    // 3: no header field at all.
    private const string Bare = "\njust a body\n";

    private static async Task<ImapTestServer> StartAsync()
    {
        var server = await ImapTestServer.StartAsync();
        var script = new StringBuilder();
        void Append(string arguments, string message)
        {
            var text = message.Replace("\n", "\\r\\n", StringComparison.Ordinal);
            var length = message.Replace("\n", "\r\n", StringComparison.Ordinal).Length;
            script.Append($"C: a APPEND INBOX {arguments} {{{length}+}}\nR: {text}\\r\\n\nS: a OK *\n");
        }

        Append("(\\Seen \\Answered) \"01-Jan-2026 23:30:00 -0800\"", Plain);
        Append("(\\Flagged $Work) \"10-Jan-2026 00:30:00 +0100\"", Nested);
        Append("(\\Deleted \\Draft) \"20-Jan-2026 12:00:00 +0000\"", Bare);
        await server.PlayLoggedInAsync(Pacing.Lines, script.ToString());
        return server;
    }

    public static TheoryData<string, string> Rows =>
        new()
        {
            { "ALL", " 1 2 3" },
            { "SEEN", " 1" },
            { "UNSEEN", " 2 3" },
            { "ANSWERED", " 1" },
            { "UNANSWERED", " 2 3" },
            { "FLAGGED", " 2" },
            { "UNFLAGGED", " 1 3" },
            { "DELETED", " 3" },
            { "UNDELETED", " 1 2" },
            { "DRAFT", " 3" },
            { "UNDRAFT", " 1 2" },
            { "KEYWORD $work", " 2" },
            { "UNKEYWORD $Work", " 1 3" },
            { "NEW", "" },
            { "RECENT", "" },
            { "OLD", " 1 2 3" },
            { "2", " 2" },
            { "2:*", " 2 3" },
            { "*", " 3" },
            { "UID 1,3", " 1 3" },
            { "UID 7:9", "" },
            { "$", "" },
            { "NOT 2", " 1 3" },
            { "OR 1 3", " 1 3" },
            { "OR SEEN NOT (DELETED DRAFT)", " 1 2" },
            { "SEEN DELETED", "" },
            { "(SEEN) (ALL)", " 1" },
            { "LARGER 100", " 1 2" },
            { "SMALLER 100", " 3" },
            { "LARGER 15", " 1 2" },
            { "SMALLER 15", "" },
            { "LARGER 14 SMALLER 16", " 3" },
            // Time and zone do not count: 1 January is the date as the INTERNALDATE shows it.
            { "ON 1-Jan-2026", " 1" },
            { "BEFORE 10-Jan-2026", " 1" },
            { "SINCE 10-Jan-2026", " 2 3" },
            { "SENTON 3-Feb-2026", " 1" },
            { "SENTBEFORE 3-Feb-2026", " 2 3" },
            { "SENTSINCE \"3-Feb-2026\"", " 1" },
            { "FROM smith", " 1" },
            { "FROM \"Smith <ann@EXAMPLE\"", " 1" },
            { "FROM Jörg", "" },
            { "FROM \"jörg\"", " 2" },
            { "FROM \"JÖRG <joerg@\"", " 2" },
            { "TO bob", " 1" },
            { "CC carol@example.com", " 1" },
            { "BCC dan", " 2" },
            { "BCC undisclosed", " 2" },
            { "SUBJECT \"lunch on\"", " 1" },
            { "SUBJECT \"GRÜßE AUS KÖLN\"", " 2" },
            { "SUBJECT \"\"", " 1 2" },
            { "HEADER subject friday", " 1" },
            { "HEADER Message-ID <one@example.org>", " 1" },
            { "HEADER IN-REPLY-TO one@", " 2" },
        };

    public static TheoryData<string, string> Contents =>
        new()
        {
            { "HEADER X-Mark \"red green\"", " 1" },
            { "HEADER X-Mark \"\"", " 1" },
            { "HEADER X-None \"\"", "" },
            { "HEADER From jörg", "" },
            { "HEADER From \"jörg\"", " 2" },
            { "NOT HEADER From \"\"", " 3" },
            { "BODY noon", " 1" },
            { "BODY \"noon. bring\"", " 1" },
            { "BODY lunch", "" },
            { "BODY \"STRAßE IST LANG.\"", " 2" },
            { "BODY \"müller\"", " 2" },
            { "BODY \"deep words\"", " 2" },
            { "BODY innermost", "" },
            { "BODY preamble", "" },
            { "BODY hidden", "" },
            { "BODY \"just a body\"", " 3" },
            { "BODY {3}", " 3" },
            { "TEXT lunch", " 1" },
            { "TEXT innermost", " 2" },
            { "TEXT \"content-type: image/png; name=pixel\"", " 2" },
            { "TEXT \"köln\"", " 2" },
            { "TEXT \"X-Mark: red\"", " 1" },
            { "OR BODY noon TEXT just", " 1 3" },
            { "NOT TEXT \"e\"", " 3" },
            { "SEEN BODY deep", "" },
            { "OR SEEN BODY deep", " 1 2" },
        };

    [Theory, MemberData(nameof(Rows))]
    public async Task Rows_answer_without_opening_a_content(string keys, string found)
    {
        var server = await StartAsync();
        server.Fault = static method =>
            method == nameof(IMailStore.OpenAsync) ? new InvalidOperationException("a content was opened") : null;
        await PlayAsync(server, keys, found);
    }

    [Theory, MemberData(nameof(Contents))]
    public async Task Contents_are_searched_decoded(string keys, string found) =>
        await PlayAsync(await StartAsync(), keys, found);

    private static async Task PlayAsync(ImapTestServer server, string keys, string found)
    {
        // Atoms hold no 8-bit characters.
        var isBad = keys.Contains(" Jörg", StringComparison.OrdinalIgnoreCase);
        var command = keys.Contains("{3}", StringComparison.Ordinal)
            ? $"C: 2 SEARCH {keys.Replace("{3}", "{3+}", StringComparison.Ordinal)}\nC: jus\n"
            : $"C: 2 SEARCH {keys}\n";
        await server.PlayLoggedInAsync(
            Pacing.Lines,
            "C: 1 EXAMINE INBOX\nS... 1 OK *\n" + command + (isBad ? "S: 2 BAD *" : $"S: * SEARCH{found}\nS: 2 OK *")
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task ESEARCH_tells_what_RETURN_asks_for(Pacing pacing)
    {
        var server = await StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            """
            C: 1 SELECT INBOX
            S... 1 OK *
            C: 2 STORE 1 +FLAGS.SILENT (\Deleted)
            S: 2 OK *
            C: 3 UID EXPUNGE 1
            S: * 1 EXPUNGE
            S: 3 OK *
            C: 4 SEARCH RETURN () ALL
            S: * ESEARCH (TAG "4") ALL 1:2
            S: 4 OK *
            C: 5 UID SEARCH RETURN (ALL MAX MIN COUNT) ALL
            S: * ESEARCH (TAG "5") UID MIN 2 MAX 3 COUNT 2 ALL 2:3
            S: 5 OK *
            C: 6 SEARCH RETURN (MIN MAX ALL) SEEN
            S: * ESEARCH (TAG "6")
            S: 6 OK *
            C: 7 SEARCH RETURN (COUNT) SEEN
            S: * ESEARCH (TAG "7") COUNT 0
            S: 7 OK *
            C: 8 UID SEARCH 1
            S: * SEARCH 2
            S: 8 OK *
            C: 9 SEARCH 3
            S: 9 BAD *
            C: 10 SEARCH RETURN (FOO) ALL
            S: 10 BAD *
            C: 11 ENABLE IMAP4rev2
            S... 11 OK *
            C: 12 UID SEARCH FLAGGED
            S: * ESEARCH (TAG "12") UID ALL 2
            S: 12 OK *
            C: 13 SEARCH SEEN
            S: * ESEARCH (TAG "13")
            S: 13 OK *
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task A_saved_result_can_be_used_by_every_command(Pacing pacing)
    {
        var server = await StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            """
            C: 1 SELECT INBOX
            S... 1 OK *
            C: 2 FETCH $ UID
            S: 2 OK *                # RFC 9051 §6.4.4.1: empty after SELECT, and that is no error
            C: 3 SEARCH RETURN (SAVE) ALL
            S: 3 OK *
            C: 4 FETCH $ UID
            S: * 1 FETCH (UID 1)
            S: * 2 FETCH (UID 2)
            S: * 3 FETCH (UID 3)
            S: 4 OK *
            C: 5 SEARCH RETURN (SAVE MIN) ALL
            S: * ESEARCH (TAG "5") MIN 1
            S: 5 OK *
            C: 6 SEARCH $
            S: * SEARCH 1
            S: 6 OK *
            C: 7 UID SEARCH RETURN (MAX SAVE MIN) ALL
            S: * ESEARCH (TAG "7") UID MIN 1 MAX 3
            S: 7 OK *
            C: 8 SEARCH UID $
            S: * SEARCH 1 3
            S: 8 OK *
            C: 9 SEARCH RETURN (SAVE COUNT MAX) UNSEEN
            S: * ESEARCH (TAG "9") MAX 3 COUNT 2
            S: 9 OK *
            C: 10 SEARCH OR $ 1
            S: * SEARCH 1 2 3
            S: 10 OK *
            C: 11 SEARCH RETURN (SAVE) FOO
            S: 11 BAD *
            C: 12 SEARCH RETURN (ALL) SEEN
            S: * ESEARCH (TAG "12") ALL 1
            S: 12 OK *
            C: 13 SEARCH $
            S: * SEARCH 2 3          # neither BAD nor a search without SAVE changes it
            S: 13 OK *
            C: 14 STORE 2 +FLAGS.SILENT (\Deleted)
            S: 14 OK *
            C: 15 UID EXPUNGE 2
            S: * 2 EXPUNGE
            S: 15 OK *
            C: 16 SEARCH $
            S: * SEARCH 2
            S: 16 OK *
            C: 17 SEARCH RETURN (SAVE) CHARSET KOI8-R TEXT x
            S: 17 NO [BADCHARSET (US-ASCII UTF-8)] *
            C: 18 SEARCH $
            S: * SEARCH
            S: 18 OK *               # RFC 9051 §6.4.4.1: NO with SAVE leaves nothing
            C: 19 SEARCH RETURN (SAVE) ALL
            S: 19 OK *
            C: 20 COPY $ Trash
            S: 20 OK [COPYUID *
            C: 21 SELECT Trash
            S... 21 OK *
            C: 22 SEARCH $
            S: * SEARCH
            S: 22 OK *
            """
        );
    }

    [Fact]
    public async Task Charsets_other_than_ASCII_and_UTF8_are_a_NO()
    {
        var server = await StartAsync();
        await server.PlayLoggedInAsync(
            Pacing.Lines,
            """
            C: 1 SELECT INBOX
            S... 1 OK *
            C: 2 SEARCH CHARSET UTF-8 SUBJECT {6+}
            C: grüß
            S: * SEARCH 2
            S: 2 OK *
            C: 3 SEARCH CHARSET US-ASCII SUBJECT {6+}
            C: grüß
            S: 3 BAD *
            C: 4 SEARCH CHARSET us-ascii SUBJECT lunch
            S: * SEARCH 1
            S: 4 OK *
            C: 5 SEARCH CHARSET ISO-2022-JP SUBJECT lunch
            S: 5 NO [BADCHARSET (US-ASCII UTF-8)] *
            R: 6 SEARCH SUBJECT {1+}\r\n\xff\r\n
            S: 6 BAD *
            C: 7 ENABLE UTF8=ACCEPT
            S... 7 OK *
            C: 8 SEARCH CHARSET UTF-8 SUBJECT lunch
            S: 8 BAD *               # RFC 6855 §3
            C: 9 SEARCH SUBJECT "grüß"
            S... 9 OK *
            """
        );
    }

    [Fact]
    public async Task L15_a_field_has_1000_encoded_words()
    {
        var server = await ImapTestServer.StartAsync();
        await using var wire = await ImapWire.ConnectAsync(server);
        var words = string.Join("\r\n ", Enumerable.Range(0, 1002).Select(static i => $"=?utf-8?q?=77{i:0000}?="));
        await wire.AppendAsync("INBOX", $"Subject: {words}\r\n\r\n");
        await wire.RunAsync("SELECT INBOX");
        Assert.Equal(["* SEARCH 1", "OK Done"], await wire.RunAsync("SEARCH SUBJECT w0999"));
        Assert.Equal(["* SEARCH", "OK Done"], await wire.RunAsync("SEARCH SUBJECT w1001"));
        Assert.Equal(["* SEARCH 1", "OK Done"], await wire.RunAsync("SEARCH SUBJECT =771001"));
    }

    [Fact]
    public async Task F5_a_damaged_message_is_left_out_and_said()
    {
        var server = await StartAsync();
        var opened = 0;
        server.Fault = method =>
            method == nameof(IMailStore.OpenAsync) && Interlocked.Increment(ref opened) == 1
                ? new StoreException(StoreFault.DamagedContent, "the test says so")
                : null;
        await server.PlayLoggedInAsync(
            Pacing.Lines,
            """
            C: 1 SELECT INBOX
            S... 1 OK *
            C: 2 SEARCH TEXT e
            S: * NO [SERVERBUG] *
            S: * SEARCH 2
            S: 2 OK *
            C: 3 SEARCH TEXT e
            S: * SEARCH 1 2
            S: 3 OK *
            """
        );
    }

    [Fact]
    public async Task A_fault_of_the_store_is_a_NO_and_empties_the_saved_result()
    {
        var server = await StartAsync();
        var isBroken = false;
        server.Fault = method =>
            isBroken && method == nameof(IMailStore.ReadMessagesAsync)
                ? new StoreException(StoreFault.Busy, "the test says so")
                : null;
        var connection = MemoryConnection.Create();
        var session = server.Handler.HandleAsync(connection, CancellationToken.None);
        var client = Dialogue.On(connection, Pacing.Lines);
        await client.RunAsync(
            "S: * OK *\nC: 0 LOGIN ann secret\nS: 0 OK *\nC: 1 SELECT INBOX\nS... 1 OK *\n"
                + "C: 2 SEARCH RETURN (SAVE) ALL\nS: 2 OK *"
        );
        isBroken = true;
        await client.RunAsync(
            "C: 3 SEARCH RETURN (SAVE) LARGER 1\nS: 3 NO [INUSE] *\nC: 4 SEARCH $\nS: * SEARCH\nS: 4 OK *\n"
                + "C: 5 LOGOUT\nS... 5 OK *"
        );
        await session;
        await connection.DisposeAsync();
    }
}
