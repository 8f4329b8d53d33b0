using Postreiter.Storage;
using Postreiter.Storage.Mail;
using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

public sealed class FaultTests
{
    [Theory]
    [InlineData(Pacing.Lines, "SERVERBUG", null)]
    [InlineData(Pacing.Bytes, "SERVERBUG", StoreFault.Internal)]
    [InlineData(Pacing.Lines, "OVERQUOTA", StoreFault.DiskFull)]
    [InlineData(Pacing.Bytes, "INUSE", StoreFault.Busy)]
    public async Task F1_F3_a_fault_of_ours_is_a_NO_and_the_session_goes_on(
        Pacing pacing,
        string code,
        StoreFault? fault
    )
    {
        var server = await ImapTestServer.StartAsync();
        server.Fault = method =>
            method != nameof(IMailStore.CreateMailboxAsync) ? null
            : fault is { } kind ? new StoreException(kind, "the test says so")
            : new InvalidOperationException("the test says so");
        await server.PlayLoggedInAsync(
            pacing,
            $"""
            C: 1 CREATE a
            S: 1 NO [{code}] *
            C: 2 NOOP
            S: 2 OK *
            C: 3 CREATE b
            S: 3 NO [{code}] *
            """
        );
    }

    [Theory]
    [InlineData(nameof(IMailStore.TransferAsync), "COPY 1 Sent")]
    [InlineData(nameof(IMailStore.TransferAsync), "MOVE 1 Sent")]
    [InlineData(nameof(IMailStore.ChangeFlagsAsync), "STORE 1 FLAGS (a)")]
    [InlineData(nameof(IMailStore.ChangeFlagsAsync), "FETCH 1 BODY[]")]
    [InlineData(nameof(IMailStore.ExpungeAsync), "EXPUNGE")]
    [InlineData(nameof(IMailStore.ReadMessagesAsync), "FETCH 1 RFC822.SIZE")]
    [InlineData(nameof(IMailStore.RenameMailboxAsync), "RENAME INBOX x")]
    [InlineData(nameof(IMailStore.DeleteMailboxAsync), "DELETE Sent")]
    public async Task F1_F3_every_command_says_the_fault_and_changes_nothing(string method, string command)
    {
        var server = await ImapTestServer.StartAsync();
        await using var wire = await ImapWire.ConnectAsync(server);
        await wire.AppendAsync("INBOX", "a: b\r\n\r\n", "(\\Deleted)");
        await wire.RunAsync("SELECT INBOX");
        var before = await wire.RunAsync("FETCH 1:* (UID FLAGS)");
        foreach (var (fault, code) in new[] { (StoreFault.DiskFull, "OVERQUOTA"), (StoreFault.Busy, "INUSE") })
        {
            server.Fault = called => called == method ? new StoreException(fault, "the test says so") : null;
            Assert.StartsWith($"NO [{code}] ", (await wire.RunAsync(command))[^1], StringComparison.Ordinal);
        }

        server.Fault = static _ => null;
        Assert.Equal(before, await wire.RunAsync("FETCH 1:* (UID FLAGS)"));
    }

    [Fact]
    public async Task F5_a_damaged_message_is_a_NO_for_it_alone()
    {
        var server = await ImapTestServer.StartAsync();
        await using var wire = await ImapWire.ConnectAsync(server);
        for (var i = 1; i <= 3; i++)
            await wire.AppendAsync("INBOX", $"a: b\r\n\r\n{i}");
        await wire.RunAsync("SELECT INBOX");
        var opened = 0;
        server.Fault = method =>
            method == nameof(IMailStore.OpenAsync) && ++opened == 2
                ? new StoreException(StoreFault.DamagedContent, "the test says so")
                : null;
        Assert.Equal(
            [
                "* 1 FETCH (BODY[TEXT] {1}\r\n1)",
                "* 3 FETCH (BODY[TEXT] {1}\r\n3)",
                "NO [SERVERBUG] A message cannot be read",
            ],
            await wire.RunAsync("FETCH 1:3 BODY.PEEK[TEXT]")
        );
        // What does not need the content is answered.
        server.Fault = method =>
            method == nameof(IMailStore.OpenAsync)
                ? new StoreException(StoreFault.DamagedContent, "the test says so")
                : null;
        Assert.Equal("OK Done", (await wire.RunAsync("FETCH 1:3 (FLAGS UID RFC822.SIZE ENVELOPE BODYSTRUCTURE)"))[^1]);
    }

    [Fact]
    public async Task P4_a_literal_that_cannot_be_ended_ends_the_connection()
    {
        var server = await ImapTestServer.StartAsync();
        await using (var wire = await ImapWire.ConnectAsync(server))
            await wire.AppendAsync("INBOX", "a: b\r\n\r\n" + new string('x', 1_000_000));
        server.Fault = static method =>
            method == "ReadAsync at 524288" ? new StoreException(StoreFault.DamagedContent, "the test says so") : null;
        var connection = MemoryConnection.Create();
        var session = server.Handler.HandleAsync(connection, CancellationToken.None);
        await connection.Client.Output.WriteAsync(
            "1 LOGIN ann secret\r\n2 SELECT INBOX\r\n3 FETCH 1 BODY.PEEK[]\r\n"u8.ToArray(),
            TestContext.Current.CancellationToken
        );
        using var output = new MemoryStream();
        await connection.Client.Input.CopyToAsync(output, TestContext.Current.CancellationToken);
        await session;
        Assert.True(connection.WasAborted);
        // Half a message, and never an end that looks like one.
        var said = System.Text.Encoding.ASCII.GetString(output.ToArray());
        var begins = said.IndexOf("* 1 FETCH (BODY[] {1000008}\r\na: b\r\n\r\nxxx", StringComparison.Ordinal);
        Assert.True(begins > 0, said[..Math.Min(said.Length, 2000)]);
        Assert.EndsWith("xxx", said, StringComparison.Ordinal);
        Assert.InRange(said.Length - begins, 100_000, 999_999);
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task A_file_that_fails_is_not_taken_for_a_peer_that_has_gone()
    {
        var server = await ImapTestServer.StartAsync();
        server.Fault = method =>
            method == nameof(IMailStore.ListMailboxesAsync) ? new IOException("the test says so") : null;
        await server.PlayLoggedInAsync(
            Pacing.Lines,
            """
            C: 1 LIST "" *
            S: 1 NO [SERVERBUG] *
            C: 2 NOOP
            S: 2 OK *
            """
        );
    }
}
