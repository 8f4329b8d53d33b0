using System.Security.Cryptography;
using Postreiter.Core;
using Postreiter.MailAuth.Srs;
using Postreiter.Storage;
using Postreiter.Storage.MailAuth;

namespace Postreiter.Delivery.Authentication;

/// <summary>
/// Gives mail that is forwarded a sender of ours, so that SPF asks the right domain, and finds the first sender again when a bounce
/// comes. The secrets are the store's: the newest makes addresses for 30 days, each is good for 30 days more.
/// </summary>
/// <param name="store">Keeps the secrets.</param>
/// <param name="time">The clock.</param>
/// <param name="newSecret">32 random bytes; null for the system's.</param>
public sealed class SenderRewriting(IStore store, TimeProvider time, Func<byte[]>? newSecret = null) : IDisposable
{
    private static readonly TimeSpan SignsFor = TimeSpan.FromDays(30);

    // Its last address may be 30 days old, and clocks differ.
    private static readonly TimeSpan KeptFor = TimeSpan.FromDays(62);
    private static readonly TimeSpan ReadAgain = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim _reading = new(1);
    private volatile Known? _known;

    /// <summary>Off, mail is forwarded with the sender it came with; bounces to older addresses still find their way. Default on.</summary>
    public bool IsOn { get; set; } = true;

    /// <summary>The sender to forward with.</summary>
    /// <param name="sender">As the mail came; null is the null sender, which stays.</param>
    /// <param name="domain">The domain of ours that forwards.</param>
    /// <param name="ct">Stops waiting.</param>
    /// <exception cref="StoreException">The secrets cannot be read or written.</exception>
    public async ValueTask<EmailAddress?> RewriteAsync(EmailAddress? sender, DomainName domain, CancellationToken ct)
    {
        if (!IsOn || sender is not { } address || await store.Directory.IsLocalDomainAsync(address.Domain, ct))
            return sender;
        var result = new SrsRewriter(domain, await SecretsAsync(forNew: true, ct), time).Rewrite(address);
        // What does not fit into a local part cannot be rewritten: a failure is told to somebody who is there.
        return result.Status == SrsStatus.Done ? result.Address : EmailAddress.Parse("postmaster@" + domain.Ascii);
    }

    /// <summary>Where a bounce to an address of ours goes.</summary>
    /// <exception cref="StoreException">The secrets cannot be read.</exception>
    public async ValueTask<SrsResult> ReverseAsync(EmailAddress recipient, CancellationToken ct)
    {
        if (!SrsRewriter.IsSrs(recipient.LocalPart))
            return new SrsResult(SrsStatus.NotSrs, default, "");
        var secrets = await SecretsAsync(forNew: false, ct);
        return secrets.Count == 0
            ? new SrsResult(SrsStatus.Forged, default, "nothing was ever forwarded here")
            : new SrsRewriter(recipient.Domain, secrets, time).Reverse(recipient);
    }

    /// <inheritdoc/>
    public void Dispose() => _reading.Dispose();

    private async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> SecretsAsync(bool forNew, CancellationToken ct)
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

    private bool IsFresh(Known known, bool forNew) =>
        time.GetElapsedTime(known.Read) < ReadAgain
        && (!forNew || (known.Secrets.Count > 0 && time.GetUtcNow() - known.Newest <= SignsFor));

    private sealed record Known(IReadOnlyList<ReadOnlyMemory<byte>> Secrets, DateTimeOffset Newest, long Read);
}
