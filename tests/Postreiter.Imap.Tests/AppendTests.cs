using Postreiter.Core;
using Postreiter.Imap.Syntax;
using Postreiter.Storage;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Mail;
using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

public sealed class AppendTests
{
    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Every_kind_of_literal_is_taken_with_flags_and_date(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            """
            C: 1 APPEND Sent {6}
            S: + *
            R: a: b\r\n\r\n
            S: 1 OK [APPENDUID *
            C: 2 APPEND Sent (\Seen $Forwarded) {6+}
            R: a: b\r\n\r\n
            S: 2 OK [APPENDUID *
            C: 3 APPEND Sent "24-Dec-2025 18:00:00 -0330" ~{6}
            S: + *
            R: a: b\0\0\r\n
            S: 3 OK [APPENDUID *
            C: 4 APPEND "Sent" () " 1-jan-2026 00:00:00 +0000" ~{6+}
            R: a: b\r\n\r\n
            S: 4 OK [APPENDUID *
            C: 5 APPEND {4+}
            R: Sent (\\Draft) {1}\r\n
            S: + *
            C: x
            S: 5 OK [APPENDUID *
            C: 6 SELECT Sent
            S... * 5 EXISTS
            S... 6 OK *
            C: 7 FETCH 1:* (FLAGS INTERNALDATE RFC822.SIZE)
            S: * 1 FETCH (FLAGS () INTERNALDATE " 1-Jan-2026 12:00:00 +0000" RFC822.SIZE 6)
            S: * 2 FETCH (FLAGS (\Seen $Forwarded) INTERNALDATE " 1-Jan-2026 12:00:00 +0000" RFC822.SIZE 6)
            S: * 3 FETCH (FLAGS () INTERNALDATE "24-Dec-2025 18:00:00 -0330" RFC822.SIZE 6)
            S: * 4 FETCH (FLAGS () INTERNALDATE " 1-Jan-2026 00:00:00 +0000" RFC822.SIZE 6)
            S: * 5 FETCH (FLAGS (\Draft) INTERNALDATE " 1-Jan-2026 12:00:00 +0000" RFC822.SIZE 1)
            S: 7 OK *
            C: 8 APPEND Sent {1+}
            C: y
            S: * 6 EXISTS
            S: * 0 RECENT
            S: 8 OK *
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task A_refusal_comes_before_the_data_when_it_can(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            """
            C: 1 APPEND nowhere {6}
            S: 1 NO [TRYCREATE] *
            C: 2 APPEND nowhere {8+}
            C: 3 LOGOUT
            S: 2 NO [TRYCREATE] *      # the data was read, not run
            C: 4 APPEND Sent (\Seen {6}
            S: 4 BAD *
            C: 5 APPEND Sent "32-Dec-2025 18:00:00 +0000" {8+}
            C: 6 LOGOUT
            S: 5 BAD *
            C: 7 APPEND Sent {0}
            S: 7 NO *
            C: 8 APPEND Sent {3+}
            R: a\0b\r\n
            S: 8 NO *                  # RFC 9051 §4.3: NUL needs a literal8
            C: 9 APPEND Sent
            S: 9 BAD *
            C: 10 APPEND Sent UTF8 (~{1}
            S: 10 BAD *                # not enabled
            C: 11 APPEND Sent {1+}
            C: xy
            S: 11 BAD *
            C: 12 STATUS Sent (MESSAGES)
            S: * STATUS "Sent" (MESSAGES 0)
            S: 12 OK *
            C: 13 APPEND Sent {1+}
            C: x {3+}
            S: * BYE *                 # the next literal would be taken for commands
            S: 13 BAD *
            S: <closed>
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task UTF8_data_is_taken_once_enabled(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            """
            C: 1 ENABLE UTF8=ACCEPT
            S... 1 OK *
            C: 2 APPEND Sent UTF8 (~{3+}
            C: abc)
            S: 2 OK [APPENDUID *
            C: 3 APPEND Sent UTF8 (~{3+}
            C: abc
            S: 3 BAD *
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task L22_literals_of_APPEND_are_bounded(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync(
            new ImapOptions { AllowPlaintext = true, MaxMessageBytes = 100_000 }
        );
        await server.PlayLoggedInAsync(
            pacing,
            $$"""
            C: 1 APPEND Sent {100001}
            S: 1 NO [TOOBIG] *
            C: 2 APPEND Sent {4096+}
            C: {{new string('x', 4096)}}
            S: 2 OK *
            C: 3 APPEND Sent {4097+}
            S: * BYE [TOOBIG] *
            S: 3 BAD *
            S: <closed>
            """
        );
    }

    [Fact]
    public async Task L3_a_message_of_the_full_size_is_taken()
    {
        var server = await ImapTestServer.StartAsync(
            new ImapOptions { AllowPlaintext = true, MaxMessageBytes = 300_000 }
        );
        await server.PlayLoggedInAsync(
            Pacing.Lines,
            $$"""
            C: 1 APPEND Sent {300000}
            S: + *
            C: {{new string('x', 300_000)}}
            S: 1 OK *
            C: 2 STATUS Sent (SIZE)
            S: * STATUS "Sent" (SIZE 300000)
            S: 2 OK *
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task F2_the_quota_is_told_before_the_data(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.Store.Directory.SetQuotaAsync(
            EmailAddress.Parse("ann@example.org"),
            10,
            null,
            CancellationToken.None
        );
        await server.PlayLoggedInAsync(
            pacing,
            """
            C: 1 APPEND Sent {11}
            S: 1 NO [OVERQUOTA] *
            C: 2 APPEND Sent {10}
            S: + *
            C: 0123456789
            S: 2 OK *
            C: 3 APPEND Sent {8+}
            C: 4 LOGOUT
            S: 3 NO [OVERQUOTA] *
            C: 5 SELECT Sent
            S... 5 OK *
            C: 6 COPY 1 Trash
            S: 6 NO [OVERQUOTA] *
            C: 7 MOVE 1 Trash
            S: * OK [COPYUID *
            S: * 1 EXPUNGE
            S: 7 OK *
            """
        );
    }

    [Theory]
    [InlineData(Pacing.Lines, nameof(IMailStore.FindMailboxAsync))]
    [InlineData(Pacing.Bytes, nameof(IMailStore.FindMailboxAsync))]
    [InlineData(Pacing.Lines, nameof(IBlobIntake.Begin))]
    [InlineData(Pacing.Bytes, nameof(BlobWriter.WriteAsync))]
    [InlineData(Pacing.Bytes, nameof(IMailStore.FileAsync))]
    public async Task F1_a_fault_while_a_message_comes_leaves_no_command_in_it(Pacing pacing, string method)
    {
        var server = await ImapTestServer.StartAsync();
        server.Fault = called => called == method ? new StoreException(StoreFault.DiskFull, "the test says so") : null;
        await server.PlayLoggedInAsync(
            pacing,
            """
            C: 1 APPEND Sent {8+}
            C: 2 LOGOUT
            S: 1 NO [OVERQUOTA] *
            C: 3 NOOP
            S: 3 OK *
            """
        );
    }

    [Fact]
    public async Task A_message_that_breaks_off_is_not_kept()
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(Pacing.Lines, "C: 1 APPEND Sent {8+}\nR: abc\nCLOSE");
        await server.PlayLoggedInAsync(
            Pacing.Lines,
            "C: 1 STATUS Sent (MESSAGES)\nS: * STATUS \"Sent\" (MESSAGES 0)\nS: 1 OK *"
        );
    }

    [Theory]
    [InlineData("\" 1-Jan-2026 12:00:00 +0100\"", true)]
    [InlineData("\"01-Jan-2026 12:00:00 +0100\"", true)]
    [InlineData("\"31-DEC-1999 23:59:59 -1200\"", true)]
    [InlineData("\"1-Jan-2026 12:00:00 +0100\"", false)]
    [InlineData("\"31-Feb-2026 12:00:00 +0100\"", false)]
    [InlineData("\" 1-Jan-2026 24:00:00 +0100\"", false)]
    [InlineData("\" 1-Jan-2026 12:00:00 +01:0\"", false)]
    [InlineData("\" 1-Jan-2026 12:00:00 CEST \"", false)]
    [InlineData("\" 1-Jan-2026 12:00:00 +2500\"", false)]
    [InlineData("\" 1 Jan 2026 12:00:00 +0100\"", false)]
    [InlineData(" 1-Jan-2026 12:00:00 +0100", false)]
    public void Date_times(string text, bool good) =>
        Assert.Equal(good, ImapDate.TryReadDateTime(new ImapReader(System.Text.Encoding.Latin1.GetBytes(text)), out _));
}
