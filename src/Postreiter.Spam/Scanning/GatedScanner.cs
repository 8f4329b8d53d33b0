namespace Postreiter.Spam.Scanning;

/// <summary>
/// Scans so many mails at one time as the machine has processors, so that all else stays responsive; the rest waits in order. The
/// engine can be exchanged at any moment: scans that run end with the one they began with.
/// </summary>
public sealed class GatedScanner : IMailScanner, IDisposable
{
    private readonly SemaphoreSlim _gate;
    private volatile Func<ReadOnlyMemory<byte>, ScannedMail>? _engine;
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
    public void Use(Func<ReadOnlyMemory<byte>, ScannedMail>? engine) => _engine = engine;

    /// <inheritdoc/>
    public async ValueTask<ScannedMail?> ScanAsync(ReadOnlyMemory<byte> mail, CancellationToken ct)
    {
        if (_engine is null)
            return null;
        await _gate.WaitAsync(ct);
        // A scan that nobody waits for any more still holds its place until it is through: it uses a processor.
        return await Task.Run(() => Scan(mail), CancellationToken.None).WaitAsync(ct);
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private ScannedMail? Scan(ReadOnlyMemory<byte> mail)
    {
        try
        {
            if (_engine is not { } engine)
                return null;
            var most = (int)Math.Min(MaxBytes, mail.Length);
            var scanned = engine(mail[..most]);
            return most < mail.Length ? scanned with { IsPartial = true } : scanned;
        }
        finally
        {
            _gate.Release();
        }
    }
}
