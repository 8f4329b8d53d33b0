namespace Postreiter.MailAuth.Dkim;

/// <summary>The time that the look-ups of a message may take, all together.</summary>
internal sealed class KeyBudget : IDisposable
{
    private readonly TimeSpan _length;
    private readonly CancellationTokenSource _budget;
    private readonly CancellationTokenSource _both;
    private readonly CancellationToken _ct;

    public KeyBudget(TimeProvider time, TimeSpan length, CancellationToken ct)
    {
        (_length, _ct) = (length, ct);
        _budget = new CancellationTokenSource(length, time);
        _both = CancellationTokenSource.CreateLinkedTokenSource(ct, _budget.Token);
    }

    /// <summary>Ends with the budget, or with the caller's patience.</summary>
    public CancellationToken Token => _both.Token;

    /// <summary>Waits for an answer; one that comes too late is a temporary error.</summary>
    public async ValueTask<DkimKeyAnswer> AwaitAsync(Task<DkimKeyAnswer> lookup)
    {
        try
        {
            return await lookup.WaitAsync(_both.Token);
        }
        catch (OperationCanceledException) when (!_ct.IsCancellationRequested && _budget.IsCancellationRequested)
        {
            return new DkimKeyAnswer([], DkimResult.TempError, $"the keys took longer than {_length.TotalSeconds:0} s");
        }
    }

    public void Dispose()
    {
        _both.Dispose();
        _budget.Dispose();
    }
}
