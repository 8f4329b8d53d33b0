using System.IO.Pipelines;
using Postreiter.Storage;

namespace Postreiter.Delivery.Scanning;

/// <summary>What one scanner said of a message.</summary>
/// <param name="Scanner">Its name.</param>
/// <param name="Answer">What it said.</param>
/// <param name="Elapsed">From the end of the message to the answer.</param>
public sealed record ScanStep(string Scanner, ScanAnswer Answer, TimeSpan Elapsed);

/// <summary>
/// One message on its way through the scanners. They read it while it arrives, as long as there is a place for it and its sender keeps
/// going; a scan that could not be done so, or broke off, is done afterwards from what was stored.
/// </summary>
internal sealed class ContentScan : IAsyncDisposable
{
    // More than this is not held for a scanner that reads slower than the message arrives: then the sender waits (L30).
    private const int MaxHeld = 128 * 1024;

    private readonly ScannerChain _chain;
    private readonly List<Live> _live = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly ITimer _idle;
    private int _holdsPlace;
    private int _isDisposed;

    /// <param name="chain">Who scans.</param>
    /// <param name="arrives">Whether the message still arrives; what is stored is read from there alone.</param>
    public ContentScan(ScannerChain chain, bool arrives = true)
    {
        _chain = chain;
        _holdsPlace = arrives && chain.Live.Wait(0) ? 1 : 0;
        if (_holdsPlace == 1)
            _live.AddRange(chain.Scanners.Select(s => new Live(s, _stop.Token)));
        _idle = chain.Time.CreateTimer(_ => Abandon(), null, chain.MaxPause, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether scanners read along at present.</summary>
    public bool IsLive => Volatile.Read(ref _holdsPlace) == 1;

    /// <summary>What was found before the end of the message; null so far. The rest need not come.</summary>
    public ScanStep? Found =>
        _live.Find(static l => l.Answer is { IsCompletedSuccessfully: true, Result.State: ScanState.Infected })
            is { } live
            ? new ScanStep(live.Scanner.Name, live.Answer.Result, TimeSpan.Zero)
            : null;

    /// <summary>Hands on what has arrived.</summary>
    public async ValueTask AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        if (!IsLive)
            return;
        _idle.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        foreach (var live in _live)
            await live.WriteAsync(bytes, ct);
        _idle.Change(_chain.MaxPause, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The message is whole: what do they say?</summary>
    /// <param name="open">Opens the stored message, for scans that are done from there.</param>
    /// <param name="ct">Ends the wait; scanners that have not answered by then have failed.</param>
    /// <returns>One step for each scanner, in order; after the first that found something the rest is ended.</returns>
    public async ValueTask<IReadOnlyList<ScanStep>> CompleteAsync(Func<Stream> open, CancellationToken ct)
    {
        _idle.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        var began = _chain.Time.GetTimestamp();
        foreach (var live in _live)
            await live.EndAsync();
        using var rest = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var answers = _chain.Scanners.Select((s, i) => AnswerAsync(s, i, open, rest.Token)).ToList();
        var steps = new ScanStep?[answers.Count];
        var waiting = answers.ToList();
        try
        {
            while (waiting.Count > 0)
            {
                var done = await Task.WhenAny(waiting);
                waiting.Remove(done);
                var at = answers.IndexOf(done);
                steps[at] = new ScanStep(_chain.Scanners[at].Name, await done, _chain.Time.GetElapsedTime(began));
                if (steps[at]!.Answer.State == ScanState.Infected)
                    break;
            }
        }
        finally
        {
            // None reads the stored message when this returns: it may be gone then.
            await rest.CancelAsync();
            await ((Task)Task.WhenAll(answers)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return [.. steps.OfType<ScanStep>()];
    }

    /// <summary>Ends what still reads.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1)
            return;
        await _idle.DisposeAsync();
        await _stop.CancelAsync();
        foreach (var live in _live)
            await live.DisposeAsync();
        Release();
        _stop.Dispose();
    }

    private async Task<ScanAnswer> AnswerAsync(
        IContentScanner scanner,
        int index,
        Func<Stream> open,
        CancellationToken ct
    )
    {
        ScanAnswer? first = null;
        try
        {
            if (IsLive)
            {
                first = await _live[index].Answer.WaitAsync(ct);
                // What it could not do with the stream it may do with the whole: another daemon, or the same one, up again.
                if (first.State != ScanState.Failed)
                    return first;
            }

            await _chain.Places.WaitAsync(ct);
            try
            {
                await using var stored = open();
                var content = PipeReader.Create(stored, new StreamPipeReaderOptions(bufferSize: 64 * 1024));
                var answer = await scanner.ScanAsync(content, ct);
                await content.CompleteAsync();
                return answer;
            }
            finally
            {
                _chain.Places.Release();
            }
        }
        catch (OperationCanceledException)
        {
            return first ?? ScanAnswer.Failed("no answer in time");
        }
        // Whatever is wrong with a scanner, or with us, the message is not lost by it.
        catch (Exception e) when (e is not StoreException)
        {
            return ScanAnswer.Failed(e.Message);
        }
    }

    // A sender that pauses would hold a place, and a thread of the daemon, for as long as it likes.
    private void Abandon()
    {
        _stop.Cancel();
        Release();
    }

    private void Release()
    {
        if (Interlocked.Exchange(ref _holdsPlace, 0) == 1)
            _chain.Live.Release();
    }

    /// <summary>One scanner that reads along.</summary>
    private sealed class Live : IAsyncDisposable
    {
        private readonly Pipe _pipe = new(
            new PipeOptions(pauseWriterThreshold: MaxHeld, resumeWriterThreshold: MaxHeld / 2)
        );
        private bool _isOpen = true;

        public Live(IContentScanner scanner, CancellationToken stop)
        {
            Scanner = scanner;
            Answer = ScanAsync(scanner, stop);
        }

        public IContentScanner Scanner { get; }

        public Task<ScanAnswer> Answer { get; }

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
        {
            if (_isOpen)
                _isOpen = !(await _pipe.Writer.WriteAsync(bytes, ct)).IsCompleted;
        }

        public ValueTask EndAsync() => _pipe.Writer.CompleteAsync();

        public async ValueTask DisposeAsync()
        {
            await _pipe.Writer.CompleteAsync(new OperationCanceledException());
            await Answer;
        }

        private async Task<ScanAnswer> ScanAsync(IContentScanner scanner, CancellationToken stop)
        {
            // Not on the session's way: it goes on reading while this connects.
            await Task.Yield();
            try
            {
                return await scanner.ScanAsync(_pipe.Reader, stop);
            }
            catch (OperationCanceledException)
            {
                return ScanAnswer.Failed("the sender paused");
            }
            catch (Exception e)
            {
                return ScanAnswer.Failed(e.Message);
            }
            finally
            {
                await _pipe.Reader.CompleteAsync();
            }
        }
    }
}
