using Postreiter.Testing;

namespace Postreiter.Pop3.Tests;

public sealed class LimitTests
{
    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task L26_bad_commands_before_log_in_end_the_session(Pacing pacing)
    {
        var server = await Pop3TestServer.StartAsync();
        await server.PlayAsync(
            pacing,
            """
            S: +OK *
            C: STAT
            S: -ERR *
            C: XTND
            S: -ERR *
            C:
            S: -ERR *
            R: NOOP\n
            S: -ERR *
            C: GET / HTTP/1.1
            S: -ERR *
            S: <closed>
            """
        );
    }

    [Fact]
    public async Task L26_bad_commands_after_log_in_end_the_session()
    {
        var server = await Pop3TestServer.StartAsync();
        await server.AddAsync("A: 1\r\n\r\n");
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            {Pop3TestServer.LogIn}
            C: RETR 7
            S: -ERR *
            {Dialogue.Repeat(20, i => i % 2 == 0 ? "C: RETR x\nS: -ERR *" : "C: USER again\nS: -ERR *")}
            S: <closed>
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task L27_a_line_too_long_is_an_error(Pacing pacing)
    {
        var server = await Pop3TestServer.StartAsync();
        await server.PlayAsync(
            pacing,
            $"""
            S: +OK *
            C: USER {new string('x', 505)}
            S: +OK *
            C: USER {new string('x', 506)}
            S: -ERR *
            C: USER {new string('x', 4000)}
            S: -ERR *
            C: QUIT
            S: +OK *
            """
        );
    }

    [Fact]
    public async Task L27_a_line_above_4_KiB_ends_the_session()
    {
        var server = await Pop3TestServer.StartAsync();
        await server.PlayAsync(Pacing.Lines, $"S: +OK *\nR: {new string('x', 5000)}\nS: -ERR *\nS: <closed>");
    }

    [Fact]
    public async Task Ten_silent_minutes_end_the_session_and_remove_nothing()
    {
        var server = await Pop3TestServer.StartAsync();
        await server.AddAsync("A: 1\r\n\r\n");
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            {Pop3TestServer.LogIn}
            C: DELE 1
            S: +OK *
            R: QUI
            T: 10m
            S: -ERR *
            S: <closed>
            """
        );
        // RFC 1939 §3: an autologout does not enter the UPDATE state.
        Assert.Single(await server.UidsAsync());
    }
}
