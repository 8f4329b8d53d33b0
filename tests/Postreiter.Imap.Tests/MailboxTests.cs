using Postreiter.Imap.Syntax;
using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

public sealed class MailboxTests
{
    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task CREATE_makes_parents_and_special_uses(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            """
            C: 1 CREATE a/b/c/
            S: 1 OK *
            C: 2 LIST "" a*
            S: * LIST (\HasChildren) "/" "a"
            S: * LIST (\HasChildren) "/" "a/b"
            S: * LIST (\HasNoChildren) "/" "a/b/c"
            S: 2 OK *
            C: 3 CREATE a/b
            S: 3 NO [ALREADYEXISTS] *
            C: 4 CREATE Inbox
            S: 4 NO [ALREADYEXISTS] *
            C: 5 CREATE Sent2 (USE (\Sent))
            S: 5 NO [USEATTR] *      # a use belongs to one mailbox
            C: 6 CREATE all (USE (\All))
            S: 6 NO [USEATTR] *
            C: 7 CREATE two (USE (\Sent \Trash))
            S: 7 NO [USEATTR] *
            C: 8 DELETE Trash
            S: 8 OK *
            C: 9 CREATE Bin (USE (\trash))
            S: 9 OK *
            C: 10 LIST (SPECIAL-USE) "" B*
            S: * LIST (\HasNoChildren \Trash) "/" "Bin"
            S: 10 OK *
            C: 11 CREATE plain (USE ())
            S: 11 OK *
            C: 12 CREATE x (USE)
            S: 12 BAD *
            C: 13 CREATE x (OTHER (\Sent))
            S: 13 BAD *
            C: 14 CREATE x (USE (Sent))
            S: 14 BAD *
            C: 15 CREATE
            S: 15 BAD *
            C: 16 CREATE x y
            S: 16 BAD *
            """
        );
    }

    [Theory]
    [InlineData("\"\"")]
    [InlineData("/")]
    [InlineData("a//b")]
    [InlineData("/a")]
    [InlineData("\"a*b\"")]
    [InlineData("\"a%b\"")]
    [InlineData("\"a&AAk-b\"")]
    [InlineData("\"a&ICg-b\"")]
    public async Task L25_what_is_no_name_is_CANNOT(string name)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            Pacing.Lines,
            $"C: 1 CREATE {name}\nS: 1 NO [CANNOT] *\nC: 2 RENAME Trash {name}\nS: 2 NO [CANNOT] *"
        );
    }

    [Fact]
    public async Task L25_names_have_a_longest_level_a_longest_whole_and_a_depth()
    {
        var server = await ImapTestServer.StartAsync();
        var level = new string('x', 255);
        var (deep, deeper) = (
            string.Join('/', Enumerable.Repeat("d", 16)),
            string.Join('/', Enumerable.Repeat("d", 17))
        );
        await server.PlayLoggedInAsync(
            Pacing.Lines,
            $"""
            C: 1 CREATE {level}
            S: 1 OK *
            C: 2 CREATE {level}x
            S: 2 NO [CANNOT] *
            C: 3 CREATE {level}/{level}/{level}/{level[..232]}
            S: 3 OK *
            C: 4 CREATE {level}/{level}/{level}/{level[..233]}
            S: 4 NO [CANNOT] *
            C: 5 CREATE {deep}
            S: 5 OK *
            C: 6 CREATE {deeper}
            S: 6 NO [CANNOT] *
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task DELETE_leaves_children_alone(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            """
            C: 1 CREATE a/b
            S: 1 OK *
            C: 2 DELETE a
            S: 2 NO [HASCHILDREN] *      # RFC 9051 §6.3.5
            C: 3 DELETE a/b
            S: 3 OK *
            C: 4 DELETE a
            S: 4 OK *
            C: 5 DELETE a
            S: 5 NO [NONEXISTENT] *
            C: 6 DELETE inbox
            S: 6 NO [CANNOT] *
            C: 7 DELETE
            S: 7 BAD *
            C: 8 SELECT Trash
            S... 8 OK *
            C: 9 DELETE Trash
            S: * OK [CLOSED] *
            S: 9 OK *
            C: 10 EXPUNGE
            S: 10 BAD *
            C: 11 STATUS Trash (MESSAGES)
            S: 11 NO [NONEXISTENT] *
            """
        );
    }

    [Fact]
    public async Task A_session_whose_mailbox_another_deletes_is_ended()
    {
        var server = await ImapTestServer.StartAsync();
        var connection = MemoryConnection.Create();
        var session = server.Handler.HandleAsync(connection, CancellationToken.None);
        var one = Dialogue.On(connection, Pacing.Lines);
        await one.RunAsync("S: * OK *\nC: 1 LOGIN ann secret\nS: 1 OK *\nC: 2 SELECT Trash\nS... 2 OK *");
        await server.PlayLoggedInAsync(Pacing.Lines, "C: 1 DELETE Trash\nS: 1 OK *");
        await one.RunAsync("C: 3 NOOP\nS: * BYE *\nS: 3 OK *");
        await session;
        await connection.DisposeAsync();
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task RENAME_takes_children_along_and_empties_INBOX(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            """
            C: 1 CREATE a/b/c
            S: 1 OK *
            C: 2 RENAME a/b x/y
            S: 2 OK *
            C: 3 LIST "" (a* x*)
            S: * LIST (\HasNoChildren) "/" "a"
            S: * LIST (\HasChildren) "/" "x"
            S: * LIST (\HasChildren) "/" "x/y"
            S: * LIST (\HasNoChildren) "/" "x/y/c"
            S: 3 OK *
            C: 4 RENAME x x/z
            S: 4 NO [CANNOT] *
            C: 5 RENAME x a
            S: 5 NO [ALREADYEXISTS] *
            C: 6 RENAME nowhere b
            S: 6 NO [NONEXISTENT] *
            C: 7 RENAME a
            S: 7 BAD *
            C: 8 CREATE INBOX/kept
            S: 8 OK *
            C: 9 APPEND inbox {1+}
            C: m
            S: 9 OK *
            C: 10 SELECT INBOX
            S... 10 OK *
            C: 11 RENAME inbox old
            S: * 1 EXPUNGE
            S: 11 OK *
            C: 12 LIST "" * RETURN (STATUS (MESSAGES))
            S: * LIST (\HasChildren) "/" "INBOX"
            S: * STATUS "INBOX" (MESSAGES 0)
            S... * STATUS "INBOX/kept" (MESSAGES 0)
            S... * STATUS "old" (MESSAGES 1)
            S... 12 OK *
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Names_are_kept_in_NFC_and_a_rev2_client_is_told(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        const string Composed = "\u00FC";
        const string Decomposed = "u\u0308";
        await server.PlayLoggedInAsync(
            pacing,
            $"""
            C: 1 ENABLE IMAP4rev2
            S... 1 OK *
            C: 2 CREATE "{Decomposed}"
            S: * LIST () "/" "{Composed}" ("OLDNAME" ("{Decomposed}"))
            S: 2 OK *
            C: 3 SELECT "{Decomposed}"
            S... * LIST () "/" "{Composed}" ("OLDNAME" ("{Decomposed}"))
            S: 3 OK *
            C: 4 CLOSE
            S: 4 OK *
            C: 5 RENAME "{Decomposed}" "{Decomposed}2"
            S: * LIST () "/" "{Composed}2" ("OLDNAME" ("{Decomposed}"))
            S: 5 OK *
            C: 6 RENAME "{Composed}2" "{Composed}"
            S: 6 OK *
            C: 7 DELETE "{Decomposed}"
            S: * LIST (\NonExistent) "/" "{Composed}" ("OLDNAME" ("{Decomposed}"))
            S: 7 OK *
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task STATUS_tells_every_item(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            """
            C: 1 APPEND Sent (\Seen) {3+}
            C: abc
            S: 1 OK *
            C: 2 APPEND Sent (\Deleted) {2+}
            C: ab
            S: 2 OK *
            C: 3 STATUS sent (MESSAGES)
            S: 3 NO [NONEXISTENT] *
            C: 4 STATUS Sent (messages UIDNEXT UNSEEN DELETED SIZE RECENT)
            S: * STATUS "Sent" (MESSAGES 2 UIDNEXT 3 UNSEEN 1 DELETED 1 SIZE 5 RECENT 0)
            S: 4 OK *
            C: 5 STATUS Sent (UIDVALIDITY)
            S: * STATUS "Sent" (UIDVALIDITY *
            S: 5 OK *
            """
        );
    }

    [Theory]
    [InlineData("INBOX", "INBOX")]
    [InlineData("~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/\u53F0\u5317/\u65E5\u672C\u8A9E")]
    [InlineData("a&-b", "a&b")]
    [InlineData("&2D3eAA-", "\U0001F600")]
    public void Modified_UTF_7_reads_and_writes_the_same(string wire, string name)
    {
        Assert.True(ModifiedUtf7.TryDecode(System.Text.Encoding.ASCII.GetBytes(wire), out var read));
        Assert.Equal(name, read);
        Assert.Equal(wire, ModifiedUtf7.Encode(name));
    }

    [Theory]
    [InlineData("&")] // no end
    [InlineData("&AGE-")] // printable ASCII in base64
    [InlineData("&U,BTFw-&ZeVnLIqe-")] // RFC 3501 §5.1.3: superfluous shift
    [InlineData("&U/BTFw-")] // "/" for ","
    [InlineData("&U,BT-")] // not whole characters
    [InlineData("&U,BTFx-")] // bits left over
    [InlineData("&2D0-")] // half a surrogate pair
    [InlineData("\u0080")]
    public void Modified_UTF_7_has_one_spelling_for_a_name(string wire) =>
        Assert.False(
            ModifiedUtf7.TryDecode(System.Text.Encoding.Latin1.GetBytes(wire), out var name)
                && !name.EnumerateRunes().Any(static r => r.Value == 0xFFFD)
        );
}
