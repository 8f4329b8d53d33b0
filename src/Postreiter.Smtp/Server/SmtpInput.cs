using System.Buffers;
using Postreiter.Net;
using Postreiter.Smtp.Syntax;

namespace Postreiter.Smtp.Server;

/// <summary>What came from the peer, or why nothing did.</summary>
internal enum InputStatus
{
    /// <summary>A line, or bytes.</summary>
    Line,

    /// <summary>A line over its limit; it was passed over.</summary>
    TooLong,

    /// <summary>No line end within 64 KiB.</summary>
    Endless,

    /// <summary>A bare CR or LF.</summary>
    BareLineEnd,

    /// <summary>Nothing came for too long.</summary>
    TimedOut,

    /// <summary>The server is going down.</summary>
    Stopping,

    /// <summary>The peer has closed, or takes no replies.</summary>
    Closed,
}

/// <summary>
/// Reads from the peer, with timeouts, and sends what is written before it waits: so replies to pipelined commands go out in
/// one flush (RFC 2920 §3.2).
/// </summary>
internal sealed class SmtpInput : IAsyncDisposable
{
    private readonly Connection _connection;
    private readonly SmtpTimeouts _timeouts;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly CancellationTokenRegistration _stop;
    private readonly CancellationToken _stopping;
    private byte[] _line = [];
    private long _lastMessage;
    private bool _timerIsSet;
    private bool _isEnded;
    private volatile bool _timedOut;
    private volatile bool _isFlushing;

    public SmtpInput(Connection connection, SmtpTimeouts timeouts, TimeProvider time, CancellationToken stopping)
    {
        (_connection, _timeouts, _time, _stopping) = (connection, timeouts, time, stopping);
        _lastMessage = time.GetTimestamp();
        _timer = time.CreateTimer(
            static input => ((SmtpInput)input!).OnTimer(),
            this,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan
        );
        _stop = stopping.UnsafeRegister(
            static input => ((SmtpInput)input!)._connection.Input.CancelPendingRead(),
            this
        );
    }

    /// <summary>A message has been taken: the hour without one begins again.</summary>
    public void NoteMessage() => _lastMessage = _time.GetTimestamp();

    /// <summary>Reads one command line; the memory is valid until the next read.</summary>
    /// <param name="maxBytes">Longest line with its CRLF.</param>
    /// <param name="maxAuthBytes">The same for a line that begins with AUTH.</param>
    public async ValueTask<(InputStatus Status, ReadOnlyMemory<byte> Line)> ReadLineAsync(
        int maxBytes,
        int maxAuthBytes
    )
    {
        try
        {
            while (true)
            {
                if (_connection.Input.TryRead(out var result))
                {
                    var buffer = result.Buffer;
                    var status = CommandLineReader.TryRead(ref buffer, maxBytes, maxAuthBytes, out var line);
                    if (status != LineStatus.NeedMoreData)
                        return Take(status, line, buffer);
                    _connection.Input.AdvanceTo(buffer.Start, buffer.End);
                    _isEnded |= result.IsCompleted;
                }

                if (_isEnded)
                    return (InputStatus.Closed, default);

                if (await WaitAsync(CommandWait(), endsOnStop: true) is { } stopped)
                    return (stopped, default);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // How a socket tells that its peer is gone.
            return (InputStatus.Closed, default);
        }
        finally
        {
            StopTimer();
        }
    }

    /// <summary>Whether the peer says something within a span; what it says stays to be read.</summary>
    public async ValueTask<bool> TalksWithinAsync(TimeSpan span)
    {
        try
        {
            if (!_connection.Input.TryRead(out var result))
            {
                if (span <= TimeSpan.Zero)
                    return false;
                Arm(span);
                result = await _connection.Input.ReadAsync(CancellationToken.None);
            }

            // Looked at, not taken: the next read gives it again.
            _connection.Input.AdvanceTo(result.Buffer.Start);
            _isEnded |= result.IsCompleted && result.Buffer.IsEmpty;
            return !result.Buffer.IsEmpty;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return false;
        }
        finally
        {
            StopTimer();
            _timedOut = false;
        }
    }

    /// <summary>Waits for bytes of a message; the caller advances the reader.</summary>
    public async ValueTask<(InputStatus Status, ReadOnlySequence<byte> Bytes)> ReadBytesAsync()
    {
        try
        {
            while (true)
            {
                if (_connection.Input.TryRead(out var result))
                {
                    if (!result.Buffer.IsEmpty)
                        return (InputStatus.Line, result.Buffer);
                    _connection.Input.AdvanceTo(result.Buffer.Start);
                    _isEnded |= result.IsCompleted;
                }

                if (_isEnded)
                    return (InputStatus.Closed, default);

                // A message under way may finish while the server stops; the host ends it after its 10 s.
                if (await WaitAsync(_timeouts.DataBlock, endsOnStop: false) is { } status)
                    return (status, default);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return (InputStatus.Closed, default);
        }
        finally
        {
            StopTimer();
        }
    }

    /// <summary>Sends what is written.</summary>
    /// <returns>False when the peer is gone, or took nothing for too long (L29); the connection is then of no more use.</returns>
    public async ValueTask<bool> FlushAsync()
    {
        try
        {
            var flush = _connection.Output.FlushAsync(CancellationToken.None);
            if (!flush.IsCompleted)
            {
                _isFlushing = true;
                Arm(_timeouts.Write);
            }

            var result = await flush;
            if (_isFlushing)
            {
                _isFlushing = false;
                StopTimer();
            }

            if (!result.IsCanceled)
                return !result.IsCompleted;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            _isFlushing = false;
        }

        _connection.Abort();
        return false;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.DisposeAsync();
        await _timer.DisposeAsync();
    }

    private (InputStatus Status, ReadOnlyMemory<byte> Line) Take(
        LineStatus status,
        ReadOnlySequence<byte> line,
        ReadOnlySequence<byte> rest
    )
    {
        ReadOnlyMemory<byte> text = default;
        if (status == LineStatus.Complete)
        {
            // Copied out of the pipe, so that its buffer is free while the command runs.
            if (_line.Length < line.Length)
                _line = new byte[Math.Max(256, (int)line.Length)];
            line.CopyTo(_line);
            text = _line.AsMemory(0, (int)line.Length);
        }

        _connection.Input.AdvanceTo(rest.Start);
        return (
            status switch
            {
                LineStatus.Complete => InputStatus.Line,
                LineStatus.TooLong => InputStatus.TooLong,
                LineStatus.Endless => InputStatus.Endless,
                _ => InputStatus.BareLineEnd,
            },
            text
        );
    }

    /// <summary>Sends what is due and waits for more input.</summary>
    /// <returns>Null when there is something to read.</returns>
    private async ValueTask<InputStatus?> WaitAsync(TimeSpan longest, bool endsOnStop)
    {
        if (!await FlushAsync())
            return InputStatus.Closed;
        if (longest <= TimeSpan.Zero)
            return InputStatus.TimedOut;
        // Armed once a command: the limit is for the whole of it, not for each octet.
        if (!_timerIsSet)
            Arm(longest);
        // The timer's cancellation may have met TryRead instead, which takes it and says nothing.
        if (_timedOut)
            return InputStatus.TimedOut;
        if (endsOnStop && _stopping.IsCancellationRequested)
            _connection.Input.CancelPendingRead();
        var result = await _connection.Input.ReadAsync(CancellationToken.None);
        // Under TLS only ReadAsync tells of the end: TryRead does not once every byte has been looked at.
        _isEnded = result.IsCompleted;
        _connection.Input.AdvanceTo(result.Buffer.Start);
        if (!result.IsCanceled)
            return null;
        if (_timedOut)
            return InputStatus.TimedOut;
        return endsOnStop && _stopping.IsCancellationRequested ? InputStatus.Stopping : null;
    }

    private TimeSpan CommandWait()
    {
        var left = _timeouts.WithoutMessage - _time.GetElapsedTime(_lastMessage);
        var command = _connection.IsUnderStress ? _timeouts.CommandUnderStress : _timeouts.Command;
        return left < command ? left : command;
    }

    private void Arm(TimeSpan span)
    {
        (_timerIsSet, _timedOut) = (true, false);
        _timer.Change(span, Timeout.InfiniteTimeSpan);
    }

    private void StopTimer()
    {
        if (!_timerIsSet)
            return;
        _timerIsSet = false;
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private void OnTimer()
    {
        _timedOut = true;
        // A flush that is not pending must not be touched: under TLS the next one would lose its bytes.
        if (_isFlushing)
            _connection.Output.CancelPendingFlush();
        else
            _connection.Input.CancelPendingRead();
    }
}
