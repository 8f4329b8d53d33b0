using Postreiter.Net;
using Postreiter.Smtp.Client;

namespace Postreiter.Delivery.Routing;

/// <summary>A session that can send.</summary>
internal sealed record OpenSession(OutgoingConnection Connection, SmtpClient Client)
{
    /// <summary>Messages sent.</summary>
    public int Messages { get; set; }
}

/// <summary>Sessions that wait a moment for the next message to the same host, so that it saves connection, EHLO and TLS.</summary>
/// <param name="keep">How long; then QUIT.</param>
/// <param name="time">Measures.</param>
internal sealed class IdleSessions(TimeSpan keep, TimeProvider time)
{
    // The queue makes 50 attempts at once; more sessions than that were never in use together.
    private const int Most = 50;
    private readonly Lock _lock = new();
    private readonly List<(NextHop Hop, OpenSession Session, ITimer Timer)> _idle = [];

    /// <summary>Takes one to this host with these settings; the caller has it alone then.</summary>
    public OpenSession? Take(NextHop hop)
    {
        lock (_lock)
        {
            var at = _idle.FindLastIndex(i => i.Hop == hop);
            return at < 0 ? null : RemoveAt(at);
        }
    }

    /// <summary>Keeps one, or ends it when enough are kept.</summary>
    public void Put(NextHop hop, OpenSession session)
    {
        lock (_lock)
        {
            if (_idle.Count < Most && keep > TimeSpan.Zero)
            {
                var timer = time.CreateTimer(_ => End(session), null, keep, Timeout.InfiniteTimeSpan);
                _idle.Add((hop, session, timer));
                return;
            }
        }

        _ = CloseAsync(session);
    }

    /// <summary>Says goodbye; nobody waits for it.</summary>
    public static async Task CloseAsync(OpenSession session)
    {
        await using (session.Connection)
            await session.Client.QuitAsync();
    }

    private void End(OpenSession session)
    {
        lock (_lock)
        {
            var at = _idle.FindIndex(i => i.Session == session);
            // Somebody took it in the same moment.
            if (at < 0)
                return;
            RemoveAt(at);
        }

        _ = CloseAsync(session);
    }

    private OpenSession RemoveAt(int at)
    {
        var (_, session, timer) = _idle[at];
        _idle.RemoveAt(at);
        timer.Dispose();
        return session;
    }
}
