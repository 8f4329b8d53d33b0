using System.Buffers;
using System.Text;
using Postreiter.Net;
using Postreiter.Storage.Mail;

namespace Postreiter.Pop3;

/// <summary>Writes replies, and waits for the peer when it takes them slowly (L29).</summary>
internal sealed class ReplyWriter(Connection connection, SessionTimer timer)
{
    private const int FlushAbove = 32 * 1024;
    private const int PieceSize = 16 * 1024;

    /// <summary>Writes a reply; small ones stay buffered until <see cref="FlushAsync"/>.</summary>
    /// <returns>False when the peer is gone.</returns>
    public async ValueTask<bool> WriteAsync(Pop3Reply reply, CancellationToken ct)
    {
        WriteLine(reply.IsOk ? "+OK " : "-ERR ", reply.Text);
        if (reply.Lines is { } lines)
            return await WriteLinesAsync(lines, ct);
        if (reply.Content is { } content)
            return await WriteMessageAsync(content, reply.BodyLines, ct);
        return !IsFull || await FlushAsync(ct);
    }

    /// <summary>Writes <c>+ challenge</c> of a SASL exchange (RFC 5034 §4) and flushes.</summary>
    public ValueTask<bool> WriteChallengeAsync(ReadOnlyMemory<byte> challenge, CancellationToken ct)
    {
        WriteLine("+ ", Convert.ToBase64String(challenge.Span));
        return FlushAsync(ct);
    }

    /// <summary>Sends what is buffered and waits until the peer takes it.</summary>
    /// <returns>False when the peer is gone.</returns>
    public async ValueTask<bool> FlushAsync(CancellationToken ct)
    {
        timer.WaitForFlush();
        var result = await connection.Output.FlushAsync(ct);
        timer.Stop();
        return !result.IsCompleted && !result.IsCanceled;
    }

    private bool IsFull => connection.Output is { CanGetUnflushedBytes: true, UnflushedBytes: > FlushAbove };

    private async ValueTask<bool> WriteLinesAsync(IEnumerable<string> lines, CancellationToken ct)
    {
        foreach (var line in lines)
        {
            WriteLine("", line);
            if (IsFull && !await FlushAsync(ct))
                return false;
        }

        WriteLine("", ".");
        return true;
    }

    private async ValueTask<bool> WriteMessageAsync(MessageContent content, int? bodyLines, CancellationToken ct)
    {
        var stuffing = new DotStuffing(bodyLines);
        var piece = ArrayPool<byte>.Shared.Rent(PieceSize);
        try
        {
            for (long offset = 0; !stuffing.IsDone; )
            {
                var read = await content.ReadAsync(offset, piece.AsMemory(0, PieceSize), ct);
                if (read == 0)
                    break;
                offset += read;
                stuffing.Write(piece.AsSpan(0, read), connection.Output);
                if (!await FlushAsync(ct))
                    return false;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }

        stuffing.Complete(connection.Output);
        return true;
    }

    private void WriteLine(string indicator, string text)
    {
        Encoding.ASCII.GetBytes(indicator, connection.Output);
        Encoding.ASCII.GetBytes(text, connection.Output);
        connection.Output.Write("\r\n"u8);
    }
}
