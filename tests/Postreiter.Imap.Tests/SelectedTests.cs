using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

public sealed class SelectedTests
{
    private const string Fill =
        "C: 1 APPEND INBOX (\\Seen) {1+}\nC: a\nS: 1 OK *\nC: 2 APPEND INBOX ($New) {1+}\nC: b\nS: 2 OK *\n"
        + "C: 3 APPEND INBOX (\\Deleted) {1+}\nC: c\nS: 3 OK *\n";

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task SELECT_and_EXAMINE_tell_what_the_RFCs_ask_for(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            Fill
                + """
                C: 4 SELECT INBOX
                S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $New)
                S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft $New \*)] *
                S: * 3 EXISTS
                S: * 0 RECENT
                S: * OK [UNSEEN 2] *
                S: * OK [UIDVALIDITY 1767268800] *
                S: * OK [UIDNEXT 4] *
                S: 4 OK [READ-WRITE] *
                C: 5 EXAMINE INBOX
                S: * OK [CLOSED] *
                S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $New)
                S: * OK [PERMANENTFLAGS ()] *
                S... 5 OK [READ-ONLY] *
                C: 6 CLOSE
                S: 6 OK *                # read only: nothing is expunged
                C: 7 STATUS INBOX (MESSAGES)
                S: * STATUS "INBOX" (MESSAGES 3)
                S: 7 OK *
                C: 8 SELECT INBOX
                S... 8 OK *
                C: 9 SELECT nowhere
                S: * OK [CLOSED] *
                S: 9 NO [NONEXISTENT] *
                C: 10 EXPUNGE
                S: 10 BAD *              # RFC 9051 §6.3.2: no mailbox is selected now
                C: 11 ENABLE IMAP4rev2
                S... 11 OK *
                C: 12 EXAMINE INBOX
                S: * FLAGS *
                S: * OK [PERMANENTFLAGS ()] *
                S: * 3 EXISTS
                S: * OK [UIDVALIDITY *
                S: * OK [UIDNEXT 4] *
                S: * LIST () "/" "INBOX"
                S: 12 OK [READ-ONLY] *
                C: 20 SELECT Sent
                S... * OK [UIDNEXT 1] *
                S: * LIST (\Sent) "/" "Sent"
                S: 20 OK [READ-WRITE] *
                C: 13 SELECT
                S: 13 BAD *
                C: 14 SELECT INBOX (X)
                S: 14 BAD *
                """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task CLOSE_expunges_silently_and_UNSELECT_does_not(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            Fill
                + """
                C: 4 SELECT INBOX
                S... 4 OK *
                C: 5 UNSELECT
                S: 5 OK *
                C: 6 STATUS INBOX (MESSAGES)
                S: * STATUS "INBOX" (MESSAGES 3)
                S: 6 OK *
                C: 7 SELECT INBOX
                S... 7 OK *
                C: 8 CLOSE x
                S: 8 BAD *
                C: 9 CLOSE
                S: 9 OK *
                C: 10 CLOSE
                S: 10 BAD *
                C: 11 STATUS INBOX (MESSAGES)
                S: * STATUS "INBOX" (MESSAGES 2)
                S: 11 OK *
                """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task EXPUNGE_removes_what_is_deleted_and_UID_EXPUNGE_only_the_named(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            Fill
                + """
                C: 4 SELECT INBOX
                S... 4 OK *
                C: 5 STORE 1 +FLAGS.SILENT (\Deleted)
                S: 5 OK *
                C: 6 UID EXPUNGE 2:9
                S: * 3 EXPUNGE
                S: 6 OK *
                C: 7 UID EXPUNGE 2
                S: 7 OK *
                C: 8 UID EXPUNGE
                S: 8 BAD *
                C: 9 EXPUNGE 1
                S: 9 BAD *
                C: 10 EXPUNGE
                S: * 1 EXPUNGE
                S: 10 OK *
                C: 11 EXPUNGE
                S: 11 OK *
                C: 12 EXAMINE INBOX
                S... 12 OK *
                C: 13 UID EXPUNGE 1:*
                S: 13 NO [READ-ONLY] *
                """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task COPY_and_MOVE_tell_the_new_UIDs(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            Fill
                + """
                C: 4 SELECT INBOX
                S... 4 OK *
                C: 5 COPY 1,3 Sent
                S: 5 OK [COPYUID 1767268801 1,3 1:2] *
                C: 6 UID COPY 2:* Sent
                S: 6 OK [COPYUID 1767268801 2:3 3:4] *
                C: 7 COPY 4 Sent
                S: 7 BAD *
                C: 8 UID COPY 40 Sent
                S: 8 OK *                   # no message, so no COPYUID
                C: 9 COPY 1 nowhere
                S: 9 NO [TRYCREATE] *
                C: 9 COPY 1 a//b
                S: 9 NO [NONEXISTENT] *     # it cannot be created
                C: 10 MOVE 1 nowhere
                S: 10 NO [TRYCREATE] *
                C: 11 UID MOVE 2:3 Trash
                S: * OK [COPYUID *
                S: * 3 EXPUNGE
                S: * 2 EXPUNGE
                S: 11 OK *
                C: 12 MOVE 1 INBOX
                S: * OK [COPYUID 1767268800 1 4] *
                S: * 2 EXISTS
                S: * 0 RECENT
                S: * 1 EXPUNGE
                S: 12 OK *
                C: 13 STATUS Trash (MESSAGES DELETED)
                S: * STATUS "Trash" (MESSAGES 2 DELETED 1)
                S: 13 OK *
                C: 14 COPY 1
                S: 14 BAD *
                C: 15 MOVE x Trash
                S: 15 BAD *
                C: 16 EXAMINE Trash
                S... 16 OK *
                C: 17 MOVE 1 Sent
                S: 17 NO [READ-ONLY] *
                C: 18 COPY 1 Sent
                S: 18 OK [COPYUID *
                """
        );
    }
}
