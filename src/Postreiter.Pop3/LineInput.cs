using System.Buffers;
using Postreiter.Core;
using Postreiter.Net;
using Postreiter.Pop3.Syntax;

namespace Postreiter.Pop3;

/// <summary>What a wait for a line brought.</summary>
internal enum LineOutcome
{
    /// <summary>A line.</summary>
    Line,

    /// <summary>A line that ends in a bare LF.</summary>
    Bad,

    /// <summary>A line over the limit; it is dropped.</summary>
    TooLong,

    /// <summary>Time is up, or the server stops.</summary>
    Interrupted,

    /// <summary>The peer is gone.</summary>
    Ended,
}

/// <summary>Reads lines with a bound; of a line over the bound nothing is kept.</summary>
/// <param name="connection">The peer.</param>
/// <param name="timer">Ends a wait.</param>
/// <param name="mostDiscarded">Octets of a line without an end that are dropped before it is given up.</param>
internal sealed class LineInput(Connection connection, SessionTimer timer, int mostDiscarded)
{
    /// <summary>Octets of the last line with its end, or as many as came.</summary>
    public long LastLength { get; private set; }

    /// <summary>Whether a whole line is waiting.</summary>
    public bool HasWholeLine()
    {
        if (!connection.Input.TryRead(out var result))
            return false;
        var there = !result.IsCanceled && result.Buffer.PositionOf((byte)'\n') is not null;
        connection.Input.AdvanceTo(result.Buffer.Start);
        if (result.IsCanceled)
            connection.Input.CancelPendingRead();
        return there;
    }

    /// <summary>Waits for a line of at most <paramref name="most"/> octets with its CRLF.</summary>
    public async ValueTask<(LineOutcome Outcome, ReadOnlyMemory<byte> Line)> ReadAsync(int most, CancellationToken ct)
    {
        timer.WaitForCommand();
        try
        {
            LastLength = 0;
            while (true)
            {
                if (ct.IsCancellationRequested || timer.HasExpired)
                    return (LineOutcome.Interrupted, default);
                var result = await connection.Input.ReadAsync(CancellationToken.None);
                if (result.IsCanceled)
                {
                    connection.Input.AdvanceTo(result.Buffer.Start);
                    continue;
                }

                if (Take(result.Buffer, most, out var line) is { } outcome)
                    return (outcome, line);
                if (result.IsCompleted)
                    return (LineOutcome.Ended, default);
            }
        }
        finally
        {
            timer.Stop();
        }
    }

    private LineOutcome? Take(ReadOnlySequence<byte> buffer, int most, out ReadOnlyMemory<byte> line)
    {
        line = default;
        var reader = new SequenceReader<byte>(buffer);
        var status = Pop3Command.TryReadLine(ref reader, out var bytes, out var length);
        var dropped = LastLength;
        LastLength += length;
        if (status != ParseStatus.NeedMoreData)
        {
            if (LastLength <= most && status == ParseStatus.Complete)
                line = bytes.ToArray();
            connection.Input.AdvanceTo(reader.Position);
            return LastLength > most ? LineOutcome.TooLong
                : status == ParseStatus.Complete ? LineOutcome.Line
                : LineOutcome.Bad;
        }

        if (LastLength <= most)
        {
            LastLength = dropped;
            connection.Input.AdvanceTo(buffer.Start, buffer.End);
            return null;
        }

        connection.Input.AdvanceTo(buffer.End);
        return LastLength > Math.Max(most, mostDiscarded) ? LineOutcome.TooLong : null;
    }
}
