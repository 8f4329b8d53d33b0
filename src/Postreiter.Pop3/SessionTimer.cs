using Postreiter.Net;

namespace Postreiter.Pop3;

/// <summary>The session's two waits: for a command, which ends with a reply, and for a peer that takes no output.</summary>
internal sealed class SessionTimer : IDisposable
{
    private readonly Connection _connection;
    private readonly Pop3Options _options;
    private readonly ITimer _timer;
    private volatile bool _isWriting;
    private volatile bool _hasExpired;

    public SessionTimer(Connection connection, Pop3Options options, TimeProvider time)
    {
        (_connection, _options) = (connection, options);
        _timer = time.CreateTimer(
            static state => ((SessionTimer)state!).Expire(),
            this,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan
        );
    }

    /// <summary>Whether a wait took too long.</summary>
    public bool HasExpired => _hasExpired;

    /// <summary>A wait for a whole command begins.</summary>
    public void WaitForCommand()
    {
        _isWriting = false;
        _timer.Change(_options.CommandTimeout, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A wait for the peer to take output begins.</summary>
    public void WaitForFlush()
    {
        _isWriting = true;
        _timer.Change(_options.WriteTimeout, Timeout.InfiniteTimeSpan);
    }

    /// <summary>No wait.</summary>
    public void Stop() => _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Expire()
    {
        _hasExpired = true;
        if (_isWriting)
        {
            Pop3Metrics.Limit("L29");
            _connection.Abort();
        }
        else
            _connection.Input.CancelPendingRead();
    }
}
