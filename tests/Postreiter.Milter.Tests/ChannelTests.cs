using System.Buffers;
using Postreiter.Milter.Client;
using Postreiter.Milter.Syntax;
using Postreiter.Testing;

namespace Postreiter.Milter.Tests;

/// <summary>A channel to a milter that takes its time.</summary>
public sealed class ChannelTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Signs_of_life_prolong_a_step_but_not_without_end()
    {
        var clock = new TestClock();
        await using var milter = new BusyMilter(clock, TimeSpan.FromSeconds(20));
        var (channel, fault) = await MilterChannel.OpenAsync(milter, new MilterClientOptions(), clock, Ct);
        Assert.True(channel is not null, fault);
        await using (channel)
        {
            var began = clock.GetUtcNow();
            var answer = await channel.HeloAsync("client.example", [], Ct);
            Assert.Equal(MilterVerdict.Failed, answer.Verdict);
            // Longer than one wait, and no longer than a step may take.
            Assert.InRange(clock.GetUtcNow() - began, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(6));
            Assert.True(channel.IsBroken);
            Assert.Equal(MilterVerdict.Failed, (await channel.HeloAsync("client.example", [], Ct)).Verdict);
        }
    }

    /// <summary>Negotiates, and then says forever that it is still at work, each time a while later.</summary>
    private sealed class BusyMilter(TestClock clock, TimeSpan pause) : Stream
    {
        private bool _hasNegotiated;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var packet = new ArrayBufferWriter<byte>();
            if (_hasNegotiated)
            {
                clock.Advance(pause);
                MilterPacket.Write(packet, (byte)MilterResponse.Progress);
            }
            else
                MilterPacket.Write(
                    packet,
                    (byte)MilterResponse.Negotiate,
                    new byte[] { 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0 }
                );
            _hasNegotiated = true;
            packet.WrittenMemory.CopyTo(buffer);
            return new(packet.WrittenCount);
        }

        public override ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer,
            CancellationToken cancellationToken = default
        ) => ValueTask.CompletedTask;

        public override void Flush() { }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
