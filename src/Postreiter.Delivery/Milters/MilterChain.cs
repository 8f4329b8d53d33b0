using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Scanning;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Milters;

/// <summary>The milters of the site: which of them look at a session's mail. The options may change at any time, for sessions that begin then.</summary>
/// <param name="hostName">Ours, for macros.</param>
/// <param name="version">Of the program, for macros.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of what they decide, and of those that fail.</param>
/// <param name="dial">Connects; null for sockets.</param>
public sealed partial class MilterChain(
    DomainName hostName,
    string version,
    TimeProvider time,
    ILogger log,
    ScannerDial? dial = null
)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<MilterAddress, MilterDoor> _doors = [];
    private MilterOptions _options = new();

    /// <summary>Which, and for how long.</summary>
    public MilterOptions Options
    {
        get => _options;
        set
        {
            lock (_lock)
            {
                _options = value;
                MilterAddress[] wanted = [.. value.Mx, .. value.Submission, .. value.Lmtp];
                foreach (var (address, door) in _doors.ToList())
                {
                    if (wanted.Contains(address))
                        continue;
                    _doors.Remove(address);
                    _ = door.EmptyAsync().AsTask();
                }
            }
        }
    }

    internal string HostName => hostName.Ascii;

    internal string Version => version;

    internal TimeProvider Time => time;

    /// <summary>Begins with a session; null where no milter looks at its mail.</summary>
    internal MilterSession? Begin(SmtpPeer peer)
    {
        var options = Options;
        var milters = options.For(peer.Role);
        if (milters.Count == 0)
            return null;
        lock (_lock)
        {
            return new MilterSession(this, options, peer, [.. milters.Select(Door)]);
        }
    }

    /// <summary>Ends connections that wait for another session.</summary>
    public async ValueTask EmptyAsync()
    {
        List<MilterDoor> doors;
        lock (_lock)
            doors = [.. _doors.Values];
        foreach (var door in doors)
            await door.EmptyAsync();
    }

    internal void Failed(SmtpPeer peer, string milter, string reason)
    {
        MilterMetrics.Count(milter, "failed");
        LogFailed(peer.ConnectionId, milter, reason);
    }

    internal void Decided(SmtpPeer peer, string milter, string result, string reason)
    {
        MilterMetrics.Count(milter, result);
        LogDecided(peer.ConnectionId, milter, result, reason);
    }

    private MilterDoor Door(MilterAddress address)
    {
        if (!_doors.TryGetValue(address, out var door))
            _doors.Add(address, door = new MilterDoor(address, dial ?? ScannerEndPoint.ConnectAsync, time));
        return door;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Connection}: milter {Milter} failed: {Reason}")]
    private partial void LogFailed(string connection, string milter, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Connection}: milter {Milter}: {Result}: {Reason}")]
    private partial void LogDecided(string connection, string milter, string result, string reason);
}
