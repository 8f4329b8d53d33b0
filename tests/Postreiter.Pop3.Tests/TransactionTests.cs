using Postreiter.Testing;

namespace Postreiter.Pop3.Tests;

public sealed class TransactionTests
{
    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task A_whole_session_lists_reads_and_removes(Pacing pacing)
    {
        var server = await Pop3TestServer.StartAsync();
        await server.AddAsync("Subject: one\r\n\r\n.dot\r\nlast\r\n");
        await server.AddAsync("Subject: two\r\n\r\n");
        var third = await server.AddAsync("Subject: three\r\n\r\nno end of line");
        await server.PlayAsync(
            pacing,
            $"""
            {Pop3TestServer.LogIn}
            C: STAT
            S: +OK 3 76
            C: LIST
            S: +OK *
            S: 1 28
            S: 2 16
            S: 3 32
            S: .
            C: LIST 2
            S: +OK 2 16
            C: RETR 1
            S: +OK 28 octets
            S: Subject: one
            S:
            S: ..dot
            S: last
            S: .
            C: RETR 3
            S: +OK *
            S: Subject: three
            S:
            S: no end of line
            S: .
            C: DELE 1
            S: +OK *
            C: DELE 1
            S: -ERR *
            C: RETR 1
            S: -ERR *
            C: STAT
            S: +OK 2 48
            C: RSET
            S: +OK *
            C: STAT
            S: +OK 3 76
            C: DELE 1
            S: +OK *
            C: DELE 2
            S: +OK *
            C: UIDL
            S: +OK *
            S: 3 *
            S: .
            C: NOOP
            S: +OK *
            C: QUIT
            S: +OK *
            S: <closed>
            """
        );
        Assert.Equal([third], await server.UidsAsync());
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Top_gives_the_header_and_as_many_lines_as_asked(Pacing pacing)
    {
        var server = await Pop3TestServer.StartAsync();
        await server.AddAsync("A: b\r\n c\r\n\r\n1\r\n.2\r\n3\r\n");
        await server.AddAsync("A: only a header\r\n");
        await server.PlayAsync(
            pacing,
            $"""
            {Pop3TestServer.LogIn}
            C: TOP 1 0
            S: +OK *
            S: A: b
            S:  c
            S:
            S: .
            C: TOP 1 2
            S: +OK *
            S: A: b
            S:  c
            S:
            S: 1
            S: ..2
            S: .
            C: TOP 1 99
            S... 3
            S: .
            C: TOP 2 5
            S: +OK *
            S: A: only a header
            S: .
            C: TOP 1
            S: -ERR *
            C: TOP 1 -1
            S: -ERR *
            C: TOP 3 1
            S: -ERR *
            C: QUIT
            S: +OK *
            """
        );
    }

    [Fact]
    public async Task P7_unique_ids_stay_and_are_never_given_again()
    {
        var server = await Pop3TestServer.StartAsync();
        var first = await server.AddAsync("A: 1\r\n\r\n");
        await server.AddAsync("A: 2\r\n\r\n");
        var inbox = await server.Store.Mail.FindMailboxAsync(1, "INBOX", Pop3TestServer.Ct);
        var validity = inbox is null ? "*" : inbox.UidValidity.ToString("x8", null);
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            {Pop3TestServer.LogIn}
            C: UIDL 1
            S: +OK 1 {validity}{first:x8}
            C: UIDL 2
            S: +OK 2 {validity}{first + 1:x8}
            C: DELE 1
            S: +OK *
            C: QUIT
            S: +OK *
            """
        );
        await server.AddAsync("A: 3\r\n\r\n");
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            {Pop3TestServer.LogIn}
            C: UIDL
            S: +OK *
            S: 1 {validity}{first + 1:x8}
            S: 2 {validity}{first + 2:x8}
            S: .
            """
        );
    }

    [Fact]
    public async Task Pipelined_commands_are_answered_in_their_order()
    {
        var server = await Pop3TestServer.StartAsync();
        await server.AddAsync("A: 1\r\n\r\n");
        await server.PlayAsync(
            Pacing.Lines,
            """
            S: +OK *
            R: USER ann@our.example\r\nPASS open sesame\r\nSTAT\r\nDELE 1\r\nRSET\r\nLIST 1\r\nQUIT\r\n
            S: +OK *
            S: +OK 1 messages, *
            S: +OK 1 8
            S: +OK *
            S: +OK *
            S: +OK 1 8
            S: +OK *
            S: <closed>
            """
        );
        Assert.Single(await server.UidsAsync());
    }

    [Fact]
    public async Task Nothing_is_removed_without_QUIT()
    {
        var server = await Pop3TestServer.StartAsync();
        await server.AddAsync("A: 1\r\n\r\n");
        await server.PlayAsync(Pacing.Lines, $"{Pop3TestServer.LogIn}\nC: DELE 1\nS: +OK *\nCLOSE");
        Assert.Single(await server.UidsAsync());
    }

    [Fact]
    public async Task A_message_that_IMAP_removed_meanwhile_is_an_error_and_the_numbers_stay()
    {
        var server = await Pop3TestServer.StartAsync();
        var gone = await server.AddAsync("A: 1\r\n\r\n");
        await server.AddAsync("A: 2\r\n\r\n");
        var connection = MemoryConnection.Create(Pacing.Lines);
        var session = Task.Run(() => server.Handler.HandleAsync(connection, CancellationToken.None), Pop3TestServer.Ct);
        var dialogue = Dialogue.On(connection, Pacing.Lines);
        await dialogue.RunAsync(Pop3TestServer.LogIn);
        await server.ExpungeAsync(gone);
        await dialogue.RunAsync(
            """
            C: RETR 1
            S: -ERR *
            C: RETR 2
            S: +OK *
            S: A: 2
            S:
            S: .
            C: DELE 1
            S: +OK *
            C: QUIT
            S: +OK *
            """
        );
        connection.Client.Close();
        await session;
    }

    [Theory]
    [InlineData("RemoveAsync", "QUIT", false)]
    [InlineData("RemoveAsync", "QUIT", true)]
    [InlineData("OpenAsync", "RETR 1", false)]
    [InlineData("OpenAsync", "TOP 1 0", true)]
    [InlineData("ReadMessagesAsync", "RETR 1", false)]
    [InlineData("ReadMessagesAsync", "RETR 1", true)]
    public async Task F5_a_fault_of_the_store_is_a_temporary_error(string method, string command, bool isFile)
    {
        var server = await Pop3TestServer.StartAsync();
        // A file that fails is not taken for a peer that has gone.
        if (isFile)
            server.Failure = new IOException("The test says so");
        await server.AddAsync("A: 1\r\n\r\n");
        await server.AddAsync("A: 2\r\n\r\n");
        var connection = MemoryConnection.Create(Pacing.Lines);
        var session = Task.Run(
            async () =>
            {
                await using (connection)
                    await server.Handler.HandleAsync(connection, CancellationToken.None);
            },
            Pop3TestServer.Ct
        );
        var dialogue = Dialogue.On(connection, Pacing.Lines);
        await dialogue.RunAsync($"{Pop3TestServer.LogIn}\nC: DELE 2\nS: +OK *");
        server.Fault = method;
        await dialogue.RunAsync($"C: {command}\nS: -ERR [SYS/TEMP] *");
        if (command == "QUIT")
            await dialogue.RunAsync("S: <closed>");
        connection.Client.Close();
        await session;
        Assert.Equal(2, (await server.UidsAsync()).Length);
    }

    [Fact]
    public async Task A_log_in_that_fails_for_a_fault_of_ours_keeps_no_lock()
    {
        var server = await Pop3TestServer.StartAsync();
        server.Fault = "ReadMessagesAsync";
        await server.PlayAsync(
            Pacing.Lines,
            """
            S: +OK *
            C: USER ann@our.example
            S: +OK *
            C: PASS open sesame
            S: -ERR [SYS/TEMP] *
            """
        );
        server.Fault = null;
        await server.PlayAsync(Pacing.Lines, Pop3TestServer.LogIn);
    }

    [Fact]
    public async Task Many_messages_are_listed_and_removed_at_once()
    {
        const int Many = 2000;
        var server = await Pop3TestServer.StartAsync();
        for (var i = 0; i < Many; i++)
            await server.AddAsync("A: 1\r\n\r\n");
        var last = await server.AddAsync("A: last\r\n\r\n");
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            {Pop3TestServer.LogIn}
            C: STAT
            S: +OK {Many + 1} {Many * 8 + 11}
            C: LIST
            S: +OK *
            {Dialogue.Repeat(Many, i => $"S: {i + 1} 8")}
            S: {Many + 1} 11
            S: .
            C: UIDL
            S: +OK *
            {Dialogue.Repeat(Many + 1, i => $"S: {i + 1} *")}
            S: .
            {Dialogue.Repeat(Many, i => $"C: DELE {i + 1}\nS: +OK *")}
            C: LIST
            S: +OK *
            S: {Many + 1} 11
            S: .
            C: QUIT
            S: +OK *
            S: <closed>
            """
        );
        Assert.Equal([last], await server.UidsAsync());
    }

    [Fact]
    public async Task Mail_that_comes_meanwhile_is_for_the_next_session()
    {
        var server = await Pop3TestServer.StartAsync();
        await server.AddAsync("A: 1\r\n\r\n");
        var connection = MemoryConnection.Create(Pacing.Lines);
        var session = Task.Run(() => server.Handler.HandleAsync(connection, CancellationToken.None), Pop3TestServer.Ct);
        var dialogue = Dialogue.On(connection, Pacing.Lines);
        await dialogue.RunAsync(Pop3TestServer.LogIn);
        var late = await server.AddAsync("A: 2\r\n\r\n");
        await dialogue.RunAsync("C: STAT\nS: +OK 1 8\nC: RETR 2\nS: -ERR *\nC: DELE 1\nS: +OK *\nC: QUIT\nS: +OK *");
        connection.Client.Close();
        await session;
        Assert.Equal([late], await server.UidsAsync());
        await server.PlayAsync(Pacing.Lines, $"{Pop3TestServer.LogIn}\nC: STAT\nS: +OK 1 8");
    }

    [Fact]
    public async Task L29_a_large_message_is_sent_as_fast_as_the_peer_takes_it()
    {
        var server = await Pop3TestServer.StartAsync();
        var line = new string('x', 70) + "\r\n";
        await server.AddAsync("A: 1\r\n\r\n" + string.Concat(Enumerable.Repeat(line, 10_000)));
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            {Pop3TestServer.LogIn}
            C: RETR 1
            S: +OK 720008 octets
            S: A: 1
            S:
            {Dialogue.Repeat(10_000, _ => "S: " + line.TrimEnd())}
            S: .
            C: NOOP
            S: +OK *
            """
        );
    }
}
