using System.Text;
using Postreiter.Core;
using Postreiter.Smtp.Server;
using Postreiter.Testing;
using static Postreiter.Smtp.Tests.Client.ClientRun;

namespace Postreiter.Smtp.Tests.Client;

/// <summary>MAIL, RCPT, DATA and BDAT: what is sent for which extensions, and what each reply means.</summary>
public sealed class TransactionTests
{
    private const string Quit = "C: QUIT\nS: 221 bye";

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Without_pipelining_each_command_waits_for_its_reply(Pacing pacing)
    {
        var result = await SendAsync(
            pacing,
            $"""
            {Hello}
            C: MAIL FROM:<ann@our.test>
            S: 250 ok
            C: RCPT TO:<a@far.test>
            S: 250-fine
            S: 250 really
            C: RCPT TO:<b@far.test>
            S: 550 5.1.1 who
            C: RCPT TO:<c@far.test>
            S: 451 4.2.1 wait
            C: DATA
            S: 354 go
            C: Subject: x
            C:
            C: ..dot
            C: ...
            C: .
            S: 250 2.6.0 taken
            {Quit}
            """,
            Message("Subject: x\r\n\r\n.dot\r\n..\r\n", "a@far.test", "b@far.test", "c@far.test")
        );
        Assert.Equal([250, 550, 451], result.Replies.Select(r => r.Code));
        Assert.False(result.MayTryNextHost);
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task With_pipelining_MAIL_and_RCPTs_come_in_one_group_and_DATA_waits(Pacing pacing)
    {
        var result = await SendAsync(
            pacing,
            $"""
            {With("PIPELINING")}
            C: MAIL FROM:<ann@our.test>
            C: RCPT TO:<a@far.test>
            C: RCPT TO:<b@far.test>
            R: 250 ok\r\n550 5.1.1 a\r\n550 5.1.1 b\r\n
            {Quit}
            """,
            Message("x", "a@far.test", "b@far.test")
        );
        Assert.Equal([550, 550], result.Replies.Select(r => r.Code));
    }

    [Theory]
    [InlineData("S: 421 4.3.2 stop", 421, true)]
    [InlineData("S: 452 4.3.1 full\nC: QUIT\nS: 221 x", 452, true)]
    [InlineData("S: 550 5.7.1 no\nC: QUIT\nS: 221 x", 550, false)]
    [InlineData("S: 354 what", 421, true)]
    [InlineData("CLOSE", 421, true)]
    [InlineData("S: 250 ok\nC: RCPT*\nS: 421 4.3.2 stop", 421, true)]
    [InlineData("S: 250 ok\nC: RCPT*\nCLOSE", 421, true)]
    [InlineData("S: 250 ok\nC: RCPT*\nS: 354 what", 421, true)]
    [InlineData("S: 250 ok\nC: RCPT*\nS: 450 4.2.0 grey\nC: QUIT\nS: 221 x", 450, false)]
    [InlineData("S: 250 ok\nC: RCPT*\nS: 251 forwards\nC: DATA\nS: 451 no\nC: QUIT\nS: 221 x", 451, false)]
    [InlineData("S: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 554 no\nC: QUIT\nS: 221 x", 554, false)]
    [InlineData("S: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 250 ok", 421, true)]
    [InlineData("S: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 421 stop", 421, true)]
    [InlineData("S: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nCLOSE", 421, true)]
    [InlineData("S: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 354 go\nC... .\nCLOSE", 421, false)] // P3: may be there
    [InlineData("S: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 354 go\nC... .\nS: 354 again", 421, false)]
    [InlineData("S: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 354 go\nC... .\nR: 250", 421, false)]
    [InlineData("S: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 354 go\nC... .\nS: 421 4.3.2 stop", 421, false)]
    [InlineData("S: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 354 go\nC... .\nS: 451 x\nC: QUIT\nS: 221 x", 451, false)]
    [InlineData("S: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 354 go\nC... .\nS: 552 x\nC: QUIT\nS: 221 x", 552, false)]
    [InlineData("S: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 354 go\nC... .\nS: 250 ok\nC: QUIT\nCLOSE", 250, false)]
    public async Task Every_step_has_its_4yz_5yz_and_end(string script, int code, bool mayTryNextHost)
    {
        foreach (var pacing in (Pacing[])[Pacing.Lines, Pacing.Bytes])
        {
            var result = await SendAsync(pacing, $"{Hello}\nC: MAIL FROM:<ann@our.test>\n{script}");
            Assert.Equal((code, mayTryNextHost), (result.Replies[0].Code, result.MayTryNextHost));
        }
    }

    [Theory]
    [InlineData("C: MAIL*", "5m")]
    [InlineData("C: MAIL*\nS: 250 ok\nC: RCPT*", "5m")]
    [InlineData("C: MAIL*\nS: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA", "2m")]
    [InlineData("C: MAIL*\nS: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 354 go\nC... .", "10m")]
    [InlineData(
        "C: MAIL*\nS: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 354 go\nC... .\nR: 250-not\\r\\n250-yet\\r\\n",
        "10m"
    )]
    public async Task Every_step_has_its_time(string script, string span)
    {
        var reply = await ReplyAsync(
            Pacing.Lines,
            $"{Hello}\n{script}\nT: {span}\nC: <closed>",
            clock: new TestClock()
        );
        Assert.Equal((421, "4.4.2", true), (reply.Code, reply.Enhanced.ToString(), reply.IsOurs));
    }

    [Fact]
    public async Task A_server_that_stops_reading_is_left_and_nothing_is_waited_for()
    {
        var reply = await ReplyAsync(
            Pacing.Lines,
            $"{Hello}\nC: MAIL*\nS: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 354 go\nSTALL: 3m",
            Message(new byte[1_000_000]),
            clock: new TestClock()
        );
        Assert.Equal((421, "4.4.2"), (reply.Code, reply.Enhanced.ToString()));
    }

    [Fact]
    public async Task A_server_that_hangs_up_in_the_middle_is_heard()
    {
        var reply = await ReplyAsync(
            Pacing.Lines,
            $"{Hello}\nC: MAIL*\nS: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 354 go\nC: x*\nS: 552 5.3.4 too big\nCLOSE",
            Message(string.Concat(Enumerable.Repeat("xxxxxxxxxx\r\n", 100_000)))
        );
        Assert.Equal((552, false), (reply.Code, reply.IsOurs));
    }

    [Theory]
    [InlineData("SIZE 100", "MAIL FROM:<ann@our.test> SIZE=10", null)]
    [InlineData("SIZE", "MAIL FROM:<ann@our.test> SIZE=10", null)]
    [InlineData("SIZE 0", "MAIL FROM:<ann@our.test> SIZE=10", null)]
    [InlineData("SIZE 9", null, "5.3.4")]
    [InlineData("SIZE 99999999999999999999999", "MAIL FROM:<ann@our.test> SIZE=10", null)]
    [InlineData("X-NOTHING", "MAIL FROM:<ann@our.test>", null)]
    public async Task SIZE_is_said_and_kept(string offer, string? mail, string? status)
    {
        var script = mail is null ? With(offer) : $"{With(offer)}\nC: {mail}\nS: 550 5.0.0 enough";
        var reply = await ReplyAsync(Pacing.Lines, $"{script}\n{Quit}", Message("1234567\r\n\n"));
        Assert.Equal(status ?? "5.0.0", reply.Enhanced.ToString());
    }

    [Theory]
    [InlineData("8BITMIME", SmtpBody.EightBitMime, "MAIL FROM:<ann@our.test> BODY=8BITMIME", null)]
    [InlineData("SIZE", SmtpBody.EightBitMime, "MAIL FROM:<ann@our.test> SIZE=*", null)] // as it is: MailCommands says why
    [InlineData("8BITMIME", SmtpBody.SevenBit, "MAIL FROM:<ann@our.test>", null)]
    [InlineData("BINARYMIME", SmtpBody.BinaryMime, null, "5.6.3")]
    [InlineData("CHUNKING", SmtpBody.BinaryMime, null, "5.6.3")]
    public async Task BODY_goes_to_those_who_know_it(string offer, SmtpBody body, string? mail, string? status)
    {
        var message = Message();
        message = message with { Mail = message.Mail with { Body = body } };
        var script = mail is null ? With(offer) : $"{With(offer)}\nC: {mail}\nS: 550 5.0.0 enough";
        Assert.Equal(
            status ?? "5.0.0",
            (await ReplyAsync(Pacing.Lines, $"{script}\n{Quit}", message)).Enhanced.ToString()
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Binary_mail_goes_by_BDAT_with_every_byte(Pacing pacing)
    {
        var message = Message("Subject: x\r\n\r\na\rb\r\n.\r\n..c\r\n");
        message = message with { Mail = message.Mail with { Body = SmtpBody.BinaryMime } };
        var reply = await ReplyAsync(
            pacing,
            $"""
            {With("CHUNKING", "BINARYMIME")}
            C: MAIL FROM:<ann@our.test> BODY=BINARYMIME
            S: 250 ok
            C: RCPT TO:<bob@far.test>
            S: 250 ok
            C: BDAT 27 LAST
            C: Subject: x
            C:
            C: a{'\r'}b
            C: .
            C: ..c
            S: 250 ok
            {Quit}
            """,
            message
        );
        Assert.Equal(250, reply.Code);
    }

    [Theory]
    [InlineData("SMTPUTF8", false, "jörg@far.test", "Subject: x\r\n", "MAIL FROM:<ann@our.test> SMTPUTF8", null)]
    [InlineData("SMTPUTF8", true, "bob@far.test", "Subject: x\r\n", "MAIL FROM:<ann@our.test> SMTPUTF8", null)]
    [InlineData("SIZE", false, "jörg@far.test", "Subject: x\r\n", null, "5.6.7")]
    [InlineData("SIZE", true, "bob@far.test", "Subject: ö\r\n", null, "5.6.7")]
    [InlineData("SIZE", true, "bob@far.test", "Subject: x\r\n\r\nö\r\n", "MAIL FROM:<ann@our.test> SIZE=*", null)]
    [InlineData("SIZE", false, "bob@bücher.test", "Subject: x\r\n", "MAIL FROM:<ann@our.test> SIZE=*", null)] // A-labels
    public async Task SMTPUTF8_is_asked_for_where_it_is_needed(
        string offer,
        bool said,
        string to,
        string text,
        string? mail,
        string? status
    )
    {
        var message = Message(text, to);
        message = message with { Mail = message.Mail with { SmtpUtf8 = said } };
        var script = mail is null ? With(offer) : $"{With(offer)}\nC: {mail}\nS: 550 5.0.0 enough";
        Assert.Equal(
            status ?? "5.0.0",
            (await ReplyAsync(Pacing.Lines, $"{script}\n{Quit}", message)).Enhanced.ToString()
        );
    }

    [Theory]
    [InlineData(
        "DSN",
        "MAIL FROM:<ann@our.test> RET=HDRS ENVID=a+20b+2Bc",
        "RCPT TO:<bob@far.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Bob+20B@old.test"
    )]
    [InlineData("SIZE", "MAIL FROM:<ann@our.test> SIZE=18", "RCPT TO:<bob@far.test>")]
    public async Task DSN_parameters_go_to_those_who_know_them(string offer, string mail, string rcpt)
    {
        var message = Message() with
        {
            Recipients =
            [
                new RcptArguments
                {
                    Recipient = EmailAddress.Parse("bob@far.test"),
                    Notify = SmtpNotify.Success | SmtpNotify.Failure,
                    OriginalRecipient = "rfc822;Bob B@old.test",
                },
            ],
        };
        message = message with { Mail = message.Mail with { Return = "HDRS", EnvelopeId = "a b+c" } };
        var script = $"{With(offer)}\nC: {mail}\nS: 250 ok\nC: {rcpt}\nS: 550 5.0.0 enough\n{Quit}";
        Assert.Equal(550, (await ReplyAsync(Pacing.Lines, script, message)).Code);
    }

    [Theory]
    [InlineData("utf-8;jörg=x@old.test", "RCPT TO:<bob@far.test> ORCPT=utf-8;j\\x{F6}rg\\x{3D}x@old.test")]
    [InlineData("utf-8;j\\x{F6}rg@old.test", "RCPT TO:<bob@far.test> ORCPT=utf-8;j\\x{F6}rg@old.test")]
    [InlineData("nonsense", "RCPT TO:<bob@far.test>")]
    public async Task ORCPT_of_the_utf_8_type_is_written_in_ASCII(string original, string rcpt)
    {
        var message = Message() with
        {
            Recipients =
            [
                new RcptArguments { Recipient = EmailAddress.Parse("bob@far.test"), OriginalRecipient = original },
            ],
        };
        var script = $"{With("DSN")}\nC: MAIL*\nS: 250 ok\nC: {rcpt}\nS: 550 5.0.0 enough\n{Quit}";
        Assert.Equal(550, (await ReplyAsync(Pacing.Lines, script, message)).Code);
    }

    [Theory]
    [InlineData("452 4.5.3 too many")]
    [InlineData("452 enough")]
    [InlineData("552 5.5.3 too many")]
    public async Task Recipients_beyond_the_servers_limit_follow_at_once(string tooMany)
    {
        var result = await SendAsync(
            Pacing.Lines,
            $"""
            {Hello}
            C: MAIL*
            S: 250 ok
            C: RCPT TO:<a@far.test>
            S: 250 ok
            C: RCPT TO:<b@far.test>
            S: {tooMany}
            C: DATA
            S: 354 go
            C... .
            S: 250 first
            C: MAIL*
            S: 250 ok
            C: RCPT TO:<b@far.test>
            S: 250 ok
            C: DATA
            S: 354 go
            C... .
            S: 250 second
            {Quit}
            """,
            Message("x", "a@far.test", "b@far.test")
        );
        Assert.Equal(["first", "second"], result.Replies.Select(r => r.Lines[0]));
    }

    [Fact]
    public async Task LIMITS_RCPTMAX_is_kept()
    {
        var result = await SendAsync(
            Pacing.Lines,
            $"""
            {With("LIMITS MAILMAX=10 RCPTMAX=1")}
            C: MAIL*
            S: 250 ok
            C: RCPT TO:<a@far.test>
            S: 550 5.1.1 no a
            C: RSET
            S: 250 ok
            C: MAIL*
            S: 250 ok
            C: RCPT TO:<b@far.test>
            S: 421 4.3.2 stop
            """,
            Message("x", "a@far.test", "b@far.test", "c@far.test")
        );
        // The first has its answer: the next host must not get it again.
        Assert.Equal([550, 421, 421], result.Replies.Select(r => r.Code));
        Assert.False(result.MayTryNextHost);
    }

    [Fact]
    public async Task A_message_with_a_bare_line_end_is_not_sent_to_its_end()
    {
        var reply = await ReplyAsync(
            Pacing.Lines,
            $"{Hello}\nC: MAIL*\nS: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 354 go\nC... <closed>",
            Message("Subject: x\r\n\r\na\n.\nMAIL FROM:<evil@our.test>\r\n")
        );
        Assert.Equal((554, "5.6.0"), (reply.Code, reply.Enhanced.ToString()));
    }

    [Fact]
    public async Task P4_a_store_that_fails_in_the_middle_ends_the_connection_before_the_dot()
    {
        var message = Message(new byte[200_000]) with
        {
            ReadAsync = (offset, buffer, _) =>
            {
                buffer.Span.Fill((byte)'x');
                return offset == 0 ? new(buffer.Length) : throw new IOException("damaged");
            },
        };
        await Assert.ThrowsAsync<IOException>(() =>
            SendAsync(
                Pacing.Lines,
                $"{Hello}\nC: MAIL*\nS: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 354 go\nC... <closed>",
                message
            )
        );
    }

    [Fact]
    public async Task P9_a_big_message_is_never_held_whole()
    {
        const long Size = 64L * 1024 * 1024;
        var line = Encoding.ASCII.GetBytes(new string('x', 62) + "\r\n");
        var message = Message() with
        {
            Length = Size,
            ReadAsync = (offset, buffer, _) =>
            {
                var count = (int)Math.Min(buffer.Length, Size - offset);
                for (var i = 0; i < count; i++)
                    buffer.Span[i] = line[(int)((offset + i) % line.Length)];
                return new(count);
            },
        };
        var peak = 0L;
        var read = message.ReadAsync;
        var first = GC.GetTotalMemory(true);
        message = message with
        {
            ReadAsync = (offset, buffer, ct) =>
            {
                if (offset % (8 * 1024 * 1024) == 0)
                    peak = Math.Max(peak, GC.GetTotalMemory(true) - first);
                return read(offset, buffer, ct);
            },
        };
        var reply = await ReplyAsync(
            Pacing.Lines,
            $"{Hello}\nC: MAIL*\nS: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 354 go\nC... .\nS: 250 ok\n{Quit}",
            message
        );
        Assert.Equal(250, reply.Code);
        Assert.True(peak < 16 * 1024 * 1024, $"{peak} bytes in use while sending {Size}");
    }
}
