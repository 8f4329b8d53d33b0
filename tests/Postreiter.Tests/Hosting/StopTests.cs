using Postreiter.Core;
using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Inbound;
using Postreiter.Spam.Results;
using Postreiter.Spam.Scanning;
using Postreiter.Storage.Mail;

namespace Postreiter.Tests.Hosting;

/// <summary>The order of a stop: no new sessions, a goodbye to those that are open, then the end.</summary>
public sealed class StopTests
{
    [Fact]
    public async Task Open_sessions_are_told_goodbye_in_the_words_of_their_protocol()
    {
        await using var server = await RunningServer.StartAsync();
        using var smtp = await server.ConnectAsync("smtp");
        using var inTransaction = await server.ConnectAsync("smtp");
        using var imap = await server.ConnectAsync("imap");
        using var pop3 = await server.ConnectAsync("pop3");
        await smtp.ReplyAsync();
        await inTransaction.ReplyAsync();
        await inTransaction.AskAsync("EHLO c.test");
        await inTransaction.AskAsync("MAIL FROM:<x@c.test>");
        await imap.ReadAsync();
        await pop3.ReadAsync();

        var stop = server.Server.StopAsync();

        Assert.StartsWith("421 4.3.2 ", await smtp.ReadAsync(), StringComparison.Ordinal);
        Assert.StartsWith("421 4.3.2 ", await inTransaction.ReadAsync(), StringComparison.Ordinal);
        Assert.StartsWith("* BYE ", await imap.ReadAsync(), StringComparison.Ordinal);
        Assert.StartsWith("-ERR [SYS/TEMP] ", await pop3.ReadAsync(), StringComparison.Ordinal);
        Assert.Null(await smtp.ReadAsync());
        Assert.Null(await imap.ReadAsync());
        Assert.Null(await pop3.ReadAsync());
        await stop;
        await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(() => server.ConnectAsync("smtp"));
    }

    [Fact]
    public async Task Scans_that_go_on_behind_their_message_end_before_what_they_use()
    {
        await using var server = await RunningServer.StartAsync();
        var rooms = server.Server.Parts.Rooms;
        await rooms.Spam.Loading;
        var wasOpen = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        rooms.Spam.Scanner.UseWaiting(
            async (mail, ct) =>
            {
                if (mail.Length > 1)
                {
                    await using var told = ct.Register(() => wasOpen.TrySetResult(IsOpen(rooms.Spam.Scanner)));
                    begun.SetResult();
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
                }

                return new ScannedMail(new SpamVerdict { Points = 0, Required = 5 }, new MarkSettings());
            }
        );
        var scan = new LateScan(TimeProvider.System, TimeSpan.FromMinutes(5));
        scan.Start(ct => rooms.Spam.Scanner.ScanAsync(new byte[2], ct));
        await begun.Task;
        rooms.Intake.Late.Begin(
            TraceId.Create(DateTimeOffset.UnixEpoch, new Random(1)),
            scan,
            5,
            [new LateCopy(1, new FiledCopy(1, 1, 1, false), Reader: null)]
        );
        await server.Server.StopAsync();
        Assert.True(rooms.Intake.LateScansEnd.IsCompleted);
        Assert.True(await wasOpen.Task);
    }

    private static bool IsOpen(GatedScanner scanner)
    {
        var scan = scanner.ScanAsync(new byte[1], CancellationToken.None);
        return !scan.IsFaulted;
    }
}
