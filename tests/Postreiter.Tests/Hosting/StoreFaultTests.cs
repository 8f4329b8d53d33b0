using Microsoft.Data.Sqlite;
using Postreiter.CommandLine;

namespace Postreiter.Tests.Hosting;

/// <summary>Faults of the store as SMTP, IMAP and POP3 clients of the whole server see them.</summary>
public sealed class StoreFaultTests : IAsyncDisposable
{
    private readonly FaultySite _site = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    private static async Task<string> AppendAsync(LineClient imap, string tag, string text)
    {
        await imap.SendAsync($"{tag} APPEND INBOX {{{text.Length}}}");
        // Refused at once or taken.
        var first = await imap.UntilAsync("");
        if (!first.StartsWith('+'))
            return first;
        await imap.SendAsync(text);
        return await imap.UntilAsync($"{tag} ");
    }

    [Fact]
    public async Task F1_near_the_end_of_the_disk_mail_waits_and_the_rest_goes_on()
    {
        await _site.InitAsync();
        await _site.StartAsync();
        await _site.DeliverAsync("one");
        await _site.DeliverAsync("two");
        await using var smtp = await _site.SmtpAsync();
        await using var imap = await _site.ImapAsync();
        _site.Space = (100L << 20, 1L << 40);
        _site.PassASecond();
        await smtp.AskAsync("MAIL FROM:<x@far.test>", "452 4.3.1 ");
        Assert.Contains("* 2 EXISTS", await imap.CommandAsync("1", "SELECT INBOX"), StringComparison.Ordinal);
        Assert.Contains("the text of one", await imap.CommandAsync("2", "FETCH 1 BODY[]"), StringComparison.Ordinal);
        Assert.Contains("3 OK", await imap.CommandAsync("3", "STORE 1 +FLAGS (\\Deleted)"), StringComparison.Ordinal);
        Assert.Contains("* 1 EXPUNGE", await imap.CommandAsync("4", "EXPUNGE"), StringComparison.Ordinal);
        Assert.Contains(
            "5 NO [OVERQUOTA]",
            await AppendAsync(imap, "5", "Subject: x\r\n\r\ny\r\n"),
            StringComparison.Ordinal
        );
        await using (var other = await _site.ImapAsync())
            Assert.Contains("6 OK", await other.CommandAsync("6", "STATUS INBOX (MESSAGES)"), StringComparison.Ordinal);

        _site.Space = null;
        _site.PassASecond();
        await FaultySite.SendMailAsync(smtp, "three");
        await smtp.UntilAsync("250 ");
        Assert.Contains("7 OK", await AppendAsync(imap, "7", "Subject: x\r\n\r\ny\r\n"), StringComparison.Ordinal);
        Assert.Contains("* 3 EXISTS", await imap.CommandAsync("8", "SELECT INBOX"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(28, "452 4.3.1 ", "NO [OVERQUOTA]")] // ENOSPC
    [InlineData(30, "451 4.3.0 ", "NO [SERVERBUG]")] // EROFS
    [InlineData(5, "451 4.3.0 ", "NO [SERVERBUG]")] // EIO
    public async Task F1_a_disk_that_cannot_be_written_defers_and_recovers(
        int errno,
        string smtpReply,
        string imapReply
    )
    {
        await _site.InitAsync();
        await _site.StartAsync();
        await using var smtp = await _site.SmtpAsync();
        await using var imap = await _site.ImapAsync();
        _site.WriteError = errno;
        await FaultySite.SendMailAsync(smtp, "lost");
        await smtp.UntilAsync(smtpReply);
        Assert.Contains(
            "1 " + imapReply,
            await AppendAsync(imap, "1", "Subject: x\r\n\r\ny\r\n"),
            StringComparison.Ordinal
        );
        Assert.Contains("* 0 EXISTS", await imap.CommandAsync("2", "SELECT INBOX"), StringComparison.Ordinal);
        _site.WriteError = 0;
        await FaultySite.SendMailAsync(smtp, "kept");
        await smtp.UntilAsync("250 ");
        Assert.Contains("* 1 EXISTS", await imap.CommandAsync("4", "NOOP"), StringComparison.Ordinal);
        Assert.Contains("the text of kept", await imap.CommandAsync("3", "FETCH 1 BODY[]"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task F3_a_locked_database_defers_and_reading_goes_on()
    {
        await _site.InitAsync();
        await _site.StartAsync();
        await _site.DeliverAsync("one");
        await using var smtp = await _site.SmtpAsync();
        await using var imap = await _site.ImapAsync();
        await using var reader = await _site.ImapAsync();
        var options = new SqliteConnectionStringBuilder { DataSource = _site.Database, Pooling = false };
        await using (var other = new SqliteConnection(options.ToString()))
        {
            await other.OpenAsync(Ct);
            await using var command = other.CreateCommand();
            command.CommandText = "BEGIN IMMEDIATE";
            await command.ExecuteNonQueryAsync(Ct);
            await FaultySite.SendMailAsync(smtp, "later");
            var append = AppendAsync(imap, "1", "Subject: x\r\n\r\ny\r\n");
            Assert.Contains("* 1 EXISTS", await reader.CommandAsync("2", "EXAMINE INBOX"), StringComparison.Ordinal);
            var body = await reader.CommandAsync("3", "FETCH 1 BODY.PEEK[]");
            Assert.Contains("the text of one", body, StringComparison.Ordinal);
            await smtp.UntilAsync("451 4.3.0 ");
            Assert.Contains("1 NO [INUSE]", await append, StringComparison.Ordinal);
        }

        await FaultySite.SendMailAsync(smtp, "now");
        await smtp.UntilAsync("250 ");
        Assert.Contains("* 2 EXISTS", await reader.CommandAsync("4", "NOOP"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task F5_a_damaged_record_is_one_message_that_cannot_be_read()
    {
        await _site.InitAsync();
        await _site.StartAsync();
        foreach (var subject in new[] { "one", "two", "three" })
            await _site.DeliverAsync(subject);
        var segment = Path.Combine(_site.Data, "blobs", "00000001.seg");
        var bytes = await File.ReadAllBytesAsync(segment, Ct);
        bytes[System.Text.Encoding.ASCII.GetString(bytes).IndexOf("text of two", StringComparison.Ordinal)] ^= 1;
        await File.WriteAllBytesAsync(segment, bytes, Ct);

        await using var imap = await _site.ImapAsync();
        await imap.CommandAsync("1", "SELECT INBOX");
        var fetched = await imap.CommandAsync("2", "FETCH 1:3 (UID BODY.PEEK[])");
        Assert.Contains("2 NO [SERVERBUG]", fetched, StringComparison.Ordinal);
        Assert.Contains("the text of one", fetched, StringComparison.Ordinal);
        Assert.Contains("the text of three", fetched, StringComparison.Ordinal);
        Assert.DoesNotContain("xt of two", fetched, StringComparison.Ordinal);
        Assert.Contains("3 OK", await imap.CommandAsync("3", "FETCH 1:3 (FLAGS ENVELOPE)"), StringComparison.Ordinal);
        await using (var pop = await _site.Pop3Async())
        {
            await pop.AskAsync("RETR 2", "-ERR");
            await pop.AskAsync("RETR 3", "+OK");
        }

        await _site.DeliverAsync("four");
        Assert.Contains("* 4 EXISTS", await imap.CommandAsync("4", "NOOP"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task F4_a_damaged_database_stops_the_start_with_the_words_of_the_check()
    {
        await _site.InitAsync();
        await _site.StartAsync();
        await _site.DeliverAsync("one");
        await _site.StopAsync();
        var segment = Path.Combine(_site.Data, "blobs", "00000001.seg");
        var before = await File.ReadAllBytesAsync(segment, Ct);
        var database = await File.ReadAllBytesAsync(_site.Database, Ct);
        database.AsSpan(4096 * 3, 4096 * 8).Fill(0xA5);
        await File.WriteAllBytesAsync(_site.Database, database, Ct);
        var failure = await Assert.ThrowsAsync<CommandFailure>(_site.StartAsync);
        Assert.Equal(ExitCodes.Failed, failure.ExitCode);
        Assert.Contains("damaged", failure.Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(segment, Ct));
    }
}
