using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Postreiter.Smtp.Server;
using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server;

public sealed class LimitTests
{
    [Theory]
    [InlineData(Pacing.Lines, 60_000)]
    [InlineData(Pacing.Bytes, 3_000)]
    public async Task L1_a_long_line_is_refused_and_the_session_goes_on(Pacing pacing, int more)
    {
        var at = "NOOP " + new string('x', 2048 - 7);
        await new SmtpTestServer().PlayAsync(
            pacing,
            $"S: 220 *\nC: {at}\nS: 250 *\nC: {at}x\nS: 500 5.5.2 *\nC: NOOP {new string('x', more)}\nS: 500 5.5.2 *\nC: NOOP\nS: 250 *"
        );
    }

    [Fact]
    public async Task L1_an_endless_line_ends_the_session() =>
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"S: 220 *\nR: {new string('x', 70_000)}\nS: 421 4.7.0 *\nS: <closed>"
        );

    [Fact]
    public async Task L2_a_long_text_line_is_told_at_the_end()
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            {Scripts.Data}
            C: {new string('x', 65_537)}
            C: .
            S: 554 5.6.0 *
            C: MAIL FROM:<>
            S: 250 *
            C: RCPT TO:<a@our.example>
            S: 250 *
            C: DATA
            S: 354 *
            C: {new string('x', 65_536)}
            C: .
            S: 250 *
            """
        );
        Assert.Single(server.Messages);
    }

    [Fact]
    public async Task L2_holds_for_chunks_too()
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            Pacing.Lines,
            $"{Scripts.Open}\nR: BDAT 65537 LAST\\r\\n{new string('x', 65_537)}\nS: 554 5.6.0 *\nC: NOOP\nS: 250 *"
        );
        Assert.Empty(server.Messages);
    }

    [Fact]
    public async Task L3_a_message_that_is_too_big_is_told_at_the_end_and_not_kept()
    {
        var server = SmtpTestServer.With(new() { MaxMessageBytes = 100_000 });
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            {Scripts.Greeted}
            C: MAIL FROM:<> SIZE=100001
            S: 552 5.3.4 *
            C: MAIL FROM:<> SIZE=100000
            S: 250 *
            C: RCPT TO:<a@our.example>
            S: 250 *
            C: DATA
            S: 354 *
            {Dialogue.Repeat(100, _ => "C: " + new string('x', 998))}
            R: .\r\n
            S: 250 *
            C: MAIL FROM:<>
            S: 250 *
            C: RCPT TO:<a@our.example>
            S: 250 *
            C: DATA
            S: 354 *
            {Dialogue.Repeat(100, _ => "C: " + new string('x', 998))}
            C: ..
            C: .
            S: 552 5.3.4 *
            C: NOOP
            S: 250 *
            """
        );
        Assert.Single(server.Messages);
        Assert.Equal(0, server.Open);
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task L6_a_recipient_over_the_limit_is_deferred_and_the_others_stay(Pacing pacing)
    {
        var server = SmtpTestServer.With(new() { MaxRecipients = 100 });
        await server.PlayAsync(
            pacing,
            $"""
            {Scripts.Greeted}
            C: MAIL FROM:<ann@client.example>
            S: 250 2.1.0 *
            {Dialogue.Repeat(100, i => $"C: RCPT TO:<u{i}@our.example>\nS: 250 2.1.5 *")}
            C: RCPT TO:<u100@our.example>
            S: 452 4.5.3 *        # RFC 5321 §4.5.3.1.10
            C: DATA
            S: 354 *
            C: .
            S: 250 *
            """
        );
        Assert.Equal(100, Assert.Single(server.Messages).Envelope.Recipients.Count);
    }

    [Fact]
    public async Task L8_errors_get_slow_and_then_end_the_session() =>
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"""
            S: 220 *
            {Dialogue.Repeat(10, _ => "C: WIZ\nS: 500 *")}
            {Dialogue.Repeat(9, _ => "C: WIZ\nT: 1s\nS: 500 *")}
            C: WIZ
            T: 1s
            S: 500 *
            S: 421 4.7.0 *
            S: <closed>
            """
        );

    [Fact]
    public async Task L9_unknown_recipients_get_slow_and_then_end_the_session() =>
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"""
            {Scripts.Open}
            {Dialogue.Repeat(10, _ => "C: RCPT TO:<nobody@our.example>\nS: 550 5.1.1 *")}
            {Dialogue.Repeat(39, _ => "C: RCPT TO:<nobody@our.example>\nT: 1s\nS: 550 5.1.1 *")}
            C: RCPT TO:<nobody@our.example>
            S: 421 4.7.1 *
            S: <closed>
            """
        );

    [Fact]
    public async Task L9_unknown_recipients_are_no_errors_of_L8()
    {
        // A list with thirty addresses that are gone is delivered to the others.
        var server = new SmtpTestServer();
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            {Scripts.Open}
            {Dialogue.Repeat(10, _ => "C: RCPT TO:<nobody@our.example>\nS: 550 5.1.1 *")}
            {Dialogue.Repeat(20, _ => "C: RCPT TO:<nobody@our.example>\nT: 1s\nS: 550 5.1.1 *")}
            C: DATA
            S: 354 *
            C: .
            S: 250 *
            """
        );
        Assert.Single(server.Messages);
    }

    [Theory]
    [InlineData("NOOP")]
    [InlineData("RSET")]
    [InlineData("VRFY a")]
    [InlineData("HELP")]
    [InlineData("EHLO c")]
    public async Task L10_idling_gets_slow_and_ends_the_session(string command)
    {
        var reply = command switch
        {
            "HELP" => "S: 214-*\nS: 214 *",
            "EHLO c" => "S... 250 HELP",
            _ => "S: 25*",
        };
        await SmtpTestServer
            .With(new() { MaxIdleCommands = 10 })
            .PlayAsync(
                Pacing.Lines,
                $"""
                S: 220 *
                {Dialogue.Repeat(20, _ => $"C: {command}\n{reply}")}
                {Dialogue.Repeat(9, _ => $"C: {command}\nT: 1s\n{reply}")}
                C: {command}
                T: 1s
                {reply}
                S: 421 4.7.0 *
                S: <closed>
                """
            );
    }

    [Fact]
    public async Task L10_a_message_begins_the_count_anew() =>
        await SmtpTestServer
            .With(new() { MaxIdleCommands = 10 })
            .PlayAsync(
                Pacing.Lines,
                Scripts.Greeted
                    + "\n"
                    + Dialogue.Repeat(
                        20,
                        _ =>
                            "C: RSET\nS: 250 *\nC: MAIL FROM:<>\nS: 250 *\nC: RCPT TO:<a@our.example>\nS: 250 *\nC: DATA\nS: 354 *\nC: .\nS: 250 *"
                    )
            );

    [Fact]
    public async Task L11_enough_messages_for_one_session()
    {
        var server = SmtpTestServer.With(new() { MaxMessages = 2 });
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            {Scripts.Greeted}
            {Dialogue.Repeat(
                2,
                _ =>
                    "C: MAIL FROM:<>\nS: 250 *\nC: RCPT TO:<a@our.example>\nS: 250 *\nC: DATA\nS: 354 *\nC: .\nS: 250 *"
            )}
            C: MAIL FROM:<>
            S: 421 4.7.0 *
            S: <closed>
            """
        );
        Assert.Equal(2, server.Messages.Count);
    }

    [Fact]
    public async Task L29_a_peer_that_takes_no_replies_is_cut_off()
    {
        var server = SmtpTestServer.With(new() { MaxIdleCommands = 1_000_000 });
        var connection = MemoryConnection.Create();
        var session = server.Handler().HandleAsync(connection, CancellationToken.None);
        // HELP has long replies; the pipe to the client takes 64 KiB of them.
        var writing = SendAsync(connection, string.Concat(Enumerable.Repeat("HELP\r\n", 10_000)));
        await server.Clock.AdvanceWhenAwaitedAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        await session;
        Assert.True(connection.WasAborted);
        await connection.DisposeAsync();
        await writing;
    }

    [Theory]
    [InlineData("L5", "MAIL FROM:<{long}@client.example>", "501 5.1.7 *")]
    [InlineData("L5", "MAIL FROM:<a@{long}.example>", "501 5.1.7 *")]
    [InlineData("L6", "RCPT TO:<v@our.example>", "452 4.5.3 *")]
    [InlineData("L10", "NOOP", "250 *")]
    public async Task A_limit_is_counted_each_time_and_logged_once_a_session(string limit, string command, string reply)
    {
        var counted = 0L;
        using var meters = new MeterListener();
        meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "postreiter.smtp.limits")
                listener.EnableMeasurementEvents(instrument);
        };
        var here = new AsyncLocal<bool> { Value = true };
        meters.SetMeasurementEventCallback<long>(
            (_, value, tags, _) =>
            {
                foreach (var (_, number) in tags)
                    counted += here.Value && number is string text && text == limit ? value : 0;
            }
        );
        meters.Start();
        var log = new LogLines();
        var server = SmtpTestServer.With(new() { MaxRecipients = 99, MaxIdleCommands = 1 });
        var connection = MemoryConnection.Create();
        var session = server.Handler(log).HandleAsync(connection, CancellationToken.None);
        var long65 = command.Replace("{long}", new string('l', 65), StringComparison.Ordinal);
        await Dialogue
            .On(connection, Pacing.Lines)
            .RunAsync(
                $"""
                {(limit == "L6" ? Scripts.Open : Scripts.Greeted)}
                {(limit == "L6" ? Dialogue.Repeat(98, i => $"C: RCPT TO:<u{i}@our.example>\nS: 250 2.1.5 *") : "")}
                {Dialogue.Repeat(3, _ => $"C: {long65}\nS: {reply}")}
                C: QUIT
                S: 221 *
                """
            );
        await session;
        Assert.Equal(3, counted);
        Assert.Single(log.Lines, l => l.Contains($"limit {limit}:", StringComparison.Ordinal));
    }

    private static async Task SendAsync(MemoryConnection connection, string text)
    {
        await connection.Client.Output.WriteAsync(System.Text.Encoding.ASCII.GetBytes(text));
    }

    private sealed class LogLines : ILogger<SmtpConnectionHandler>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => Lines.Add(formatter(state, exception));
    }
}
