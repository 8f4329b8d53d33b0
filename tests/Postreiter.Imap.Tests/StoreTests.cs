using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

public sealed class StoreTests
{
    private static readonly string Three =
        FetchTests.Append("(\\Seen)", "a: b\n\n1")
        + FetchTests.Append("($Work)", "a: b\n\n2")
        + FetchTests.Append("()", "a: b\n\n3");

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Flags_are_set_added_and_taken_away(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            Three
                + """
                C: 1 SELECT INBOX
                S... 1 OK *
                C: 2 STORE 1 +FLAGS (\Deleted $Work)
                S: * 1 FETCH (FLAGS (\Deleted \Seen $Work))
                S: 2 OK *
                C: 3 STORE 1:2 -FLAGS \Seen $work
                S: * 1 FETCH (FLAGS (\Deleted))
                S: * 2 FETCH (FLAGS ())
                S: 3 OK *
                C: 4 STORE 1,3 flags (\draft \FLAGGED)
                S: * 1 FETCH (FLAGS (\Flagged \Draft))
                S: * 3 FETCH (FLAGS (\Flagged \Draft))
                S: 4 OK *
                C: 5 STORE 3 FLAGS ()
                S: * 3 FETCH (FLAGS ())
                S: 5 OK *
                C: 6 UID STORE 2:9 +FLAGS (\Answered)
                S: * 2 FETCH (UID 2 FLAGS (\Answered))
                S: * 3 FETCH (UID 3 FLAGS (\Answered))
                S: 6 OK *
                C: 7 UID STORE 9 +FLAGS (\Answered)
                S: 7 OK *
                C: 8 STORE 3 +FLAGS.SILENT (\Answered \Recent)
                S: 8 OK *
                C: 9 STORE 3 +FLAGS (\Recent \Unknown)
                S: * 3 FETCH (FLAGS (\Answered))
                S: 9 OK *
                C: 10 UID STORE 1:3 FLAGS.SILENT ($A $B)
                S: 10 OK *
                C: 11 FETCH 1:3 FLAGS
                S: * 1 FETCH (FLAGS ($A $B))
                S: * 2 FETCH (FLAGS ($A $B))
                S: * 3 FETCH (FLAGS ($A $B))
                S: 11 OK *
                C: 12 STORE 4 FLAGS ()
                S: 12 BAD *
                C: 13 EXAMINE INBOX
                S... 13 OK *
                C: 14 STORE 1 FLAGS ()
                S: 14 NO [READ-ONLY] *
                """
        );
    }

    [Theory]
    [InlineData("STORE")]
    [InlineData("STORE 1")]
    [InlineData("STORE 1 FLAGS")]
    [InlineData("STORE 1 FLAGS ")]
    [InlineData("STORE 1 FLAGS (")]
    [InlineData("STORE 1 FLAGS (\\Seen")]
    [InlineData("STORE 1 FLAGS (\\Seen) x")]
    [InlineData("STORE 1 FLAGS (\\)")]
    [InlineData("STORE 1 FLAGS (a]b)")]
    [InlineData("STORE 1 FLAGS \"a\"")]
    [InlineData("STORE 1 FLAGS.LOUD (a)")]
    [InlineData("STORE 1 ++FLAGS (a)")]
    [InlineData("STORE 1 + FLAGS (a)")]
    [InlineData("STORE x FLAGS (a)")]
    public async Task What_is_no_STORE_is_BAD(string command)
    {
        var server = await ImapTestServer.StartAsync();
        var wire = command.Replace("\\", "\\\\", StringComparison.Ordinal);
        await server.PlayLoggedInAsync(
            Pacing.Lines,
            Three
                + $"C: 1 SELECT INBOX\nS... 1 OK *\nR: 2 {wire}\\r\\n\nS: 2 BAD *\nR: 3 UID {wire}\\r\\n\nS: 3 BAD *\n"
                + "C: 4 FETCH 1 FLAGS\nS: * 1 FETCH (FLAGS (\\Seen))\nS: 4 OK *"
        );
    }

    [Fact]
    public async Task L25_a_mailbox_has_256_keywords()
    {
        var server = await ImapTestServer.StartAsync();
        var all = string.Join(' ', Enumerable.Range(0, 256).Select(i => $"k{i:000}"));
        await server.PlayLoggedInAsync(
            Pacing.Lines,
            Three
                + $"""
                C: 1 SELECT INBOX
                S... 1 OK *
                C: 2 STORE 2 -FLAGS.SILENT ($Work)
                S: 2 OK *
                C: 3 STORE 1 +FLAGS.SILENT ({all})
                S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft {all})] *
                S: 3 OK *
                C: 4 STORE 2 +FLAGS.SILENT (K255)
                S: 4 OK *
                C: 5 STORE 2 +FLAGS.SILENT (one-more)
                S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft {all})] *
                S: 5 NO [LIMIT] *
                C: 6 STORE 2 -FLAGS.SILENT (one-more)
                S: 6 OK *
                C: 7 STORE 2 +FLAGS.SILENT ({new string('x', 101)})
                S: 7 NO [LIMIT] *
                C: 8 APPEND INBOX (one-more) {"{1+}"}
                C: x
                S: 8 NO [LIMIT] *
                C: 9 APPEND INBOX (k007) {"{1+}"}
                C: x
                S: * 4 EXISTS
                S: * 0 RECENT
                S: 9 OK *
                C: 10 SELECT INBOX
                S: * OK [CLOSED] *
                S: * FLAGS *
                S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft {all})] *
                S... 10 OK *
                C: 11 STORE 1 FLAGS.SILENT ()
                S: 11 OK *
                C: 12 APPEND INBOX (one-more) {"{1+}"}
                C: x
                S: * 5 EXISTS
                S: * 0 RECENT
                S: 12 OK *
                """
        );
    }
}
