using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net;
using System.Text;

namespace Postreiter.Delivery.Scanning;

/// <summary>
/// ClamAV's daemon (clamd(8)): a session of several commands (IDSESSION), in each of which one message is handed over in pieces while
/// it arrives (INSTREAM). Of several addresses the first that is there is asked.
/// </summary>
/// <param name="name">What it is called.</param>
/// <param name="addresses">Daemons with the same signatures, in order of preference.</param>
/// <param name="dial">Connects.</param>
/// <param name="time">The clock.</param>
public sealed class ClamdScanner(string name, IReadOnlyList<EndPoint> addresses, ScannerDial dial, TimeProvider time)
    : IContentScanner
{
    private const int MaxPiece = 256 * 1024;
    private const int MaxAnswer = 1024;

    private static readonly byte[] Begin = "zIDSESSION\0zINSTREAM\0"u8.ToArray();
    private static readonly byte[] Next = "zINSTREAM\0"u8.ToArray();

    // How long it may take to read a piece, or to answer after the last one.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<ScannerDoor> _doors = [.. addresses.Select(a => new ScannerDoor(a, dial, time))];

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public async ValueTask<ScanAnswer> ScanAsync(PipeReader content, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(content);
        var faults = new List<string>();
        // Those that failed lately come last, and are asked all the same when nobody else is there.
        foreach (var door in _doors.OrderBy(static d => !d.IsUp))
        {
            (Stream Connection, bool IsNew) opened;
            try
            {
                opened = await door.OpenAsync(ct);
            }
            catch (IOException e)
            {
                faults.Add(e.Message);
                continue;
            }

            return await ScanAsync(door, opened.Connection, opened.IsNew, content, ct);
        }

        return ScanAnswer.Failed(string.Join("; ", faults));
    }

    private async ValueTask<ScanAnswer> ScanAsync(
        ScannerDoor door,
        Stream connection,
        bool isNew,
        PipeReader content,
        CancellationToken ct
    )
    {
        using var patience = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, ct);
        var isKept = false;
        try
        {
            // It answers before the end when it has had enough, so its answer is waited for from the start.
            var answering = ReadAnswerAsync(connection, either.Token);
            await connection.WriteAsync(isNew ? Begin : Next, either.Token);
            await SendAsync(connection, content, answering, patience, either.Token);
            patience.CancelAfter(Patience);
            var answer = await answering;
            isKept = answer.State != ScanState.Failed;
            if (isKept)
                await door.KeepAsync(connection);
            else
                // The daemon is well; it is this message that it does not take.
                door.Worked();
            return answer;
        }
        catch (IOException e)
        {
            // One that was kept may have ended meanwhile.
            if (isNew)
                door.Failed();
            return ScanAnswer.Failed($"{door.Name}: {e.Message}");
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            door.Failed();
            return ScanAnswer.Failed($"{door.Name} took over {Patience.TotalSeconds:0} s");
        }
        finally
        {
            if (!isKept)
                await connection.DisposeAsync();
        }
    }

    private static async ValueTask SendAsync(
        Stream connection,
        PipeReader content,
        Task<ScanAnswer> answering,
        CancellationTokenSource patience,
        CancellationToken ct
    )
    {
        var length = new byte[4];
        try
        {
            while (!answering.IsCompleted)
            {
                var read = await content.ReadAsync(ct);
                patience.CancelAfter(Patience);
                foreach (var part in Pieces(read.Buffer))
                {
                    BinaryPrimitives.WriteInt32BigEndian(length, part.Length);
                    await connection.WriteAsync(length, ct);
                    await connection.WriteAsync(part, ct);
                }

                content.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    length.AsSpan().Clear();
                    await connection.WriteAsync(length, ct);
                    return;
                }

                // The sender may take its time.
                patience.CancelAfter(Timeout.InfiniteTimeSpan);
            }
        }
        catch (IOException)
        {
            // It closes right after an early answer: that is what counts, and when there is none, reading says so.
        }
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Pieces(ReadOnlySequence<byte> buffer)
    {
        foreach (var segment in buffer)
        {
            for (var at = 0; at < segment.Length; at += MaxPiece)
                yield return segment.Slice(at, Math.Min(MaxPiece, segment.Length - at));
        }
    }

    private static async Task<ScanAnswer> ReadAnswerAsync(Stream connection, CancellationToken ct)
    {
        var buffer = new byte[MaxAnswer];
        var count = 0;
        while (true)
        {
            var read = await connection.ReadAsync(buffer.AsMemory(count), ct);
            if (read == 0)
                throw new IOException("it closed the connection before it answered");
            count += read;
            var end = buffer.AsSpan(0, count).IndexOf((byte)0);
            if (end >= 0)
                return Parse(Encoding.Latin1.GetString(buffer, 0, end));
            if (count == MaxAnswer)
                throw new IOException("its answer is too long");
        }
    }

    /// <summary>Reads an answer: <c>1: stream: OK</c>, <c>stream: NAME FOUND</c>, <c>… ERROR</c>.</summary>
    internal static ScanAnswer Parse(string line)
    {
        var at = line.IndexOf("stream: ", StringComparison.Ordinal);
        var text = at < 0 ? line : line[(at + "stream: ".Length)..];
        if (text == "OK")
            return ScanAnswer.Clean;
        return text.EndsWith(" FOUND", StringComparison.Ordinal)
            ? ScanAnswer.Infected(text[..^" FOUND".Length])
            : ScanAnswer.Failed(text.Length == 0 ? "an empty answer" : text);
    }
}
