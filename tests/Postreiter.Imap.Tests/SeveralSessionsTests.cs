namespace Postreiter.Imap.Tests;

/// <summary>
/// Two clients in one mailbox: what each is told, and when. Numbers never move under FETCH, STORE and SEARCH
/// (RFC 9051 §7.5.1).
/// </summary>
public sealed class SeveralSessionsTests
{
    private static async Task<(ImapTestServer Server, ImapWire One, ImapWire Two)> StartAsync(int messages)
    {
        var server = await ImapTestServer.StartAsync();
        var one = await ImapWire.ConnectAsync(server);
        var two = await ImapWire.ConnectAsync(server);
        for (var i = 1; i <= messages; i++)
            await one.AppendAsync("INBOX", $"Subject: {i}\r\n\r\n{i}");
        await one.RunAsync("SELECT INBOX");
        await two.RunAsync("SELECT INBOX");
        return (server, one, two);
    }

    private static async Task ExpungeAsync(ImapWire wire, string set)
    {
        await wire.RunAsync($"STORE {set} +FLAGS.SILENT (\\Deleted)");
        await wire.RunAsync("EXPUNGE");
    }

    [Theory]
    [InlineData("FETCH 3 (UID)", "* 3 FETCH (UID 3)")]
    [InlineData("FETCH 3 (UID RFC822.SIZE)", "* 3 FETCH (UID 3 RFC822.SIZE 15)")]
    [InlineData("FETCH 3 BODY.PEEK[TEXT]", "* 3 FETCH (BODY[TEXT] {1}\r\n3)")]
    [InlineData("STORE 3 FLAGS (\\Draft)", "* 3 FETCH (FLAGS (\\Draft))")]
    [InlineData("STORE 3 FLAGS.SILENT (\\Draft)", null)]
    [InlineData("SEARCH 3", "* SEARCH 3")]
    [InlineData("SEARCH BODY 3", "* SEARCH 3")]
    public async Task Numbers_do_not_move_under_commands_that_use_them(string command, string? answer)
    {
        var (_, one, two) = await StartAsync(4);
        await ExpungeAsync(one, "1:2");
        for (var i = 0; i < 2; i++)
        {
            var told = await two.RunAsync(command);
            Assert.Equal(
                answer is null ? [] : [answer],
                told[..^1].Where(t => !t.Contains("Deleted", StringComparison.Ordinal))
            );
            Assert.StartsWith("OK ", told[^1], StringComparison.Ordinal);
        }

        Assert.Equal(["* 2 EXPUNGE", "* 1 EXPUNGE", "OK Done"], await two.RunAsync("NOOP"));
        Assert.Equal(["* 1 FETCH (UID 3)", "OK Done"], await two.RunAsync("FETCH 1 UID"));
        await one.DisposeAsync();
        await two.DisposeAsync();
    }

    [Theory]
    [InlineData("UID FETCH 3 UID")]
    [InlineData("UID STORE 3 FLAGS.SILENT (\\Draft)")]
    [InlineData("UID SEARCH UID 3")]
    [InlineData("CHECK")]
    [InlineData("COPY 3 Trash")]
    [InlineData("UID COPY 3 Trash")]
    [InlineData("STATUS INBOX (MESSAGES)")]
    [InlineData("LIST \"\" INBOX")]
    [InlineData("CAPABILITY")]
    [InlineData("EXPUNGE")]
    [InlineData("UID EXPUNGE 1")]
    [InlineData("CREATE new")]
    public async Task Other_commands_tell_what_is_gone_after_their_own_answer(string command)
    {
        var (_, one, two) = await StartAsync(4);
        await ExpungeAsync(one, "1:2");
        var told = await two.RunAsync(command);
        Assert.Equal(["* 2 EXPUNGE", "* 1 EXPUNGE"], told[^3..^1]);
        Assert.DoesNotContain(told[..^3], t => t.Contains("EXPUNGE", StringComparison.Ordinal));
        Assert.StartsWith("OK ", told[^1], StringComparison.Ordinal);
        await one.DisposeAsync();
        await two.DisposeAsync();
    }

    [Fact]
    public async Task Messages_that_others_have_expunged_are_left_out_and_said()
    {
        var (_, one, two) = await StartAsync(3);
        await ExpungeAsync(one, "2");
        Assert.Equal(
            ["* 1 FETCH (UID 1 RFC822.SIZE 15)", "* 3 FETCH (UID 3 RFC822.SIZE 15)"],
            (await two.RunAsync("FETCH 1:3 (UID RFC822.SIZE)"))[..^1]
        );
        Assert.Equal(
            ["OK [EXPUNGEISSUED] Done, but some messages are gone"],
            await two.RunAsync("FETCH 2 BODY.PEEK[]")
        );
        Assert.Equal(
            ["OK [EXPUNGEISSUED] Done, but some messages are gone"],
            await two.RunAsync("STORE 2 FLAGS (\\Seen)")
        );
        // A number stands for a message until EXPUNGE has been told: this one must not be number 3.
        var moved = await two.RunAsync("MOVE 2:3 Trash");
        Assert.StartsWith("* OK [COPYUID ", moved[0], StringComparison.Ordinal);
        Assert.EndsWith(" 3 1] Moved", moved[0], StringComparison.Ordinal);
        Assert.Equal(["* 3 EXPUNGE", "* 2 EXPUNGE", "OK Done"], moved[1..]);
        await one.DisposeAsync();
        await two.DisposeAsync();
    }

    [Fact]
    public async Task New_mail_and_flags_of_others_are_told_with_every_command()
    {
        var (_, one, two) = await StartAsync(1);
        await one.RunAsync("STORE 1 +FLAGS ($New)");
        await one.AppendAsync("INBOX", "a: b\r\n\r\n");
        Assert.Equal(
            ["* 2 EXISTS", "* 0 RECENT", "* 1 FETCH (FLAGS ($New))", "OK Done"],
            (await two.RunAsync("FETCH 1 FLAGS")).Where(t =>
                !t.StartsWith("* 1 FETCH (UID 1 FLAGS", StringComparison.Ordinal)
            )
        );
        // Nothing is told twice.
        Assert.Equal(["OK Done"], await two.RunAsync("NOOP"));
        await two.RunAsync("STORE 1 -FLAGS.SILENT ($New)");
        Assert.Equal(["OK Done"], await two.RunAsync("NOOP"));
        Assert.Equal(["* 1 FETCH (UID 1 FLAGS ())", "OK Done"], await one.RunAsync("NOOP"));
        await one.DisposeAsync();
        await two.DisposeAsync();
    }

    [Fact]
    public async Task What_another_has_marked_unread_is_read_again()
    {
        var (_, one, two) = await StartAsync(1);
        await two.RunAsync("STORE 1 +FLAGS.SILENT (\\Seen)");
        await one.RunAsync("STORE 1 -FLAGS (\\Seen)");
        Assert.Equal(
            ["* 1 FETCH (UID 1 FLAGS ())", "* 1 FETCH (FLAGS (\\Seen) BODY[TEXT] {1}\r\n1)", "OK Done"],
            await two.RunAsync("FETCH 1 BODY[TEXT]")
        );
        await one.DisposeAsync();
        await two.DisposeAsync();
    }

    [Fact]
    public async Task SILENT_hides_only_what_the_client_asked_for()
    {
        var (_, one, two) = await StartAsync(1);
        await one.RunAsync("STORE 1 +FLAGS (\\Answered)");
        // RFC 9051 §6.4.6: the other flag came from elsewhere.
        Assert.Contains(
            "* 1 FETCH (FLAGS (\\Answered \\Draft))",
            await two.RunAsync("STORE 1 +FLAGS.SILENT (\\Draft)")
        );
        await one.DisposeAsync();
        await two.DisposeAsync();
    }

    [Fact]
    public async Task A_message_that_comes_and_goes_unseen_is_never_told()
    {
        var (_, one, two) = await StartAsync(1);
        await one.AppendAsync("INBOX", "a: b\r\n\r\n", "(\\Deleted)");
        await one.RunAsync("EXPUNGE");
        await one.AppendAsync("INBOX", "a: c\r\n\r\n");
        Assert.Equal(["* 2 EXISTS", "* 0 RECENT", "OK Done"], await two.RunAsync("NOOP"));
        Assert.Equal(["* 2 FETCH (UID 3)", "OK Done"], await two.RunAsync("FETCH 2 UID"));
        await one.DisposeAsync();
        await two.DisposeAsync();
    }

    [Fact]
    public async Task RENAME_of_INBOX_empties_it_for_others()
    {
        var (_, one, two) = await StartAsync(2);
        Assert.Equal("OK Done", (await one.RunAsync("RENAME INBOX old"))[^1]);
        Assert.Equal(["* 2 EXPUNGE", "* 1 EXPUNGE", "OK Done"], await two.RunAsync("NOOP"));
        // A mailbox renamed under a session stays selected.
        await two.RunAsync("SELECT old");
        await one.RunAsync("RENAME old older");
        Assert.Equal(["* 1 FETCH (UID 1)", "* 2 FETCH (UID 2)", "OK Done"], await two.RunAsync("FETCH 1:* UID"));
        await one.DisposeAsync();
        await two.DisposeAsync();
    }
}
