using Postreiter.Storage;
using Postreiter.Storage.Mail;
using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

public sealed class IdleTests
{
    private const string Enter =
        "S: * OK *\nC: 1 LOGIN ann secret\nS: 1 OK *\nC: 2 SELECT Trash\nS... 2 OK *\nC: 3 IDLE\nS: + *";

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task DONE_in_any_case_ends_it(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            $"""
            C: 1 IDLE
            S: + *
            C: DONE
            S: 1 OK *
            C: 2 SELECT INBOX
            S... 2 OK *
            C: 3 IDLE
            S: + *
            C: done
            S: 3 OK *
            C: 4 IDLE
            S: + *
            C: 5 NOOP
            S: 4 BAD *
            C: 6 IDLE x
            S: 6 BAD *
            C: 7 IDLE
            S: + *
            C: {new string('x', 200)}
            S: 7 BAD *
            C: 8 NOOP
            S: 8 OK *
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Changes_of_others_are_told_at_once(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(pacing, "C: 1 APPEND Trash {1+}\nC: a\nS: 1 OK *");
        var connection = MemoryConnection.Create(pacing);
        var session = server.Handler.HandleAsync(connection, CancellationToken.None);
        var idle = Dialogue.On(connection, pacing);
        await idle.RunAsync(Enter);
        await server.PlayLoggedInAsync(pacing, "C: 1 APPEND Trash {1+}\nC: b\nS: 1 OK *");
        await idle.RunAsync("S: * 2 EXISTS\nS: * 0 RECENT");
        await server.PlayLoggedInAsync(
            pacing,
            "C: 1 SELECT Trash\nS... 1 OK *\nC: 2 STORE 1 FLAGS (\\Deleted)\nS: * *\nS: 2 OK *"
        );
        await idle.RunAsync("S: * 1 FETCH (UID 1 FLAGS (\\Deleted))");
        await server.PlayLoggedInAsync(pacing, "C: 1 SELECT Trash\nS... 1 OK *\nC: 2 CLOSE\nS: 2 OK *");
        await idle.RunAsync("S: * 1 EXPUNGE\nC: DONE\nS: 3 OK *\nC: 4 LOGOUT\nS... 4 OK *");
        await session;
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task A_mailbox_that_is_deleted_ends_it()
    {
        var server = await ImapTestServer.StartAsync();
        var connection = MemoryConnection.Create();
        var session = server.Handler.HandleAsync(connection, CancellationToken.None);
        var idle = Dialogue.On(connection, Pacing.Lines);
        await idle.RunAsync(Enter);
        await server.PlayLoggedInAsync(Pacing.Lines, "C: 1 DELETE Trash\nS: 1 OK *");
        await idle.RunAsync("S: * BYE *\nS: 3 NO *");
        await session;
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task A_fault_of_ours_does_not_end_it()
    {
        var server = await ImapTestServer.StartAsync();
        var connection = MemoryConnection.Create();
        var session = server.Handler.HandleAsync(connection, CancellationToken.None);
        var idle = Dialogue.On(connection, Pacing.Lines);
        await idle.RunAsync(Enter);
        var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Fault = method =>
        {
            if (method != nameof(IMailStore.ReadChangesAsync))
                return null;
            failed.TrySetResult();
            return new StoreException(StoreFault.Busy, "the test says so");
        };
        await server.PlayLoggedInAsync(Pacing.Lines, "C: 1 APPEND Trash {1+}\nC: b\nS: 1 OK *");
        await failed.Task;
        server.Fault = static _ => null;
        await idle.RunAsync("C: DONE\nS: * 1 EXISTS\nS: * 0 RECENT\nS: 3 OK *\nC: 4 LOGOUT\nS... 4 OK *");
        await session;
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task Thirty_minutes_of_IDLE_end_the_session_and_twenty_nine_do_not()
    {
        var server = await ImapTestServer.StartAsync();
        var connection = MemoryConnection.Create();
        var session = server.Handler.HandleAsync(connection, CancellationToken.None);
        var idle = Dialogue.On(connection, Pacing.Lines, server.Clock);
        await idle.RunAsync(Enter);
        while (!server.Clock.HasTimerWithin(TimeSpan.FromMinutes(30)))
            await Task.Yield();
        server.Clock.Advance(TimeSpan.FromMinutes(29));
        await idle.RunAsync(
            """
            S: <nothing>
            C: DONE
            S: 3 OK *
            C: 4 IDLE
            S: + *
            T: 30m
            S: * BYE *
            S: 4 NO *
            """
        );
        await session;
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task A_server_that_stops_says_BYE_to_those_who_wait()
    {
        var server = await ImapTestServer.StartAsync();
        using var stopping = new CancellationTokenSource();
        var connection = MemoryConnection.Create();
        var session = server.Handler.HandleAsync(connection, stopping.Token);
        var idle = Dialogue.On(connection, Pacing.Lines);
        await idle.RunAsync(Enter);
        await stopping.CancelAsync();
        await idle.RunAsync("S: * BYE [UNAVAILABLE] *");
        await session;
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task A_client_that_vanishes_leaves_nothing_behind()
    {
        var server = await ImapTestServer.StartAsync();
        var connection = MemoryConnection.Create();
        var session = server.Handler.HandleAsync(connection, CancellationToken.None);
        var idle = Dialogue.On(connection, Pacing.Lines);
        await idle.RunAsync(Enter);
        await idle.RunAsync("CLOSE");
        await session;
        Assert.False(server.Clock.HasTimerWithin(TimeSpan.FromDays(1)));
        await connection.DisposeAsync();
    }
}
