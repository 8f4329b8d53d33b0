using System.Buffers;
using Postreiter.Core;

namespace Postreiter.Smtp.Server;

/// <summary>Reads message bytes and watches that they keep coming: 500 octets a second over each minute of waiting.</summary>
internal sealed class DataPace(SmtpSession session)
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private TimeSpan _waited;
    private long _bytes;

    /// <summary>The next bytes, or the reply that ends the session.</summary>
    public async ValueTask<(ReadOnlySequence<byte> Bytes, SmtpReply? Fault)> ReadAsync()
    {
        var start = session.Time.GetTimestamp();
        var (status, bytes) = await session.Input.ReadBytesAsync();
        if (status != InputStatus.Line)
        {
            // The peer is gone in the middle of a message: nobody is left to be told (P2).
            return status == InputStatus.Closed
                ? throw new PeerGoneException("closed within a message")
                : (default, session.Limit("data block", Replies.TimedOut));
        }

        // Only waiting counts: the time that storing takes is ours.
        _waited += session.Time.GetElapsedTime(start);
        _bytes += bytes.Length;
        if (_waited >= Window)
        {
            if (_bytes < session.Options.Timeouts.MinDataRate * _waited.TotalSeconds)
                return (default, session.Limit("data rate", Replies.TooSlow));
            (_waited, _bytes) = (TimeSpan.Zero, 0);
        }

        return (bytes, null);
    }
}
