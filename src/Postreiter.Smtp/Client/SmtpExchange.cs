using System.Buffers;
using System.Text;
using Postreiter.Core;
using Postreiter.Net;

namespace Postreiter.Smtp.Client;

/// <summary>
/// Commands out, replies in, each within its time. What breaks the session is a 421 4.4.2 of ours and aborts the
/// connection: nothing half written is flushed behind our back, and no close waits for a peer that does not read.
/// </summary>
/// <param name="connection">The connection.</param>
/// <param name="time">Measures.</param>
internal sealed class SmtpExchange(OutgoingConnection connection, TimeProvider time)
{
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);

    /// <summary>Where bytes are put before <see cref="WriteAsync"/> flushes them.</summary>
    public IBufferWriter<byte> Output => connection.Output;

    /// <summary>Our reply for a session that is over.</summary>
    public static SmtpReply Broken(string why) => new(421, "4.4.2", why) { ClosesConnection = true, IsOurs = true };

    /// <summary>Sends a command and reads its reply, each within the time.</summary>
    public async ValueTask<SmtpReply> CallAsync(
        string command,
        TimeSpan timeout,
        CancellationToken ct,
        int maxText = ReplyReader.MaxText
    ) => await WriteAsync(command, timeout, ct) ?? await ReadReplyAsync(timeout, ct, maxText);

    /// <summary>Sends text, and what stands in <see cref="Output"/> before it.</summary>
    /// <returns>Null, or the end of the session.</returns>
    public async ValueTask<SmtpReply?> WriteAsync(string text, TimeSpan timeout, CancellationToken ct)
    {
        using var timer = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, ct);
        try
        {
            Encoding.UTF8.GetBytes(text, connection.Output);
            var flushed = await connection.Output.FlushAsync(either.Token);
            return flushed.IsCompleted || flushed.IsCanceled ? await LastReplyAsync(ct) : null;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return End("the server stopped reading");
        }
        catch (OperationCanceledException)
        {
            connection.Abort();
            throw;
        }
        catch (Exception e) when (IsLoss(e))
        {
            return await LastReplyAsync(ct);
        }
    }

    /// <summary>Reads one reply; the time is for all of it, however slowly it drips.</summary>
    public async ValueTask<SmtpReply> ReadReplyAsync(
        TimeSpan timeout,
        CancellationToken ct,
        int maxText = ReplyReader.MaxText
    )
    {
        using var timer = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, ct);
        var reader = new ReplyReader(maxText);
        try
        {
            while (true)
            {
                var read = await connection.Input.ReadAsync(either.Token);
                var status = Take(reader, read.Buffer, out var consumed, out var reply);
                connection.Input.AdvanceTo(consumed, status == ParseStatus.NeedMoreData ? read.Buffer.End : consumed);
                if (status == ParseStatus.Complete)
                    return reply!;
                if (status == ParseStatus.Invalid)
                    return End("the server does not speak SMTP");
                if (read.IsCompleted || read.IsCanceled)
                    return End("the connection was closed");
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return End("the server did not answer in time");
        }
        catch (OperationCanceledException)
        {
            connection.Abort();
            throw;
        }
        catch (Exception e) when (IsLoss(e))
        {
            return End("the connection was lost");
        }
    }

    /// <summary>Says QUIT; what comes back, or does not within 5 s, changes nothing any more.</summary>
    public async ValueTask QuitAsync() => await CallAsync("QUIT\r\n", LastWords, CancellationToken.None);

    /// <summary>Ends the connection at once.</summary>
    public void Abort() => connection.Abort();

    private static bool IsLoss(Exception e) => e is IOException or ObjectDisposedException or InvalidOperationException;

    /// <summary>
    /// A server that hangs up while we write may have said why (421 at any time, RFC 5321 §3.8; 552 in the middle of a message
    /// that is too large): what it said last is its reply.
    /// </summary>
    private async ValueTask<SmtpReply> LastReplyAsync(CancellationToken ct)
    {
        var reply = await ReadReplyAsync(LastWords, ct);
        connection.Abort();
        return reply.IsTransient || reply.IsPermanent
            ? reply with
            {
                ClosesConnection = true,
            }
            : Broken("the connection was lost");
    }

    private SmtpReply End(string why)
    {
        connection.Abort();
        return Broken(why);
    }

    private static ParseStatus Take(
        ReplyReader reader,
        ReadOnlySequence<byte> buffer,
        out SequencePosition consumed,
        out SmtpReply? reply
    )
    {
        var input = new SequenceReader<byte>(buffer);
        var status = reader.TryRead(ref input, out reply);
        consumed = input.Position;
        return status;
    }
}
