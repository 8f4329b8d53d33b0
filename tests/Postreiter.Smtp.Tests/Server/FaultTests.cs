using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server;

public sealed class FaultTests
{
    public static TheoryData<Exception> Faults =>
        [
            new InvalidOperationException("fell over"),
            new IOException("disk"),
            new OperationCanceledException("gave up"),
        ];

    [Theory, MemberData(nameof(Faults))]
    public async Task A_fault_of_our_own_at_the_end_of_data_is_451_and_never_5yz(Exception fault)
    {
        var server = new SmtpTestServer { IntakeFault = fault };
        await server.PlayAsync(
            Pacing.Lines,
            $"{Scripts.Data}\nC: x\nC: .\nS: 451 4.3.0 *\nC: MAIL FROM:<>\nS: 250 *\nC: RCPT TO:<a@our.example>\nS: 250 *\nR: BDAT 3 LAST\\r\\nx\\r\\n\nS: 451 4.3.0 *\nC: NOOP\nS: 250 *"
        );
        Assert.Equal(0, server.Open);
    }

    [Theory, MemberData(nameof(Faults))]
    public async Task A_fault_while_the_message_comes_is_told_at_its_end(Exception fault)
    {
        var server = new SmtpTestServer { WriteFault = fault };
        await server.PlayAsync(
            Pacing.Lines,
            $"{Scripts.Data}\nC: x\nC: y\nC: .\nS: 451 4.3.0 *\nC: MAIL FROM:<>\nS: 250 *\nC: RCPT TO:<a@our.example>\nS: 250 *\nR: BDAT 3\\r\\nx\\r\\n\nS: 451 4.3.0 *\nC: NOOP\nS: 250 *"
        );
        Assert.Equal(0, server.Open);
    }

    [Fact]
    public async Task A_server_that_stops_says_goodbye_between_commands()
    {
        foreach (var script in new[] { "S: 220 *", Scripts.Greeted, Scripts.Open })
        {
            using var stopping = new CancellationTokenSource();
            var connection = MemoryConnection.Create();
            var session = new SmtpTestServer().Handler().HandleAsync(connection, stopping.Token);
            var play = Dialogue.On(connection, Pacing.Lines);
            await play.RunAsync(script);
            await stopping.CancelAsync();
            await play.RunAsync("S: 421 4.3.2 *");
            await session;
            await connection.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_server_that_stops_takes_the_message_under_way_and_does_not_spin()
    {
        using var stopping = new CancellationTokenSource();
        var server = new SmtpTestServer();
        var connection = MemoryConnection.Create();
        var counting = new CountingConnection(connection);
        var session = server.Handler().HandleAsync(counting, stopping.Token);
        var play = Dialogue.On(connection, Pacing.Lines);
        await play.RunAsync(Scripts.Data + "\nC: half");
        await stopping.CancelAsync();
        var before = counting.Reads;
        for (var i = 0; i < 1000; i++)
            await Task.Yield();
        Assert.InRange(counting.Reads - before, 0, 10);
        await play.RunAsync("C: rest\nC: .\nS: 250 2.0.0 *\nS: 421 4.3.2 *");
        await session;
        Assert.Equal("half\r\nrest\r\n", Assert.Single(server.Messages).Content);
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task A_session_that_begins_while_the_server_stops_is_turned_away()
    {
        var connection = MemoryConnection.Create();
        var session = new SmtpTestServer().Handler().HandleAsync(connection, new CancellationToken(canceled: true));
        await Dialogue.On(connection, Pacing.Lines).RunAsync("S: 421 4.3.2 *");
        await session;
        await connection.DisposeAsync();
    }
}
