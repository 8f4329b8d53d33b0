using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

/// <summary>What users do with their mail says whether it is spam.</summary>
public sealed class JudgementTests
{
    [Theory]
    [InlineData("UID MOVE 1 Junk", "INBOX", "Junk 1 spam")]
    [InlineData("COPY 1 Junk", "INBOX", "Junk 1 spam")]
    [InlineData("UID MOVE 1 Archive", "INBOX", "")]
    [InlineData("UID MOVE 1 INBOX", "Junk", "INBOX 1 ham")]
    [InlineData("COPY 1 Archive", "Junk", "Archive 1 ham")]
    [InlineData("UID MOVE 1 Trash", "Junk", "")]
    [InlineData("COPY 1 Junk", "Junk", "")]
    [InlineData("STORE 1 +FLAGS ($Junk)", "INBOX", "INBOX 1 spam")]
    [InlineData("STORE 1 +FLAGS.SILENT (Junk)", "INBOX", "INBOX 1 spam")]
    [InlineData("UID STORE 1 +FLAGS NonJunk", "Junk", "Junk 1 ham")]
    [InlineData("STORE 1 FLAGS ($notjunk \\Seen)", "Junk", "Junk 1 ham")]
    [InlineData("STORE 1 -FLAGS ($Junk)", "INBOX", "")]
    [InlineData("STORE 1 +FLAGS ($Junk $NotJunk)", "INBOX", "")]
    [InlineData("STORE 7 +FLAGS ($Junk)", "INBOX", "")]
    public async Task A_command_teaches(string command, string mailbox, string judgement)
    {
        var server = await ImapTestServer.StartAsync();
        await AppendAsync(server, mailbox);
        server.Judgements.Clear();
        await server.PlayLoggedInAsync(Pacing.Lines, $"C: 1 SELECT {mailbox}\nS... 1 OK *\nC: 2 {command}\nS... 2 *\n");
        Assert.Equal(judgement, string.Join(", ", server.Judgements));
    }

    [Fact]
    public async Task What_is_moved_copied_and_appended_is_told_with_both_mailboxes()
    {
        var server = await ImapTestServer.StartAsync();
        await AppendAsync(server, "Archive");
        await AppendAsync(server, "Archive");
        await server.PlayLoggedInAsync(
            Pacing.Lines,
            "C: 1 SELECT Archive\nS... 1 OK *\nC: 2 COPY 1:2 Sent\nS... 2 OK *\nC: 3 UID MOVE 2,9 Junk\nS... 3 OK *\n"
                + "C: 4 UID MOVE 9 Junk\nS... 4 OK *\n"
        );
        Assert.Equal(
            [
                "ann@example.org new Archive 1:1",
                "ann@example.org new Archive 2:2",
                "ann@example.org Archive Sent 1:2",
                "ann@example.org Archive Junk 1:1",
            ],
            server.Moves
        );
    }

    [Theory]
    [InlineData("Junk", "Junk 1 spam")]
    [InlineData("INBOX", "")]
    public async Task What_is_appended_to_Junk_is_spam(string mailbox, string judgement)
    {
        var server = await ImapTestServer.StartAsync();
        await AppendAsync(server, mailbox);
        Assert.Equal(judgement, string.Join(", ", server.Judgements));
    }

    private static Task AppendAsync(ImapTestServer server, string mailbox) =>
        server.PlayLoggedInAsync(Pacing.Lines, $"C: 1 APPEND {mailbox} {{6+}}\nR: a: b\\r\\n\\r\\n\nS... 1 OK *\n");
}
