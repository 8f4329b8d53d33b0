using System.IO.Pipelines;
using Postreiter.Net.Listeners;

namespace Postreiter.Net.Tests.Listeners;

public sealed class DuplexPipeStreamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(16_384)]
    [InlineData(300_000)]
    public async Task Reads_tell_how_much_they_gave_also_over_many_segments(int readSize)
    {
        var ct = TestContext.Current.CancellationToken;
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var stream = new DuplexPipeStream(new Ends(pipe.Reader, pipe.Writer));
        var sent = Enumerable.Range(0, 200_000).Select(static i => (byte)(i * 31)).ToArray();
        foreach (var piece in sent.Chunk(3000))
            await pipe.Writer.WriteAsync(piece, ct);
        await pipe.Writer.CompleteAsync();
        using var received = new MemoryStream();
        var buffer = new byte[readSize];
        Assert.Equal(0, await stream.ReadAsync(Memory<byte>.Empty, ct));
        while (await stream.ReadAsync(buffer, ct) is > 0 and var count)
            received.Write(buffer, 0, count);
        Assert.True(sent.AsSpan().SequenceEqual(received.ToArray()));
    }

    private sealed record Ends(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
