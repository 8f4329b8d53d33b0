namespace Postreiter.Spam.Scanning;

/// <summary>
/// Scans so many mails at one time as the machine has processors, so that all else stays responsive; the rest waits in order. The
/// engine can be exchanged at any moment: scans that run end with the one they began with.
/// </summary>
public sealed class GatedScanner : IMailScanner, IDisposable
{
    private readonly SemaphoreSlim _gate;
    private volatile Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask<ScannedMail>>? _engine;
    private long _maxBytes = 512 * 1024;

    /// <summary>A gate without an engine.</summary>
    /// <param name="places">Scans at one time; 0 for the number of processors.</param>
    public GatedScanner(int places = 0) => _gate = new SemaphoreSlim(places > 0 ? places : Environment.ProcessorCount);

    /// <summary>Octets of a mail that are scanned; what is behind them is not looked at. May change at any time. Default 512 KiB.</summary>
    public long MaxBytes
    {
        get => Interlocked.Read(ref _maxBytes);
        set => Interlocked.Exchange(ref _maxBytes, value);
    }

    /// <summary>Whether there are rules.</summary>
    public bool HasEngine => _engine is not null;

    /// <summary>Puts an engine in force; null switches scanning off.</summary>
    public void Use(Func<ReadOnlyMemory<byte>, ScannedMail>? engine) =>
        _engine = engine is null ? null : (mail, _) => new(engine(mail));

    /// <summary>
    /// Puts an engine in force that may wait for the network: it holds a place until it first waits, for what comes after is no work.
    /// </summary>
    public void UseWaiting(Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask<ScannedMail>> engine) =>
        _engine = engine;

    /// <inheritdoc/>
    public async ValueTask<ScannedMail?> ScanAsync(ReadOnlyMemory<byte> mail, CancellationToken ct)
    {
        if (_engine is null)
            return null;
        await _gate.WaitAsync(ct);
        // A scan that nobody waits for any more still holds its place until it is through: it uses a processor.
        return await Task.Run(() => ScanGatedAsync(mail, ct), CancellationToken.None).WaitAsync(ct);
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private async Task<ScannedMail?> ScanGatedAsync(ReadOnlyMemory<byte> mail, CancellationToken ct)
    {
        ValueTask<ScannedMail> scan;
        var most = (int)Math.Min(MaxBytes, mail.Length);
        try
        {
            if (_engine is not { } engine)
                return null;
            scan = engine(mail[..most], ct);
        }
        finally
        {
            _gate.Release();
        }

        var scanned = await scan;
        return most < mail.Length ? scanned with { IsPartial = true } : scanned;
    }
}
