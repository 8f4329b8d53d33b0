using System.Buffers;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Milter.Client;
using Postreiter.Milter.Server;
using Postreiter.Milter.Syntax;
using Postreiter.Testing;

namespace Postreiter.Milter.Tests;

/// <summary>A filter of ours that another server asks.</summary>
public sealed class ServerTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_filter_is_not_disposed_while_it_judges_also_where_nobody_waits_for_it_any_more()
    {
        var clock = new TestClock();
        var options = new MilterServerOptions();
        await using var filter = new SlowFilter();
        await using var connection = MemoryConnection.Create(remote: new IPEndPoint(IPAddress.Loopback, 40000));
        var handler = new MilterConnectionHandler(options, _ => filter, clock, NullLogger.Instance);
        var serving = handler.HandleAsync(connection, Ct);
        var said = new ArrayBufferWriter<byte>();
        MilterPacket.Write(said, (byte)MilterCommand.Negotiate, new byte[] { 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0 });
        MilterPacket.Write(said, (byte)MilterCommand.EndOfMessage);
        await connection.Client.Output.WriteAsync(said.WrittenMemory, Ct);
        await filter.Began.Task.WaitAsync(Ct);
        connection.Client.Close();
        await connection.Client.Input.CompleteAsync();
        await clock.AdvanceWhenAwaitedAsync(options.ProgressEvery, Ct);
        await Assert.ThrowsAsync<TimeoutException>(() => serving.WaitAsync(TimeSpan.FromMilliseconds(300), Ct));
        Assert.False(filter.IsDisposed);
        filter.Over.SetResult();
        await serving;
        Assert.True(filter.IsDisposed);
        Assert.False(filter.WasDisposedEarly);
    }

    private sealed class SlowFilter : IMilterFilter
    {
        public TaskCompletionSource Began { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Over { get; } = new();

        public bool IsDisposed { get; private set; }

        public bool WasDisposedEarly { get; private set; }

        public async ValueTask<(MilterAnswer Answer, IReadOnlyList<MilterChange> Changes)> EndAsync(
            MilterMacros macros,
            CancellationToken ct
        )
        {
            Began.SetResult();
            await Over.Task;
            WasDisposedEarly = IsDisposed;
            return (MilterAnswer.Continue, []);
        }

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return ValueTask.CompletedTask;
        }

        public ValueTask<MilterAnswer> ConnectAsync(MilterPeer peer, MilterMacros macros, CancellationToken ct) =>
            new(MilterAnswer.Continue);

        public ValueTask<MilterAnswer> HeloAsync(string name, MilterMacros macros, CancellationToken ct) =>
            new(MilterAnswer.Continue);

        public ValueTask<MilterAnswer> MailAsync(
            string path,
            IReadOnlyList<string> arguments,
            MilterMacros macros,
            CancellationToken ct
        ) => new(MilterAnswer.Continue);

        public ValueTask<MilterAnswer> RcptAsync(
            string path,
            IReadOnlyList<string> arguments,
            MilterMacros macros,
            CancellationToken ct
        ) => new(MilterAnswer.Continue);

        public ValueTask<MilterAnswer> DataAsync(MilterMacros macros, CancellationToken ct) =>
            new(MilterAnswer.Continue);

        public ValueTask<MilterAnswer> HeaderAsync(
            ReadOnlyMemory<byte> header,
            MilterMacros macros,
            CancellationToken ct
        ) => new(MilterAnswer.Continue);

        public ValueTask<MilterAnswer> BodyAsync(ReadOnlyMemory<byte> piece, CancellationToken ct) =>
            new(MilterAnswer.Continue);

        public ValueTask AbortAsync() => ValueTask.CompletedTask;
    }
}
