using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Postreiter.Net.Listeners;
using Postreiter.Testing;

namespace Postreiter.Net.Tests.Listeners;

public sealed class HandleBudgetTests
{
    private readonly TestClock _clock = new();
    private int _open;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task F13_never_more_is_handed_out_than_is_free()
    {
        var budget = new HandleBudget(100, () => _open, _clock);
        while (_open < 100)
        {
            await budget.WaitAsync(() => Assert.Fail($"paused at {_open}"), Ct);
            _open++;
        }

        var pauses = 0;
        var waiting = budget.WaitAsync(() => pauses++, Ct).AsTask();
        for (var i = 0; i < 3; i++)
            await _clock.AdvanceWhenAwaitedAsync(TimeSpan.FromMilliseconds(100), Ct);
        Assert.False(waiting.IsCompleted);
        Assert.Equal(1, pauses);
        _open--;
        await _clock.AdvanceWhenAwaitedAsync(TimeSpan.FromMilliseconds(100), Ct);
        await waiting;
    }

    [Fact]
    public async Task F13_a_listener_pauses_and_goes_on_when_handles_are_free()
    {
        var sockets = new SocketTransportFactory(
            Options.Create(new SocketTransportOptions()),
            NullLoggerFactory.Instance
        );
        var budget = new HandleBudget(10, () => _open, _clock);
        var factory = new PausingListenerFactory(sockets, budget, NullLogger.Instance);
        Assert.True(factory.CanBind(new IPEndPoint(IPAddress.Loopback, 0)));
        _open = 10;
        await using var listener = await factory.BindAsync(new IPEndPoint(IPAddress.Loopback, 0), Ct);
        using var client = new System.Net.Sockets.Socket(
            System.Net.Sockets.SocketType.Stream,
            System.Net.Sockets.ProtocolType.Tcp
        );
        // It waits in the system's queue.
        await client.ConnectAsync(listener.EndPoint, Ct);
        var accepting = listener.AcceptAsync(Ct).AsTask();
        await _clock.AdvanceWhenAwaitedAsync(TimeSpan.FromMilliseconds(100), Ct);
        Assert.False(accepting.IsCompleted);
        _open = 9;
        await _clock.AdvanceWhenAwaitedAsync(TimeSpan.FromMilliseconds(100), Ct);
        var connection = await accepting;
        Assert.NotNull(connection);
        await connection.DisposeAsync();
        // A listener that is unbound while it pauses ends.
        _open = 10;
        var last = listener.AcceptAsync(Ct).AsTask();
        await listener.UnbindAsync(Ct);
        Assert.Null(await last);
    }

    [Fact]
    public async Task The_process_has_a_budget_and_is_within_it() =>
        await HandleBudget.OfProcess(TimeProvider.System).WaitAsync(() => Assert.Fail("no handles"), Ct);
}
