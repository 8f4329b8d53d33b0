using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

public sealed class EnableTests
{
    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task ENABLE_tells_what_it_has_switched_on(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            """
            C: 1 ENABLE
            S: 1 BAD *
            C: 2 ENABLE X-OTHER
            S: * ENABLED
            S: 2 OK *
            C: 3 ENABLE imap4rev2 X-OTHER
            S: * ENABLED IMAP4rev2
            S: 3 OK *
            C: 4 ENABLE UTF8=ACCEPT IMAP4rev2
            S: * ENABLED UTF8=ACCEPT
            S: 4 OK *
            """
        );
    }

    [Theory]
    [InlineData(Pacing.Lines, "IMAP4rev2")]
    [InlineData(Pacing.Bytes, "UTF8=ACCEPT")]
    public async Task Names_are_modified_UTF_7_before_and_UTF_8_after(Pacing pacing, string capability)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            $"""
            C: 1 CREATE "B&APw-cher"
            S... 1 OK *
            C: 2 CREATE "Bücher"
            S: 2 BAD *
            C: 3 ENABLE {capability}
            S: * ENABLED {capability}
            S: 3 OK *
            C: 4 LIST "" B%
            S: * LIST (\HasNoChildren) "/" "Bücher"
            S: 4 OK *
            C: 5 STATUS "Bücher" (MESSAGES)
            S: * STATUS "Bücher" (MESSAGES 0)
            S: 5 OK *
            C: 6 CREATE "B&APw-cher"
            S... 6 OK *            # just a name with an ampersand now
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task RECENT_is_for_IMAP4rev1_only(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            """
            C: 1 SELECT INBOX
            S: * FLAGS *
            S: * OK [PERMANENTFLAGS *
            S: * 0 EXISTS
            S: * 0 RECENT
            S... 1 OK *
            C: 2 ENABLE IMAP4rev2
            S: * ENABLED IMAP4rev2
            S: 2 OK *
            C: 3 SELECT INBOX
            S: * OK [CLOSED] *
            S: * FLAGS *
            S: * OK [PERMANENTFLAGS *
            S: * 0 EXISTS
            S: * OK [UIDVALIDITY *
            S: * OK [UIDNEXT 1] *
            S: * LIST () "/" "INBOX"
            S: 3 OK [READ-WRITE] *
            """
        );
    }
}
