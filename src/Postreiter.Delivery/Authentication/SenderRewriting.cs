using Postreiter.Core;
using Postreiter.MailAuth.Srs;
using Postreiter.Storage;

namespace Postreiter.Delivery.Authentication;

/// <summary>
/// Gives mail that is forwarded a sender of ours, so that SPF asks the right domain, and finds the first sender again when a bounce
/// comes.
/// </summary>
/// <param name="store">Keeps the secrets.</param>
/// <param name="time">The clock.</param>
/// <param name="newSecret">32 random bytes; null for the system's.</param>
public sealed class SenderRewriting(IStore store, TimeProvider time, Func<byte[]>? newSecret = null) : IDisposable
{
    /// <summary>What addresses are made with.</summary>
    public SenderSecrets Secrets { get; } = new(store, time, newSecret);

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
        var result = new SrsRewriter(domain, await Secrets.FindAsync(forNew: true, ct), time).Rewrite(address);
        // What does not fit into a local part cannot be rewritten: a failure is told to somebody who is there.
        return result.Status == SrsStatus.Done ? result.Address : EmailAddress.Parse("postmaster@" + domain.Ascii);
    }

    /// <summary>Where a bounce to an address of ours goes.</summary>
    /// <exception cref="StoreException">The secrets cannot be read.</exception>
    public async ValueTask<SrsResult> ReverseAsync(EmailAddress recipient, CancellationToken ct)
    {
        if (!SrsRewriter.IsSrs(recipient.LocalPart))
            return new SrsResult(SrsStatus.NotSrs, default, "");
        var secrets = await Secrets.FindAsync(forNew: false, ct);
        return secrets.Count == 0
            ? new SrsResult(SrsStatus.Forged, default, "nothing was ever forwarded here")
            : new SrsRewriter(recipient.Domain, secrets, time).Reverse(recipient);
    }

    /// <inheritdoc/>
    public void Dispose() => Secrets.Dispose();
}
