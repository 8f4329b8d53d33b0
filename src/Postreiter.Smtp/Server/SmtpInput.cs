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

    /// <summary>The peer has closed.</summary>
    Closed,
}

/// <summary>
/// Reads from the peer, with timeouts, and sends what is written before it waits: so replies to pipelined commands go out in
/// one flush (RFC 2920 §3.2).
/// </summary>
internal sealed class SmtpInput : IAsyncDisposable
{
    private readonly Connection _connection;
    private readonly SmtpServerOptions _options;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly CancellationTokenRegistration _stop;
    private readonly CancellationToken _stopping;
    private byte[] _line = [];
    private long _lastMessage;
    private bool _timerIsSet;
    private volatile bool _timedOut;

    public SmtpInput(Connection connection, SmtpServerOptions options, TimeProvider time, CancellationToken stopping)
    {
        (_connection, _options, _time, _stopping) = (connection, options, time, stopping);
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
    public async ValueTask<(InputStatus Status, ReadOnlyMemory<byte> Line)> ReadLineAsync(
        int maxBytes,
        CancellationToken ct
    )
    {
        try
        {
            while (true)
            {
                if (_connection.Input.TryRead(out var result))
                {
                    if (!result.IsCanceled || !result.Buffer.IsEmpty)
                    {
                        var buffer = result.Buffer;
                        var status = CommandLineReader.TryRead(ref buffer, maxBytes, out var line);
                        if (status != LineStatus.NeedMoreData)
                            return Take(status, line, buffer);
                        _connection.Input.AdvanceTo(buffer.Start, buffer.End);
                    }
                    else
                    {
                        _connection.Input.AdvanceTo(result.Buffer.Start);
                    }

                    if (result.IsCompleted)
                        return (InputStatus.Closed, default);
                }

                if (await WaitAsync(CommandWait(), ct) is { } stopped)
                    return (stopped, default);
            }
        }
        finally
        {
            StopTimer();
        }
    }

    /// <summary>Waits for bytes of a message; the caller advances the reader.</summary>
    public async ValueTask<(InputStatus Status, ReadOnlySequence<byte> Bytes)> ReadBytesAsync(CancellationToken ct)
    {
        while (true)
        {
            if (_connection.Input.TryRead(out var result))
            {
                if (!result.Buffer.IsEmpty)
                    return (InputStatus.Line, result.Buffer);
                _connection.Input.AdvanceTo(result.Buffer.Start);
                if (result.IsCompleted)
                    return (InputStatus.Closed, default);
            }

            // A message under way may finish while the server stops; the host ends it after its 10 s.
            if (await WaitAsync(_options.Timeouts.DataBlock, ct) is { } status and not InputStatus.Stopping)
            {
                StopTimer();
                return (status, default);
            }

            StopTimer();
        }
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
    private async ValueTask<InputStatus?> WaitAsync(TimeSpan longest, CancellationToken ct)
    {
        var flush = await _connection.Output.FlushAsync(ct);
        if (flush.IsCompleted)
            return InputStatus.Closed;
        if (longest <= TimeSpan.Zero)
            return InputStatus.TimedOut;
        // Armed once a command: the limit is for the whole of it, not for each octet.
        if (!_timerIsSet)
        {
            (_timerIsSet, _timedOut) = (true, false);
            _timer.Change(longest, Timeout.InfiniteTimeSpan);
        }

        if (_stopping.IsCancellationRequested)
            _connection.Input.CancelPendingRead();
        var result = await _connection.Input.ReadAsync(ct);
        _connection.Input.AdvanceTo(result.Buffer.Start, result.IsCompleted ? result.Buffer.End : result.Buffer.Start);
        if (result.IsCanceled)
        {
            if (_timedOut)
                return InputStatus.TimedOut;
            if (_stopping.IsCancellationRequested)
                return InputStatus.Stopping;
        }

        return null;
    }

    private TimeSpan CommandWait()
    {
        var left = _options.Timeouts.WithoutMessage - _time.GetElapsedTime(_lastMessage);
        return left < _options.Timeouts.Command ? left : _options.Timeouts.Command;
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
        _connection.Input.CancelPendingRead();
    }
}
