using System.Security.Cryptography;
using Postreiter.Storage;
using Postreiter.Storage.MailAuth;

namespace Postreiter.Delivery.Authentication;

/// <summary>
/// Secrets of the senders that we make: those of forwarded mail (SRS), and tags (BATV). They are the store's, so that every node and every backup has
/// them; the first is made when it is needed. The newest makes addresses for 30 days, each is good for 30 days more.
/// </summary>
/// <param name="store">Keeps them.</param>
/// <param name="time">The clock.</param>
/// <param name="newSecret">32 random bytes; null for the system's.</param>
public sealed class SenderSecrets(IStore store, TimeProvider time, Func<byte[]>? newSecret = null) : IDisposable
{
    /// <summary>How long an address that one of them made may be good at most.</summary>
    public static readonly TimeSpan GoodFor = TimeSpan.FromDays(30);

    private static readonly TimeSpan SignsFor = TimeSpan.FromDays(30);

    // Its last address may be 30 days old, and clocks differ.
    private static readonly TimeSpan KeptFor = TimeSpan.FromDays(62);
    private static readonly TimeSpan ReadAgain = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim _reading = new(1);
    private volatile Known? _known;

    /// <summary>The secrets, the newest first.</summary>
    /// <param name="forNew">Whether an address is to be made: then there is one at least, and it is new enough.</param>
    /// <param name="ct">Stops waiting.</param>
    /// <exception cref="StoreException">They cannot be read or written.</exception>
    public async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> FindAsync(bool forNew, CancellationToken ct)
    {
        if (_known is { } known && IsFresh(known, forNew))
            return known.Secrets;
        await _reading.WaitAsync(ct);
        try
        {
            if (_known is { } meanwhile && IsFresh(meanwhile, forNew))
                return meanwhile.Secrets;
            var kept = await store.MailAuth.ListSrsSecretsAsync(ct);
            var now = time.GetUtcNow();
            if (forNew && (kept.Count == 0 || now - kept[0].Created > SignsFor))
            {
                var secret = new SrsSecret(newSecret?.Invoke() ?? RandomNumberGenerator.GetBytes(32), now);
                await store.MailAuth.AddSrsSecretAsync(secret, now - KeptFor, ct);
                kept = await store.MailAuth.ListSrsSecretsAsync(ct);
            }

            var newest = kept.Count > 0 ? kept[0].Created : DateTimeOffset.MinValue;
            _known = new Known([.. kept.Select(s => s.Secret)], newest, time.GetTimestamp());
            return _known.Secrets;
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _reading.Dispose();

    private bool IsFresh(Known known, bool forNew) =>
        time.GetElapsedTime(known.Read) < ReadAgain
        && (!forNew || (known.Secrets.Count > 0 && time.GetUtcNow() - known.Newest <= SignsFor));

    private sealed record Known(IReadOnlyList<ReadOnlyMemory<byte>> Secrets, DateTimeOffset Newest, long Read);
}
