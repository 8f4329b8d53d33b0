using System.Text;
using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Imap.Syntax;
using Postreiter.Storage.Mail;
using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

public sealed class LimitTests
{
    private static string X(int length) => new('x', length);

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task L21_a_line_before_login_has_8_KiB(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayAsync(
            pacing,
            $"""
            S: * OK *
            C: 1 LOGIN ann {X(8 * 1024 - 12)}
            S: 1 NO *
            C: 2 LOGIN ann {X(8 * 1024 - 11)}
            S: * BAD *
            C: 3 NOOP
            S: 3 OK *
            C: 4 LOGIN ann {X(100_000)}
            S: * BYE *
            S: <closed>
            """
        );
    }

    [Fact]
    public async Task L21_a_line_after_login_has_64_KiB()
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            Pacing.Lines,
            $"""
            C: 1 STATUS {X(64 * 1024 - 16)} (SIZE)
            S: 1 NO [NONEXISTENT] *
            C: 2 STATUS {X(64 * 1024 - 15)} (SIZE)
            S: * BAD *
            C: 3 NOOP
            S: 3 OK *
            C: 4 STATUS {X(64 * 1024)} (SIZE)
            S: * BYE *
            S: <closed>
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task L21_a_literal_behind_a_line_too_long_is_not_run(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayAsync(
            pacing,
            $$"""
            S: * OK *
            C: 1 LOGIN {{X(9000)}} {8+}
            C: 2 LOGOUT
            S: * BYE *
            S: <closed>
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task L22_literals_before_login_have_4_KiB_together(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayAsync(
            pacing,
            $$"""
            S: * OK *
            C: 1 LOGIN {4097}
            S: 1 NO [TOOBIG] *
            C: 3 LOGIN {3}
            S: + *
            C: ann {4094}
            S: 3 NO [TOOBIG] *
            C: 4 LOGIN {3}
            S: + *
            C: ann {6}
            S: + *
            C: secret
            S: 4 OK *
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task L22_arguments_after_login_have_64_KiB_of_literals(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            $$"""
            C: 1 STATUS {65537}
            S: 1 NO [TOOBIG] *
            C: 2 STATUS {65536}
            S: + *
            C: {{X(65536)}} (SIZE)
            S: 2 NO [NONEXISTENT] *
            C: 3 RENAME {32768}
            S: + *
            C: {{X(32768)}} {32769}
            S: 3 NO [TOOBIG] *
            C: 4 STATUS {99999999999999999999}
            S: 4 NO [TOOBIG] *
            C: 5 APPEND INBOX {99999999999999999999}
            S: 5 NO [TOOBIG] *
            C: 6 APPEND {1} {99999999999999999999+}
            S: * BYE [TOOBIG] *
            S: <closed>
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task L22_a_literal_that_comes_unasked_has_4_KiB(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            $$"""
            C: 1 STATUS {4096+}
            C: {{X(4096)}} (SIZE)
            S: 1 NO [NONEXISTENT] *
            C: 2 STATUS {4097+}
            S: * BYE [TOOBIG] *
            S: <closed>
            """
        );
    }

    [Theory, InlineData(32, true), InlineData(33, false)]
    public void L23_lists_are_nested_32_deep(int depth, bool good)
    {
        var reader = new ImapReader(Encoding.ASCII.GetBytes(new string('(', depth)));
        Assert.Equal(good, Enumerable.Range(0, depth).All(_ => reader.TryOpen()));
    }

    [Theory, InlineData(10_000, true), InlineData(10_001, false)]
    public void L23_a_set_has_10000_ranges(int ranges, bool good)
    {
        var text = string.Join(',', Enumerable.Repeat("1", ranges));
        Assert.Equal(good, new ImapReader(Encoding.ASCII.GetBytes(text)).TrySequenceSet(out _));
    }

    [Fact]
    public async Task L23_a_set_with_too_many_ranges_is_BAD()
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            Pacing.Lines,
            $"""
            C: 1 SELECT INBOX
            S... 1 OK *
            C: 2 UID COPY {string.Join(',', Enumerable.Repeat("1", 10_000))} Sent
            S: 2 OK *
            C: 3 UID COPY {string.Join(',', Enumerable.Repeat("1", 10_001))} Sent
            S: 3 BAD *
            """
        );
    }

    [Fact]
    public async Task A_limit_is_logged_once_in_a_session()
    {
        var log = new LimitLog();
        var server = await ImapTestServer.StartAsync(logger: log);
        var deep = string.Concat(Enumerable.Repeat('(', 40)) + "ALL" + string.Concat(Enumerable.Repeat(')', 40));
        await server.PlayLoggedInAsync(
            Pacing.Lines,
            $$"""
            C: 1 STATUS {99999999}
            S: 1 NO [TOOBIG] *
            C: 2 STATUS {99999999}
            S: 2 NO [TOOBIG] *
            C: 3 APPEND INBOX {99999999}
            S: 3 NO [TOOBIG] *
            C: 4 STATUS {{X(70_000)}}
            S: * BAD *
            C: 5 LIST "" {{X(17).Replace('x', '*')}}
            S: 5 BAD *
            C: 6 CREATE {{X(256)}}
            S: 6 NO [CANNOT] *
            C: 7 SELECT INBOX
            S... 7 OK *
            C: 8 SEARCH {{deep}}
            S: 8 BAD *
            C: 9 SEARCH {{string.Join(' ', Enumerable.Repeat("ALL", 1001))}}
            S: 9 BAD *
            {{Dialogue.Repeat(15, i => $"C: {i} FOO\nS: {i} BAD *")}}
            C: a FOO
            S: a BAD *
            S: * BYE *
            """
        );
        Assert.Equal(["L22", "L3", "L21", "L24", "L25", "L23", "L26"], log.Limits);
    }

    private sealed class LimitLog : ILogger<ImapConnectionHandler>
    {
        public List<string> Limits { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            var text = formatter(state, exception);
            if (text.Contains(": limit ", StringComparison.Ordinal))
                Limits.Add(text.Split(' ')[^3]);
        }
    }

    [Fact]
    public async Task L25_an_account_has_10000_mailboxes()
    {
        var server = await ImapTestServer.StartAsync();
        var account = await server.Store.Directory.FindAccountAsync(
            EmailAddress.Parse("ann@example.org"),
            CancellationToken.None
        );
        for (var i = 6; i < 10_000; i++)
            await server.Store.Mail.CreateMailboxAsync(account!.Id, $"m{i}", SpecialUse.None, CancellationToken.None);
        await server.PlayLoggedInAsync(Pacing.Lines, "C: 1 CREATE one-more\nS: 1 NO [LIMIT] *\nC: 2 NOOP\nS: 2 OK *");
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task L26_the_twentieth_bad_command_after_login_ends_the_session(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayAsync(
            pacing,
            $"""
            S: * OK *
            {Dialogue.Repeat(4, i => $"C: {i} SELECT INBOX\nS: {i} BAD *")}
            C: 4 LOGIN ann secret
            S: 4 OK *
            {Dialogue.Repeat(19, i => $"C: {i} FOO\nS: {i} BAD *")}
            C: 19 NOOP
            S: 19 OK *
            C: +
            S: * BAD *
            S: * BYE *
            S: <closed>
            """
        );
    }

    [Fact]
    public async Task L29_a_client_that_takes_no_output_for_two_minutes_is_cut_off()
    {
        var server = await ImapTestServer.StartAsync();
        var connection = MemoryConnection.Create();
        var session = server.Handler.HandleAsync(connection, CancellationToken.None);
        var client = Dialogue.On(connection, Pacing.Lines, server.Clock);
        await client.RunAsync(
            $"""
            S: * OK *
            C: 1 LOGIN ann secret
            S: 1 OK *
            {Dialogue.Repeat(1000, i => $"C: {i} CAPABILITY")}
            T: 2m
            """
        );
        await session;
        Assert.True(connection.WasAborted);
        await connection.DisposeAsync();
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task A_silent_client_has_60_s_before_login_and_30_min_after(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayAsync(pacing, "S: * OK *\nT: 60s\nS: * BYE *\nS: <closed>");
        await server.PlayAsync(pacing, "S: * OK *\nC: 1 AUTHENTICATE PLAIN\nS: +\nT: 60s\nS: * BYE *\nS: 1 BAD *");
        await server.PlayLoggedInAsync(pacing, "T: 30m\nS: * BYE *\nS: <closed>");
        await server.PlayLoggedInAsync(pacing, "C: 1 STATUS {3}\nS: + *\nT: 30m\nS: * BYE *\nS: <closed>");
        await server.PlayLoggedInAsync(pacing, "C: 1 APPEND Sent {3}\nS: + *\nT: 30m\nS: * BYE *\nS: 1 NO *");
    }

    [Fact]
    public async Task A_command_before_login_has_60_s_with_all_its_literals()
    {
        var server = await ImapTestServer.StartAsync();
        var connection = MemoryConnection.Create();
        var session = server.Handler.HandleAsync(connection, CancellationToken.None);
        var client = Dialogue.On(connection, Pacing.Lines, server.Clock);
        await client.RunAsync("S: * OK *\nC: 1 LOGIN {3}\nS: + *");
        while (!server.Clock.HasTimerWithin(TimeSpan.FromSeconds(60)))
            await Task.Yield();
        server.Clock.Advance(TimeSpan.FromSeconds(40));
        await client.RunAsync("C: ann {6}\nS: + *\nT: 20s\nS: * BYE *");
        await session;
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task A_literal_before_login_that_comes_in_drops_has_60_s_in_all()
    {
        var server = await ImapTestServer.StartAsync();
        var connection = MemoryConnection.Create(Pacing.Bytes);
        var session = server.Handler.HandleAsync(connection, CancellationToken.None);
        var client = Dialogue.On(connection, Pacing.Lines, server.Clock);
        await client.RunAsync("S: * OK *\nC: 1 LOGIN {4000}\nS: + *");
        for (var i = 0; i < 3; i++)
        {
            // The write ends when the server has taken the byte; then it waits again.
            await connection.Client.Output.WriteAsync("x"u8.ToArray(), TestContext.Current.CancellationToken);
            while (!server.Clock.HasTimerWithin(TimeSpan.FromSeconds(60)))
                await Task.Yield();
            server.Clock.Advance(TimeSpan.FromSeconds(15));
        }

        await client.RunAsync("T: 15s\nS: * BYE *");
        await session;
        await connection.DisposeAsync();
    }

    [Theory]
    [InlineData("1 NOOP\\n")]
    [InlineData("1 NO\\0OP\\r\\n")]
    [InlineData("1 NO\\rOP\\r\\n")]
    public async Task Lines_end_with_CRLF_and_hold_no_NUL(string line)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayAsync(Pacing.Lines, $"S: * OK *\nR: {line}\nS: * BAD *\nC: 2 NOOP\nS: 2 OK *");
    }

    [Theory]
    [InlineData("1 LOGIN a\\0 {8+}\\r\\n2 LOGOUT\\r\\n")]
    [InlineData("1 LOGIN a {8+}\\n2 LOGOUT\\r\\n")]
    [InlineData("1 LOGIN a\\r {8+}\\r\\n2 LOGOUT\\r\\n")]
    public async Task A_literal_behind_a_bad_line_is_not_run(string input)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayAsync(Pacing.Lines, $"S: * OK *\nR: {input}\nS: * BYE *\nS: <closed>");
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("NOOP")]
    [InlineData("1")]
    [InlineData("1 ")]
    [InlineData("1  NOOP")]
    [InlineData("1 NOOP ")]
    [InlineData("1 NOOP x")]
    [InlineData("1 UID")]
    [InlineData("1 UID FOO")]
    [InlineData("1 \"NOOP\"")]
    [InlineData("{ NOOP")]
    [InlineData("1 LOGIN a")]
    [InlineData("1 LOGIN a b c")]
    [InlineData("1 LOGIN \"a b")]
    [InlineData("1 LOGIN \"a\\\\x\" b")]
    [InlineData("1 LOGOUT x")]
    [InlineData("1 ID")]
    [InlineData("1 ID (\"a\"")]
    [InlineData("1 ID (a b)")]
    [InlineData("1 CAPABILITY x")]
    [InlineData("1 STARTTLS x")]
    public async Task What_is_no_command_is_BAD(string line)
    {
        var server = await ImapTestServer.StartAsync();
        var reply = await ReplyAsync(server, line);
        Assert.Matches(@"^(\*|1|NOOP|\{) BAD ", reply);
    }

    [Theory]
    [InlineData("1 ID NIL")]
    [InlineData("1 ID ()")]
    [InlineData("1 ID (\"name\" \"x\" \"version\" NIL)")]
    public async Task ID_is_answered(string line)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayAsync(Pacing.Lines, $"S: * OK *\nC: {line}\nS: * ID (*\nS: 1 OK *");
    }

    private static async Task<string> ReplyAsync(ImapTestServer server, string line)
    {
        var connection = MemoryConnection.Create();
        var session = server.Handler.HandleAsync(connection, CancellationToken.None);
        var client = Dialogue.On(connection, Pacing.Lines);
        await client.RunAsync($"S: * OK *\nR: {line}\\r\\n");
        var reply = await client.ReadLineAsync();
        await client.RunAsync("CLOSE");
        await session;
        await connection.DisposeAsync();
        return reply;
    }
}
