namespace Postreiter.MailAuth.Spf;

/// <summary>The time one evaluation may take (L18). Counted from the first question that is not answered at once: most never need a timer.</summary>
internal sealed class SpfBudget(TimeProvider time, TimeSpan length, CancellationToken caller) : IDisposable
{
    // Not disposed: it has neither timer nor handle, and a timer that runs late would meet it.
    private readonly CancellationTokenSource _source = new();
    private ITimer? _timer;
    private CancellationTokenRegistration _link;

    /// <summary>Cancelled when the time is over, or by the caller.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Whether it is over, and not because the caller said so.</summary>
    public bool IsOver => _source.IsCancellationRequested && !caller.IsCancellationRequested;

    /// <summary>The answer to a question, when it comes.</summary>
    public ValueTask<T> WaitAsync<T>(ValueTask<T> answer)
    {
        if (!answer.IsCompleted && _timer is null)
        {
            _link = caller.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
            _timer = time.CreateTimer(
                static source => ((CancellationTokenSource)source!).Cancel(),
                _source,
                length,
                Timeout.InfiniteTimeSpan
            );
        }

        return answer;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer?.Dispose();
        _link.Dispose();
    }
}
