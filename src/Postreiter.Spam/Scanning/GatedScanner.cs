namespace Postreiter.Spam.Scanning;

/// <summary>
/// Scans so many mails at one time as the machine has processors, so that all else stays responsive; the rest waits in order. The
/// engine can be exchanged at any moment: scans that run end with the one they began with.
/// </summary>
public sealed class GatedScanner : IMailScanner, IDisposable
{
    private readonly SemaphoreSlim _gate;
    private volatile MailEngine? _engine;
    private volatile Task _preparing = Task.CompletedTask;
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

    /// <summary>Says that rules are being made ready: while there are none at all, a mail waits for this.</summary>
    public void Prepare(Task preparing) => _preparing = preparing;

    /// <summary>Puts rules in force.</summary>
    /// <param name="scans">The rules.</param>
    /// <param name="told">Told of each scan.</param>
    public void UseScans(MailScans scans, Action<ScannedMail>? told = null) =>
        _engine = new MailEngine(
            scans.CompleteAsync,
            async (mail, context, ct) =>
            {
                var scanned = await scans.ScanAsync(mail, context, ct);
                told?.Invoke(scanned);
                return scanned;
            }
        );

    /// <summary>Puts an engine in force; null switches scanning off.</summary>
    public void Use(Func<ReadOnlyMemory<byte>, ScannedMail>? engine) =>
        _engine = engine is null ? null : new MailEngine(Known, (mail, _, _) => new(engine(mail)));

    /// <summary>
    /// Puts an engine in force that may wait for the network: it holds a place until it first waits, for what comes after is no work.
    /// </summary>
    public void UseWaiting(Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask<ScannedMail>> engine) =>
        _engine = new MailEngine(Known, (mail, _, ct) => engine(mail, ct));

    /// <inheritdoc/>
    public ValueTask<ScannedMail?> ScanAsync(ReadOnlyMemory<byte> mail, CancellationToken ct) =>
        ScanAsync(mail, MailContext.None, ct);

    /// <inheritdoc/>
    public async ValueTask<ScannedMail?> ScanAsync(ReadOnlyMemory<byte> mail, MailContext context, CancellationToken ct)
    {
        if (_engine is null)
            await _preparing.WaitAsync(ct);
        if (_engine is not { } engine)
            return null;
        // What is waited for before a scan holds no place.
        context = await engine.Complete(mail, context with { Whole = mail }, ct);
        await _gate.WaitAsync(ct);
        // A scan that nobody waits for any more still holds its place until it is through: it uses a processor.
        return await Task.Run(() => ScanGatedAsync(engine, mail, context, ct), CancellationToken.None).WaitAsync(ct);
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private static ValueTask<MailContext> Known(ReadOnlyMemory<byte> mail, MailContext context, CancellationToken ct) =>
        new(context);

    /// <summary>Rules in force.</summary>
    /// <param name="Complete">Asks for what is not known of a mail yet, and waits for it.</param>
    /// <param name="Scan">Scans; it works until it first waits.</param>
    private sealed record MailEngine(
        Func<ReadOnlyMemory<byte>, MailContext, CancellationToken, ValueTask<MailContext>> Complete,
        Func<ReadOnlyMemory<byte>, MailContext, CancellationToken, ValueTask<ScannedMail>> Scan
    );

    private async Task<ScannedMail?> ScanGatedAsync(
        MailEngine engine,
        ReadOnlyMemory<byte> mail,
        MailContext context,
        CancellationToken ct
    )
    {
        ValueTask<ScannedMail> scan;
        var most = (int)Math.Min(MaxBytes, mail.Length);
        try
        {
            scan = engine.Scan(mail[..most], context, ct);
        }
        finally
        {
            _gate.Release();
        }

        var scanned = await scan;
        return most < mail.Length ? scanned with { IsPartial = true } : scanned;
    }
}
