using System.Security.Cryptography;
using Postreiter.Core;
using Postreiter.MailAuth.Batv;
using Postreiter.MailAuth.Srs;
using Postreiter.Storage;

namespace Postreiter.Delivery.Authentication;

/// <summary>Whose mail goes out with tagged senders; section <c>batv</c> of the settings.</summary>
public sealed record BounceTagOptions
{
    /// <summary>Domains of ours whose senders are tagged, and to which notices come with a tag or not at all. Default none.</summary>
    public IReadOnlyList<DomainName> Domains { get; init; } = [];

    /// <summary>Days for which a tag is good: our queue's life and that of another server's, and some more. Default 14; 1 to 30.</summary>
    public int Days { get; init; } = 14;
}

/// <summary>
/// Tags the senders of what users send to other servers (BATV), and looks at the tags of what comes back, so that notices about mail that nobody here
/// has sent are known. Addresses that we made for forwarded mail (SRS) show as much by themselves.
/// </summary>
/// <param name="secrets">What tags are made with.</param>
/// <param name="time">The day.</param>
public sealed class BounceTags(SenderSecrets secrets, TimeProvider time)
{
    // The secrets are those of SRS: what one scheme makes is of no use in the other.
    private static readonly byte[] Purpose = "postreiter bounce tags"u8.ToArray();

    /// <summary>May change at any time.</summary>
    public BounceTagOptions Options { get; set; } = new();

    /// <summary>The sender to send a user's mail with.</summary>
    /// <param name="sender">The user's; null is the null sender, which stays.</param>
    /// <param name="ct">Stops waiting.</param>
    /// <exception cref="StoreException">The secrets cannot be read or written.</exception>
    public async ValueTask<EmailAddress?> SignAsync(EmailAddress? sender, CancellationToken ct)
    {
        var options = Options;
        if (sender is not { } address || !IsTagged(options, address) || BatvSigner.TryStrip(address, out _))
            return sender;
        return (await SignerAsync(forNew: true, ct)).Sign(address, options.Days);
    }

    /// <summary>What a recipient of ours shows of itself.</summary>
    /// <param name="recipient">The address, tag and all.</param>
    /// <param name="ct">Stops waiting.</param>
    /// <returns>Null where nothing is wanted of it: its domain's senders are not tagged, or this one has no room for it.</returns>
    /// <exception cref="StoreException">The secrets cannot be read.</exception>
    public async ValueTask<BatvStatus?> CheckAsync(EmailAddress recipient, CancellationToken ct)
    {
        if (BatvSigner.TryStrip(recipient, out var plain))
            return (await SignerAsync(forNew: false, ct)).Check(recipient) is var status && IsTagged(Options, plain)
                ? status
                : null;
        return IsTagged(Options, recipient) ? BatvStatus.None : null;
    }

    // RFC 5321 §4.5.1: the postmaster takes what comes.
    private static bool IsTagged(BounceTagOptions options, EmailAddress address) =>
        options.Domains.Contains(address.Domain)
        && !SrsRewriter.IsSrs(address.LocalPart)
        && BatvSigner.HasRoom(address)
        && !address.LocalPart.Equals("postmaster", StringComparison.OrdinalIgnoreCase);

    private async ValueTask<BatvSigner> SignerAsync(bool forNew, CancellationToken ct)
    {
        var known = await secrets.FindAsync(forNew, ct);
        return new BatvSigner(
            [.. known.Select(static s => (ReadOnlyMemory<byte>)HMACSHA256.HashData(s.Span, Purpose))],
            time
        );
    }
}
