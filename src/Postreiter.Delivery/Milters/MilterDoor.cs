using System.Collections.Concurrent;
using Postreiter.Delivery.Scanning;
using Postreiter.Milter.Client;

namespace Postreiter.Delivery.Milters;

/// <summary>
/// One milter: connections to it, those that wait for their next session, and whether it is there. One that could not be reached is left
/// alone for a while, twice as long each time, and then asked again.
/// </summary>
internal sealed class MilterDoor(MilterAddress milter, ScannerDial dial, TimeProvider time)
{
    private const int MostKept = 16;
    private static readonly TimeSpan MaxIdle = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly ConcurrentStack<(MilterChannel Channel, long Since)> _kept = [];
    private readonly Lock _lock = new();
    private TimeSpan _pause = FirstPause;
    private long _downUntil = long.MinValue;
    private volatile bool _servesOneSession;
    private volatile bool _isClosed;

    /// <summary>As the settings name it.</summary>
    public MilterAddress Milter => milter;

    /// <summary>A channel on which a session can begin.</summary>
    /// <param name="options">Bounds.</param>
    /// <param name="mayBeKept">Whether one may be used that has had a session.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>The channel, or why there is none, and whether it has had a session.</returns>
    public async ValueTask<(MilterChannel? Channel, string Fault, bool IsUsed)> OpenAsync(
        MilterOptions options,
        bool mayBeKept,
        CancellationToken ct
    )
    {
        while (mayBeKept && !_servesOneSession && _kept.TryPop(out var kept))
        {
            if (time.GetElapsedTime(kept.Since) < MaxIdle && !kept.Channel.IsBroken)
                return (kept.Channel, "", true);
            await kept.Channel.DisposeAsync();
        }

        if (!IsUp())
            return (null, "it could not be reached a moment ago", false);
        using var timer = new CancellationTokenSource(options.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, ct);
        try
        {
            var stream = await dial(milter.Address, either.Token);
            var bounds = new MilterClientOptions
            {
                CommandTimeout = options.CommandTimeout,
                ContentTimeout = options.ContentTimeout,
                MaxBodyBytes = options.MaxBodyBytes,
            };
            var (channel, fault) = await MilterChannel.OpenAsync(stream, bounds, time, ct);
            Note(isUp: channel is not null);
            return (channel, fault, false);
        }
        catch (Exception e) when (e is System.Net.Sockets.SocketException or IOException)
        {
            Note(isUp: false);
            return (null, e.Message, false);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            Note(isUp: false);
            return (null, $"no connection in {options.ConnectTimeout.TotalSeconds:0} s", false);
        }
    }

    /// <summary>It did not answer on a channel that has had a session: none is kept any more.</summary>
    public void NeverKeep() => _servesOneSession = true;

    /// <summary>A session on a channel is over.</summary>
    public async ValueTask CloseAsync(MilterChannel channel, bool keep)
    {
        try
        {
            if (
                await channel.QuitAsync(
                    keep && !_servesOneSession && !_isClosed && _kept.Count < MostKept,
                    CancellationToken.None
                )
            )
            {
                _kept.Push((channel, time.GetTimestamp()));
                // Nobody may come to take it.
                if (_isClosed)
                    await EmptyAsync();
                return;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // Nobody is left to say goodbye to.
        }

        await channel.DisposeAsync();
    }

    /// <summary>Nobody opens it any more: ends what waits, and what would.</summary>
    public async ValueTask EmptyAsync()
    {
        _isClosed = true;
        while (_kept.TryPop(out var kept))
            await CloseAsync(kept.Channel, keep: false);
    }

    private bool IsUp()
    {
        lock (_lock)
            return time.GetTimestamp() >= _downUntil;
    }

    private void Note(bool isUp)
    {
        lock (_lock)
        {
            if (isUp)
            {
                (_pause, _downUntil) = (FirstPause, long.MinValue);
                return;
            }

            _downUntil = time.GetTimestamp() + (long)(_pause.TotalSeconds * time.TimestampFrequency);
            _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
        }
    }
}
