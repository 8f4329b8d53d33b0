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
}
