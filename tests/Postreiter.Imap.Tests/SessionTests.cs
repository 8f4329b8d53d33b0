using Postreiter.Core;
using Postreiter.Imap.Syntax;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Mail;
using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

public sealed class SessionTests
{
    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Mail_is_appended_copied_moved_and_expunged(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayAsync(
            pacing,
            """
            S: * OK [CAPABILITY IMAP4rev1 *
            C: 1 LOGIN ann secret
            S: 1 OK *
            C: 2 APPEND INBOX (\Seen \Deleted) " 1-Jan-2026 12:00:00 +0100" {6+}
            R: a: b\r\n\r\n
            S: 2 OK [APPENDUID *
            C: 3 APPEND {5}
            S: + *
            R: INBOX {6}\r\n
            S: + *
            R: a: c\r\n\r\n
            S: 3 OK [APPENDUID *
            C: 4 STATUS INBOX (MESSAGES UNSEEN DELETED SIZE)
            S: * STATUS "INBOX" (MESSAGES 2 UNSEEN 1 DELETED 1 SIZE 12)
            S: 4 OK *
            C: 5 SELECT inbox
            S... * 2 EXISTS
            S... 5 OK [READ-WRITE] *
            C: 6 COPY 2 Sent
            S: 6 OK [COPYUID *
            C: 7 COPY 3 Sent
            S: 7 BAD *
            C: 8 UID MOVE 2 Nowhere
            S: 8 NO [TRYCREATE] *
            C: 9 EXPUNGE
            S: * 1 EXPUNGE
            S: 9 OK *
            C: 10 MOVE 1 Trash
            S: * OK [COPYUID *
            S: * 1 EXPUNGE
            S: 10 OK *
            C: 11 EXAMINE Sent
            S... 11 OK [READ-ONLY] *
            C: 12 EXPUNGE
            S: 12 NO [READ-ONLY] *
            C: 13 LOGOUT
            S: * BYE *
            S: 13 OK *
            S: <closed>
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Mailboxes_are_made_renamed_listed_and_deleted(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayAsync(
            pacing,
            """
            S: * OK *
            C: 1 LOGIN ann secret
            S: 1 OK *
            C: 2 CREATE "B&APw-cher/Alt"
            S: 2 OK *
            C: 3 LIST "" B*
            S: * LIST (\HasChildren) "/" "B&APw-cher"
            S: * LIST (\HasNoChildren) "/" "B&APw-cher/Alt"
            S: 3 OK *
            C: 4 DELETE B&APw-cher
            S: 4 NO [HASCHILDREN] *
            C: 5 RENAME B&APw-cher Books
            S: 5 OK *
            C: 6 LIST "" Books/%
            S: * LIST (\HasNoChildren) "/" "Books/Alt"
            S: 6 OK *
            C: 7 LSUB "" Tr*
            S: * LSUB (\HasNoChildren \Trash) "/" "Trash"
            S: 7 OK *
            C: 8 DELETE INBOX
            S: 8 NO [CANNOT] *
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Pipelined_commands_are_run_in_their_order(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            """
            R: 1 APPEND INBOX {1+}\r\na\r\n2 APPEND INBOX {1+}\r\nb\r\n3 SELECT INBOX\r\n4 STORE 1 +FLAGS (\\Deleted)\r\n
            R: 5 FETCH 2 UID\r\n6 EXPUNGE\r\n7 FETCH 1 UID\r\n8 SEARCH RETURN (SAVE) ALL\r\n9 UID FETCH $ FLAGS\r\n
            R: 10 CREATE x\r\n11 MOVE 1 x\r\n12 FETCH 1 UID\r\n13 SELECT x\r\n14 FETCH 1 UID\r\n
            R: 15 IDLE\r\nDONE\r\n16 LOGOUT\r\n17 NOOP\r\n
            S: 1 OK *
            S: 2 OK *
            S... 3 OK *
            S: * 1 FETCH (FLAGS (\Deleted))
            S: 4 OK *
            S: * 2 FETCH (UID 2)
            S: 5 OK *
            S: * 1 EXPUNGE
            S: 6 OK *
            S: * 1 FETCH (UID 2)
            S: 7 OK *
            S: 8 OK *
            S: * 1 FETCH (UID 2 FLAGS ())
            S: 9 OK *
            S: 10 OK *
            S: * OK [COPYUID *
            S: * 1 EXPUNGE
            S: 11 OK *
            S: 12 BAD *
            S: * OK [CLOSED] *
            S... 13 OK *
            S: * 1 FETCH (UID 1)
            S: 14 OK *
            S: + *
            S: 15 OK *
            S: * BYE *
            S: 16 OK *
            S: <closed>
            """
        );
    }

    [Theory]
    [InlineData("Private")]
    [InlineData("bob@example.org/Private")]
    [InlineData("~bob/Private")]
    [InlineData("#user.bob.Private")]
    [InlineData("user/bob/Private")]
    [InlineData("/2/Private")]
    [InlineData("../bob/Private")]
    [InlineData("INBOX/../Private")]
    [InlineData("2")]
    [InlineData("' OR name = 'Private")]
    [InlineData("INBOX' --")]
    public async Task P12_no_name_leads_to_the_mail_of_another(string name)
    {
        var server = await ImapTestServer.StartAsync();
        var ct = TestContext.Current.CancellationToken;
        var keys = new Credentials("", new ScramKeys([], 4096, [], []));
        var bob = await server.Store.Directory.AddAccountAsync(new(EmailAddress.Parse("bob@example.org"), keys), ct);
        await server.Store.Mail.CreateMailboxAsync(bob!.Id, "Private", SpecialUse.None, ct);
        await server.PlayLoggedInAsync(
            Pacing.Lines,
            $$"""
            C: 1 SELECT "{{name}}"
            S: 1 NO [NONEXISTENT] *
            C: 2 STATUS "{{name}}" (MESSAGES)
            S: 2 NO [NONEXISTENT] *
            C: 3 LIST "" "{{name}}"
            S: 3 OK *
            C: 4 LIST "{{name}}" *
            S: 4 OK *
            C: 5 DELETE "{{name}}"
            S: 5 NO *
            C: 6 RENAME "{{name}}" mine
            S: 6 NO *
            C: 7 SUBSCRIBE "{{name}}"
            S: 7 NO *
            C: 8 APPEND "{{name}}" {1}
            S: 8 NO *
            C: 9 SELECT INBOX
            S... 9 OK *
            C: 10 UID COPY 1:* "{{name}}"
            S: 10 NO *
            """
        );
        Assert.NotNull(await server.Store.Mail.FindMailboxAsync(bob.Id, "Private", ct));
    }

    [Fact]
    public async Task L13_the_third_failed_login_ends_the_session()
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayAsync(
            Pacing.Lines,
            """
            S: * OK *
            C: 1 LOGIN ann a
            S: 1 NO [AUTHENTICATIONFAILED] *
            C: 2 LOGIN ann b
            S: 2 NO [AUTHENTICATIONFAILED] *
            C: 3 LOGIN ann c
            S: 3 NO [AUTHENTICATIONFAILED] *
            S: * BYE *
            S: <closed>
            """
        );
    }

    [Fact]
    public async Task L26_the_fifth_bad_command_before_login_ends_the_session()
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayAsync(
            Pacing.Lines,
            $"S: * OK *\n{Dialogue.Repeat(5, i => $"C: {i} FOO\nS: {i} BAD *")}\nS: * BYE *\nS: <closed>"
        );
    }

    [Fact]
    public async Task Login_waits_for_TLS_and_what_came_before_it_is_dropped()
    {
        var server = await ImapTestServer.StartAsync(new ImapOptions());
        await server.PlayAsync(
            Pacing.Lines,
            """
            S: * OK [CAPABILITY *
            C: 1 LOGIN ann secret
            S: 1 NO [PRIVACYREQUIRED] *
            R: 2 STARTTLS\r\n3 NOOP\r\n
            S: 2 OK *
            TLS
            C: 4 LOGIN ann secret
            S: 4 OK *
            """
        );
    }

    [Fact]
    public async Task An_idle_session_hears_of_new_mail_from_another()
    {
        var server = await ImapTestServer.StartAsync();
        var connection = MemoryConnection.Create();
        var session = server.Handler.HandleAsync(connection, CancellationToken.None);
        var idle = Dialogue.On(connection, Pacing.Lines);
        await idle.RunAsync(
            "S: * OK *\nC: 1 LOGIN ann secret\nS: 1 OK *\nC: 2 SELECT INBOX\nS... 2 OK *\nC: 3 IDLE\nS: + *"
        );
        await server.PlayAsync(
            Pacing.Lines,
            "S: * OK *\nC: 1 LOGIN ann secret\nS: 1 OK *\nC: 2 APPEND INBOX {1+}\nC: x\nS: 2 OK *"
        );
        await idle.RunAsync("S: * 1 EXISTS\nS: * 0 RECENT\nC: DONE\nS: 3 OK *\nC: 4 LOGOUT\nS... 4 OK *");
        await session;
        await connection.DisposeAsync();
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("1:*,5,7:3", true)]
    [InlineData("$", true)]
    [InlineData("0", false)]
    [InlineData("1:", false)]
    [InlineData("4294967296", false)]
    public void Sequence_sets(string text, bool good)
    {
        var reader = new ImapReader(System.Text.Encoding.ASCII.GetBytes(text));
        Assert.Equal(good, reader.TrySequenceSet(out _));
    }

    [Theory]
    [InlineData("\"\"", "", 2)]
    [InlineData("\"a b\" c", "a b", 5)]
    [InlineData("\"a\\\"b\\\\\" c", "a\"b\\", 8)]
    [InlineData("\"\\\"\"", "\"", 4)]
    [InlineData("{3}\r\na\"b c", "a\"b", 8)]
    [InlineData("{3+}\r\na\"b", "a\"b", 9)]
    [InlineData("~{1}\r\n\0", "\0", 7)]
    [InlineData("{0}\r\n", "", 5)]
    [InlineData("\"a", null, 0)]
    [InlineData("\"a\\\"", null, 0)]
    [InlineData("\"a\\b\"", null, 0)]
    [InlineData("\"a\\", null, 0)]
    [InlineData("\"a\rb\"", null, 0)]
    [InlineData("\"a\\\"\0b\"", null, 0)]
    [InlineData("{3}\r\nab", null, 0)]
    [InlineData("{3}ab", null, 0)]
    [InlineData("{-1}\r\n", null, 0)]
    [InlineData("abc", null, 0)]
    [InlineData("", null, 0)]
    public void Strings(string text, string? value, int length)
    {
        var reader = new ImapReader(System.Text.Encoding.Latin1.GetBytes(text));
        Assert.Equal(value is not null, reader.TryString(out var bytes));
        Assert.Equal(value ?? "", System.Text.Encoding.Latin1.GetString(bytes));
        Assert.Equal(length, reader.Position);
    }
}
