using System.IO.Pipelines;
using System.Net;
using Microsoft.Extensions.Time.Testing;
using Postreiter.Net;
using Postreiter.Smtp.Server;
using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server;

/// <summary>The timer fires while bytes are just coming in: its word must not get lost with them.</summary>
public sealed class LateTimerTests
{
    [Fact]
    public async Task A_timer_that_fires_between_a_read_and_a_look_at_its_bytes_ends_the_command()
    {
        var ct = TestContext.Current.CancellationToken;
        var (time, timeouts) = (new FakeTimeProvider(), new SmtpTimeouts());
        await using var inner = MemoryConnection.Create();
        await using var connection = new SlowReader(inner, () => time.Advance(timeouts.Command));
        await using var input = new SmtpInput(connection, timeouts, time, CancellationToken.None);
        var line = input.ReadLineAsync(512, 512).AsTask();
        await inner.Client.Output.WriteAsync("NO"u8.ToArray(), ct);
        var (status, _) = await line.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, ct);
        Assert.Equal(InputStatus.TimedOut, status);
    }

    /// <summary>A connection whose first read that brings bytes is followed by something before its reader goes on.</summary>
    private sealed class SlowReader(MemoryConnection inner, Action afterRead) : Connection
    {
        private readonly Reader _input = new(inner.Input, afterRead);

        public override string Id => inner.Id;

        public override IPEndPoint Remote => inner.Remote;

        public override IPEndPoint Local => inner.Local;

        public override PipeReader Input => _input;

        public override PipeWriter Output => inner.Output;

        public override TlsInfo? Tls => null;

        public override bool CanStartTls => false;

        public override ValueTask<bool> StartTlsAsync(CancellationToken ct) => new(false);

        public override void Abort() => inner.Abort();

        public override ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private sealed class Reader(PipeReader inner, Action afterRead) : PipeReader
    {
        private bool _hasRun;

        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            var result = await inner.ReadAsync(cancellationToken);
            if (!_hasRun && !result.Buffer.IsEmpty)
            {
                _hasRun = true;
                afterRead();
            }

            return result;
        }

        public override bool TryRead(out ReadResult result) => inner.TryRead(out result);

        public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) =>
            inner.AdvanceTo(consumed, examined);

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);
    }
}
