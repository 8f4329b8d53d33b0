using System.Buffers;
using System.Globalization;
using Postreiter.Net;

namespace Postreiter.Imap.Session;

/// <summary>What reading a line or command came to.</summary>
internal enum InputStatus
{
    /// <summary>A line is there.</summary>
    Line,

    /// <summary>It was longer than allowed; it has been passed over to its end.</summary>
    TooLong,

    /// <summary>The peer has closed.</summary>
    Closed,

    /// <summary>The peer was silent too long.</summary>
    TimedOut,

    /// <summary>The server is stopping.</summary>
    Stopping,
}

/// <summary>The literal announced at the end of a line.</summary>
/// <param name="Length">Its bytes.</param>
/// <param name="IsNonSync">Written with "+": it follows without being asked for (RFC 7888).</param>
/// <param name="IsBinary">A literal8, written with "~": it may hold NUL (RFC 9051 §4.3).</param>
/// <param name="HeaderAt">Where its header starts in the line.</param>
internal readonly record struct LiteralHeader(long Length, bool IsNonSync, bool IsBinary, int HeaderAt)
{
    /// <summary>Finds <c>{n}</c> or <c>{n+}</c>, perhaps after "~", at the end of a line without its CRLF.</summary>
    public static LiteralHeader? Find(ReadOnlySpan<byte> line)
    {
        if (line is not [.., (byte)'}'])
            return null;
        var open = line.LastIndexOf((byte)'{');
        if (open < 0)
            return null;
        var digits = line[(open + 1)..^1];
        var nonSync = digits is [.., (byte)'+'];
        if (nonSync)
            digits = digits[..^1];
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            return null;
        // A number that nothing can hold is a literal all the same: too big, and not part of the line.
        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var length))
            length = long.MaxValue;
        var isBinary = open > 0 && line[open - 1] == '~';
        return new LiteralHeader(length, nonSync, isBinary, isBinary ? open - 1 : open);
    }
}

/// <summary>Reads lines and literals. It holds nothing between two commands.</summary>
internal sealed class CommandInput(Connection connection, TimeProvider time, CancellationToken stopping)
{
    // Enough of a line's end to see a literal's header.
    private const int TailBytes = 32;

    /// <summary>Ends a wait for a line: it gives <see cref="InputStatus.Closed"/>.</summary>
    public void CancelRead() => connection.Input.CancelPendingRead();

    /// <summary>Reads a line, with its CRLF; of one that is too long, its last bytes.</summary>
    /// <param name="maxBytes">Longest allowed, CRLF not counted.</param>
    /// <param name="patience">How long the line may take.</param>
    public async ValueTask<(InputStatus Status, byte[] Line)> ReadLineAsync(int maxBytes, TimeSpan patience)
    {
        byte[]? passedOver = null;
        CancellationTokenSource? late = null;
        try
        {
            while (true)
            {
                if (!connection.Input.TryRead(out var result))
                {
                    late ??= new CancellationTokenSource(patience, time);
                    using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stopping);
                    result = await connection.Input.ReadAsync(both.Token);
                }

                var buffer = result.Buffer;
                if (buffer.PositionOf((byte)'\n') is { } end)
                {
                    var line = buffer.Slice(0, buffer.GetPosition(1, end));
                    var isGood = passedOver is null && line.Length <= maxBytes + 2;
                    var bytes = isGood ? line.ToArray() : Tail(passedOver, line);
                    connection.Input.AdvanceTo(line.End);
                    return (isGood ? InputStatus.Line : InputStatus.TooLong, bytes);
                }

                if (buffer.Length > maxBytes + 2 || passedOver is not null)
                {
                    passedOver = Tail(passedOver, buffer);
                    connection.Input.AdvanceTo(buffer.End);
                }
                else
                    connection.Input.AdvanceTo(buffer.Start, buffer.End);
                if (result.IsCompleted || result.IsCanceled)
                    return (InputStatus.Closed, []);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            return (Why(late), []);
        }
        finally
        {
            late?.Dispose();
        }
    }

    private static byte[] Tail(byte[]? before, ReadOnlySequence<byte> bytes)
    {
        var last = bytes.Slice(Math.Max(0, bytes.Length - TailBytes)).ToArray();
        return before is null || last.Length == TailBytes
            ? last
            : [.. ((byte[])[.. before, .. last]).TakeLast(TailBytes)];
    }

    /// <summary>Reads exactly so many bytes and hands them on as they come.</summary>
    /// <param name="length">How many.</param>
    /// <param name="patience">How long the next of them, or all of them, may take.</param>
    /// <param name="isForAll">The patience is for all of them.</param>
    /// <param name="take">Takes them.</param>
    public async ValueTask<InputStatus> ReadBytesAsync(
        long length,
        TimeSpan patience,
        bool isForAll,
        Func<ReadOnlyMemory<byte>, ValueTask> take
    )
    {
        CancellationTokenSource? late = null;
        try
        {
            while (length > 0)
            {
                if (!connection.Input.TryRead(out var result))
                {
                    if (late is null || !isForAll)
                    {
                        late?.Dispose();
                        late = new CancellationTokenSource(patience, time);
                    }

                    try
                    {
                        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stopping);
                        result = await connection.Input.ReadAsync(both.Token);
                    }
                    catch (Exception e) when (e is OperationCanceledException or IOException)
                    {
                        return Why(late);
                    }
                }

                var part = result.Buffer.Length > length ? result.Buffer.Slice(0, length) : result.Buffer;
                foreach (var segment in part)
                    await take(segment);
                length -= part.Length;
                connection.Input.AdvanceTo(part.End);
                if (length > 0 && (result.IsCompleted || result.IsCanceled))
                    return InputStatus.Closed;
            }

            return InputStatus.Line;
        }
        finally
        {
            late?.Dispose();
        }
    }

    // Kestrel ends an aborted connection's read by an exception of either kind.
    private InputStatus Why(CancellationTokenSource? late) =>
        stopping.IsCancellationRequested ? InputStatus.Stopping
        : late is { IsCancellationRequested: true } ? InputStatus.TimedOut
        : InputStatus.Closed;
}
