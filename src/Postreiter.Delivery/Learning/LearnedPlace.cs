using Postreiter.Spam.Bayes;
using Postreiter.Storage.Learning;

namespace Postreiter.Delivery.Learning;

/// <summary>What was learned in one place (the server, an account), held in memory and kept as the store has it. For any thread.</summary>
/// <param name="store">The store.</param>
/// <param name="place"><see cref="ILearningStore.Server"/>, or an account.</param>
/// <param name="time">The clock.</param>
public sealed class LearnedPlace(ILearningStore store, long place, TimeProvider time) : ILearnedReader, IDisposable
{
    // Changes are read at each start and by every node; written into the pages they cost as much as the pages do.
    private const long LeastToCompact = 1024 * 1024;

    private readonly SemaphoreSlim _turn = new(1);
    private volatile LearnedTokens _tokens = new();
    private LearnedTokens? _loading;
    private LearnedVersion _version;
    private LearnedExpiry _expiry;
    private long _pageOctets;
    private long _changedOctets;
    private volatile bool _isLoaded;

    /// <summary>The counts as of the last <see cref="RefreshAsync"/>.</summary>
    public LearnedTokens Tokens => _tokens;

    /// <summary>The last time that old tokens were forgotten.</summary>
    public LearnedExpiry LastExpiry => _expiry;

    /// <summary>Reads what others, or this process, have learned since; writes the counts down when that has become much.</summary>
    /// <remarks>Who comes while another one reads or writes goes on with what is known, but for the first time.</remarks>
    public async ValueTask RefreshAsync(CancellationToken ct)
    {
        if (!await _turn.WaitAsync(_isLoaded ? TimeSpan.Zero : Timeout.InfiniteTimeSpan, ct))
            return;
        try
        {
            await ReadAsync(ct);
            if (_changedOctets > Math.Max(LeastToCompact, _pageOctets / 2))
                await WriteAsync(isNew: false, ct);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Forgets tokens that were of use to no mail for a long time.</summary>
    /// <param name="most">Tokens above which it is done.</param>
    /// <param name="isForced">Also when the last time is not long ago, and there are fewer.</param>
    /// <param name="ct">Stops it.</param>
    /// <returns>Tokens that went; null when it is not due.</returns>
    public async ValueTask<long?> ExpireAsync(long most, bool isForced, CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        try
        {
            await ReadAsync(ct);
            var last = new LastExpiry(_expiry.At, _expiry.Age, _expiry.Removed);
            var now = time.GetUtcNow().ToUnixTimeSeconds();
            if (!isForced && !TokenExpiry.IsDue(_tokens, most, last, now))
                return null;
            var before = _tokens.Count;
            var isWritten = false;
            try
            {
                var done = TokenExpiry.Expire(_tokens, most, last, now);
                _expiry = new LearnedExpiry(done.At, done.Age, done.Removed);
                isWritten = await WriteAsync(isNew: before != _tokens.Count, ct);
            }
            finally
            {
                // Others were faster, or the store cannot write: what is there counts, all of it is read anew, and the next time will come.
                if (!isWritten)
                    _version = default;
            }

            return before - _tokens.Count;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Puts counts and mails that were learned elsewhere in the place of all.</summary>
    /// <param name="learned">The counts.</param>
    /// <param name="mails">The mails.</param>
    /// <param name="ct">Stops it before it is under way.</param>
    /// <returns>False where the account is gone.</returns>
    public ValueTask<bool> ReplaceAsync(
        LearnedTokens learned,
        IReadOnlyList<LearnedName> mails,
        CancellationToken ct
    ) => store.ReplaceAsync(place, Counts(learned, default), mails, ct);

    /// <inheritdoc/>
    public void Start(LearnedCounts counts)
    {
        _loading = new LearnedTokens();
        _loading.Start(counts.Spam, counts.Ham);
        (_expiry, _pageOctets, _changedOctets) = (counts.Expiry, 0, 0);
    }

    /// <inheritdoc/>
    public void Page(LearnedPage page)
    {
        _loading!.ReadPage(page.Number, page.Tokens.Span);
        _pageOctets += page.Tokens.Length;
    }

    /// <inheritdoc/>
    public void Change(LearnedChange change)
    {
        (_loading ?? _tokens).Add(change.Tokens.Span, change.Spam, change.Ham, change.Time);
        _changedOctets += change.Tokens.Length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _turn.Dispose();
        _tokens.Dispose();
    }

    // Scans go on with the old counts until all new ones are there.
    private async ValueTask ReadAsync(CancellationToken ct)
    {
        try
        {
            _version = await store.ReadAsync(place, _version, this, ct);
            if (_loading is { } loaded)
                _tokens = loaded;
            _isLoaded = true;
        }
        catch
        {
            // Some of the changes may be in the counts already: all is read anew the next time, and nothing counts twice.
            _version = default;
            throw;
        }
        finally
        {
            _loading = null;
        }
    }

    private async ValueTask<bool> WriteAsync(bool isNew, CancellationToken ct)
    {
        var counts = Counts(_tokens, _expiry);
        if (await store.CompactAsync(place, _version, counts, isNew, ct) is not { } version)
            return false;
        _version = version;
        (_changedOctets, _pageOctets) = (0, counts.Pages!.Sum(static page => (long)page.Tokens.Length));
        return true;
    }

    private static LearnedCounts Counts(LearnedTokens learned, LearnedExpiry expiry) =>
        new(
            learned.Spam,
            learned.Ham,
            expiry,
            [.. learned.WritePages().Select(static p => new LearnedPage(p.Page, p.Octets))]
        );
}
