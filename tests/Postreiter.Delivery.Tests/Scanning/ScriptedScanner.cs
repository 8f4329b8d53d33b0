using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Postreiter.Delivery.Scanning;

namespace Postreiter.Delivery.Tests.Scanning;

/// <summary>A scanner that does what a test says, and keeps what it was given.</summary>
internal sealed class ScriptedScanner(string name = "scripted") : IContentScanner
{
    private int _scans;

    public string Name => name;

    /// <summary>How many scans were begun.</summary>
    public int Scans => Volatile.Read(ref _scans);

    /// <summary>The last message that was read to its end.</summary>
    public string Read { get; private set; } = "";

    /// <summary>Octets read of the scan that is under way.</summary>
    public long Arrived { get; private set; }

    /// <summary>What the scan of a number (from 1) says when it has read all.</summary>
    public Func<int, ScanAnswer> Answer { get; set; } = static _ => ScanAnswer.Clean;

    /// <summary>Ends a scan early, by what has arrived; null reads on.</summary>
    public Func<string, ScanAnswer?> Early { get; set; } = static _ => null;

    /// <summary>Held up before its answer until this is done.</summary>
    public Task Hold { get; set; } = Task.CompletedTask;

    public async ValueTask<ScanAnswer> ScanAsync(PipeReader content, CancellationToken ct)
    {
        var number = Interlocked.Increment(ref _scans);
        var all = new ArrayBufferWriter<byte>();
        while (true)
        {
            var read = await content.ReadAsync(ct);
            foreach (var segment in read.Buffer)
                all.Write(segment.Span);
            Arrived = all.WrittenCount;
            content.AdvanceTo(read.Buffer.End);
            if (Early(Encoding.Latin1.GetString(all.WrittenSpan)) is { } early)
                return early;
            if (read.IsCompleted)
                break;
        }

        Read = Encoding.Latin1.GetString(all.WrittenSpan);
        await Hold.WaitAsync(ct);
        return Answer(number);
    }
}
