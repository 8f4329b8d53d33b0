using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Postreiter.Delivery.Scanning;

/// <summary>
/// One address of a scanner: its connections that wait for their next use, and whether it is there. One that failed is left alone for
/// a while, twice as long each time, and asked again by the next message after that: it comes back by itself.
/// </summary>
internal sealed class ScannerDoor(EndPoint address, ScannerDial dial, TimeProvider time)
{
    // clamd and c-icap close what waits for 30 s and more; a connection that old is not trusted.
    private static readonly TimeSpan MaxIdle = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private const int MaxKept = 16;

    private readonly ConcurrentStack<(Stream Connection, long Since)> _kept = [];
    private readonly Lock _lock = new();
    private TimeSpan _pause = FirstPause;
    private long _downUntil = long.MinValue;

    /// <summary>Where.</summary>
    public string Name { get; } = ScannerEndPoint.Describe(address);

    /// <summary>Whether it is to be asked now.</summary>
    public bool IsUp
    {
        get
        {
            lock (_lock)
                return time.GetTimestamp() >= _downUntil;
        }
    }

    /// <summary>A connection that waited, or a new one, on which nothing was said before.</summary>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="IOException">It cannot be had; the door is down then.</exception>
    public async ValueTask<(Stream Connection, bool IsNew)> OpenAsync(CancellationToken ct)
    {
        while (_kept.TryPop(out var kept))
        {
            if (time.GetElapsedTime(kept.Since) < MaxIdle && IsQuiet(kept.Connection))
                return (kept.Connection, false);
            await kept.Connection.DisposeAsync();
        }

        using var timer = new CancellationTokenSource(ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, ct);
        try
        {
            return (await dial(address, either.Token), true);
        }
        catch (SocketException e)
        {
            Failed();
            throw new IOException($"{Name}: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            Failed();
            throw new IOException($"{Name}: no connection in {ConnectTimeout.TotalSeconds:0} s", e);
        }
    }

    /// <summary>Keeps a connection on which an answer came to its end.</summary>
    public ValueTask KeepAsync(Stream connection)
    {
        Worked();
        if (_kept.Count >= MaxKept)
            return connection.DisposeAsync();
        _kept.Push((connection, time.GetTimestamp()));
        return ValueTask.CompletedTask;
    }

    /// <summary>It answered.</summary>
    public void Worked()
    {
        lock (_lock)
            (_pause, _downUntil) = (FirstPause, long.MinValue);
    }

    /// <summary>It did not answer, or not well.</summary>
    public void Failed()
    {
        lock (_lock)
        {
            _downUntil = time.GetTimestamp() + (long)(_pause.TotalSeconds * time.TimestampFrequency);
            _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
        }
    }

    // What can be read on a connection that waits is its end.
    private static bool IsQuiet(Stream connection) =>
        connection is not NetworkStream network || !network.Socket.Poll(0, SelectMode.SelectRead);
}
