using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server;

/// <summary>A client that stalls: 421 4.4.2 (RFC 5321 §4.5.3.2).</summary>
public sealed class TimeoutTests
{
    [Theory]
    [InlineData("")]
    [InlineData("R: NO\n")]
    [InlineData("C: EHLO c\nS... 250 HELP\nR: MAIL FROM:<a@b.example>\\r\n")]
    public async Task A_command_has_five_minutes(string before) =>
        await new SmtpTestServer().PlayAsync(Pacing.Lines, $"S: 220 *\n{before}T: 5m\nS: 421 4.4.2 *\nS: <closed>");

    [Fact]
    public async Task The_five_minutes_are_for_the_whole_command_not_for_each_octet() =>
        await new SmtpTestServer().PlayAsync(
            Pacing.Bytes,
            $"S: 220 *\n{Dialogue.Repeat(4, _ => "R: N\nA: 70s")}\nT: 20s\nS: 421 4.4.2 *\nS: <closed>"
        );

    [Fact]
    public async Task Each_command_has_its_own() =>
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"S: 220 *\n{Dialogue.Repeat(5, _ => "R: NO\nA: 4m\nR: OP\\r\\n\nS: 250 *")}"
        );

    [Theory]
    [InlineData("")]
    [InlineData("C: half a message\n")]
    [InlineData("R: a\\r\\n.\n")]
    public async Task A_block_of_data_has_three_minutes(string before)
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(Pacing.Lines, $"{Scripts.Data}\n{before}T: 3m\nS: 421 4.4.2 *\nS: <closed>");
        Assert.Empty(server.Messages);
        Assert.Equal(0, server.Open);
    }

    [Fact]
    public async Task A_chunk_has_them_too()
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            Pacing.Lines,
            $"{Scripts.Open}\nR: BDAT 100 LAST\\r\\nhalf\nT: 3m\nS: 421 4.4.2 *\nS: <closed>"
        );
        Assert.Empty(server.Messages);
    }

    [Fact]
    public async Task A_message_that_trickles_is_cut_off()
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            Pacing.Bytes,
            $"{Scripts.Data}\n{Dialogue.Repeat(3, _ => "R: x\nA: 25s")}\nR: x\nS: 421 4.4.2 *\nS: <closed>"
        );
        Assert.Empty(server.Messages);
    }

    [Fact]
    public async Task A_slow_one_is_taken()
    {
        var server = new SmtpTestServer();
        var line = new string('x', 998);
        await server.PlayAsync(
            Pacing.Lines,
            $"{Scripts.Data}\n{Dialogue.Repeat(20, _ => Dialogue.Repeat(40, _ => "C: " + line) + "\nA: 20s")}\nC: .\nS: 250 *"
        );
        Assert.Single(server.Messages);
    }

    [Fact]
    public async Task A_session_has_an_hour_without_a_delivered_message() =>
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"S: 220 *\n{Dialogue.Repeat(14, _ => "A: 4m\nC: NOOP\nS: 250 *")}\nT: 4m\nS: 421 4.4.2 *\nS: <closed>"
        );

    [Fact]
    public async Task Refused_messages_do_not_lengthen_the_hour() =>
        await new SmtpTestServer { EarlyRefusal = new Core.SmtpReply(552, "5.3.4", "Header too large") }.PlayAsync(
            Pacing.Lines,
            $"""
            {Scripts.Greeted}
            {Dialogue.Repeat(
                10,
                _ =>
                    "C: MAIL FROM:<>\nS: 250 *\nC: RCPT TO:<a@our.example>\nS: 250 *\nC: DATA\nS: 354 *\nC: x\nC: .\nS: 552 *\nA: 4m"
            )}
            {Dialogue.Repeat(4, _ => "C: NOOP\nS: 250 *\nA: 4m")}
            T: 4m
            S: 421 4.4.2 *
            """
        );

    [Fact]
    public async Task A_delivered_one_begins_the_hour_anew() =>
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            Scripts.Greeted
                + "\n"
                + Dialogue.Repeat(
                    20,
                    _ =>
                        "A: 4m\nC: MAIL FROM:<>\nS: 250 *\nC: RCPT TO:<a@our.example>\nS: 250 *\nC: DATA\nS: 354 *\nC: .\nS: 250 *"
                )
        );

    [Fact]
    public async Task The_answer_to_the_end_of_data_comes_within_a_minute() =>
        await new SmtpTestServer { IntakeHangs = true }.PlayAsync(
            Pacing.Lines,
            $"{Scripts.Data}\nC: x\nC: .\nT: 60s\nS: 451 4.3.0 *\nC: NOOP\nS: 250 *"
        );
}
