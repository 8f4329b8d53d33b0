namespace Postreiter.Delivery.Scanning;

/// <summary>The scanners in force. All are asked at one time; the first that finds something decides.</summary>
/// <param name="scanners">In the order of the settings.</param>
/// <param name="time">The clock.</param>
/// <param name="places">Messages that scanners read while they arrive, and as many that are scanned from the store, at one time.</param>
public sealed class ScannerChain(IReadOnlyList<IContentScanner> scanners, TimeProvider time, int places = 8)
    : IDisposable
{
    /// <summary>The scanners.</summary>
    public IReadOnlyList<IContentScanner> Scanners => scanners;

    /// <summary>What its scanners take at most, where they keep a time themselves; 0 = not told.</summary>
    public TimeSpan Budget { get; init; }

    /// <summary>A sender that sends nothing for so long loses its place. Default 5 s.</summary>
    public TimeSpan MaxPause { get; init; } = TimeSpan.FromSeconds(5);

    internal TimeProvider Time => time;

    internal SemaphoreSlim Live { get; } = new(places);

    internal SemaphoreSlim Places { get; } = new(places);

    /// <summary>Begins with one message.</summary>
    internal ContentScan Begin() => new(this);

    /// <inheritdoc/>
    public void Dispose()
    {
        Live.Dispose();
        Places.Dispose();
    }
}
