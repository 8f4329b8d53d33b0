using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server.Commands;

public sealed class BdatCommandTests
{
    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Chunks_make_one_message(Pacing pacing)
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            pacing,
            Scripts.Open
                + """

                R: BDAT 4\r\na\r\n.BDAT 2\r\n\r\n
                S: 250 2.0.0 4 *
                S: 250 2.0.0 2 *
                R: BDAT 0 LAST\r\nBDAT 3 LAST\r\nabc
                S: 250 2.0.0 *
                S: 503 5.5.1 *
                C: NOOP
                S: 250 *
                """
        );
        Assert.Equal("a\r\n.\r\n", Assert.Single(server.Messages).Content);
    }

    [Theory]
    [InlineData("BDAT 5 LAST\\r\\n.\\r\\n\\r\\n", ".\r\n\r\n")]
    [InlineData("BDAT 5 last\\r\\n.\\r\\n.\\r", null)]
    [InlineData("BDAT 10 LAST\\r\\na\\r\\n.\\r\\nQUIT", "a\r\n.\r\nQUIT")]
    [InlineData("BDAT 0 LAST\\r\\n", "")]
    public async Task No_dot_ends_a_chunk_and_its_bytes_are_no_commands(string input, string? content)
    {
        foreach (var pacing in Enum.GetValues<Pacing>())
        {
            var server = new SmtpTestServer();
            await server.PlayAsync(
                pacing,
                $"{Scripts.Open}\nR: {input}\nS: {(content is null ? "550 5.5.2 *" : "250 2.0.0 *")}\nC: NOOP\nS: 250 *"
            );
            Assert.Equal(content is null ? [] : [content], server.Messages.Select(m => m.Content));
        }
    }

    [Fact]
    public async Task A_binary_message_comes_by_BDAT_only()
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            {Scripts.Greeted}
            C: MAIL FROM:<> BODY=BINARYMIME
            S: 250 *
            C: RCPT TO:<a@our.example>
            S: 250 *
            C: DATA
            S: 503 5.5.1 *        # RFC 3030 §3
            R: BDAT 4 LAST\r\na\nb\0
            S: 250 2.0.0 *
            """
        );
        Assert.Equal("a\nb\0", Assert.Single(server.Messages).Content);
    }

    [Theory]
    [InlineData("BDAT", "501 5.5.4 *")]
    [InlineData("BDAT -1", "501 5.5.4 *")]
    [InlineData("BDAT +1", "501 5.5.4 *")]
    [InlineData("BDAT 1 LAST now", "501 5.5.4 *")]
    [InlineData("BDAT 1  LAST", "501 5.5.4 *")]
    [InlineData("BDAT 0x10", "501 5.5.4 *")]
    [InlineData("BDAT 99999999999999999999999", "501 5.5.4 *")]
    [InlineData("BDAT 99999999999 LAST", "552 5.3.4 *")]
    public async Task Where_nobody_knows_how_long_the_chunk_is_the_session_ends(string command, string reply) =>
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"{Scripts.Open}\nR: {command}\\r\\nMAIL FROM:<evil@x.example>\\r\\n\nS: {reply}\nS: <closed>"
        );

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task The_bytes_of_a_refused_chunk_are_read_and_no_commands(Pacing pacing)
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            pacing,
            $"""
            {Scripts.Greeted}
            R: BDAT 6 LAST\r\nQUIT\r\n
            S: 503 5.5.1 *
            C: MAIL FROM:<>
            S: 250 *
            R: BDAT 6\r\nQUIT\r\n
            S: 554 5.5.1 *
            C: RCPT TO:<a@our.example>
            S: 250 *
            R: BDAT 3\r\na\0b
            S: 554 5.6.0 *
            R: BDAT 6 LAST\r\nQUIT\r\n
            S: 503 5.5.1 *
            C: NOOP
            S: 250 *
            """
        );
        Assert.Empty(server.Messages);
        Assert.Equal(0, server.Open);
    }

    [Fact]
    public async Task Between_chunks_only_a_chunk_or_the_end_of_the_transaction_is_taken()
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            {Scripts.Open}
            R: BDAT 3\r\na\r\n
            S: 250 *
            C: MAIL FROM:<>
            S: 503 5.5.1 *
            C: RCPT TO:<b@our.example>
            S: 503 5.5.1 *
            C: DATA
            S: 503 5.5.1 *        # RFC 3030 §2: never both
            C: STARTTLS
            S: 503 5.5.1 *
            C: NOOP
            S: 250 *
            R: BDAT 3 LAST\r\nb\r\n
            S: 250 *
            """
        );
        Assert.Equal("a\r\nb\r\n", Assert.Single(server.Messages).Content);
    }

    [Fact]
    public async Task RSET_forgets_the_chunks()
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            Pacing.Lines,
            $"{Scripts.Open}\nR: BDAT 3\\r\\na\\r\\n\nS: 250 *\nC: RSET\nS: 250 *\nR: BDAT 3 LAST\\r\\nb\\r\\n\nS: 503 5.5.1 *"
        );
        Assert.Empty(server.Messages);
        Assert.Equal(0, server.Open);
    }

    [Fact]
    public async Task L3_chunks_together_are_no_bigger_than_a_message()
    {
        var server = SmtpTestServer.With(new() { MaxMessageBytes = 65_536 });
        var chunk = new string('x', 998) + "\\r\\n";
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            {Scripts.Open}
            {Dialogue.Repeat(65, _ => $"R: BDAT 1000\\r\\n{chunk}\nS: 250 *")}
            R: BDAT 1000\r\n{chunk}
            S: 552 5.3.4 *
            R: BDAT 1000 LAST\r\n{chunk}
            S: 503 5.5.1 *
            """
        );
        Assert.Empty(server.Messages);
        Assert.Equal(0, server.Open);
    }

    [Theory]
    [InlineData("a\\nb", "550 5.5.2 *")]
    [InlineData("a\\rb", "550 5.5.2 *")]
    [InlineData("a\\0b", "554 5.6.0 *")]
    public async Task Text_in_chunks_has_the_line_ends_of_DATA(string chunk, string reply)
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            Pacing.Bytes,
            $"{Scripts.Open}\nR: BDAT 3 LAST\\r\\n{chunk}\nS: {reply}\nC: NOOP\nS: 250 *"
        );
        Assert.Empty(server.Messages);
    }

    [Fact]
    public async Task A_CR_and_its_LF_may_stand_in_two_chunks()
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            Pacing.Lines,
            $"{Scripts.Open}\nR: BDAT 2\\r\\na\\r\nS: 250 *\nR: BDAT 1 LAST\\r\\n\\n\nS: 250 *"
        );
        Assert.Equal("a\r\n", Assert.Single(server.Messages).Content);
    }
}
