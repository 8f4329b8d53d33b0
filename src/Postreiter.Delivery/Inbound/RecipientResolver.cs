using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.MailAuth.Batv;
using Postreiter.MailAuth.Srs;
using Postreiter.Storage;
using Postreiter.Storage.Accounts;

namespace Postreiter.Delivery.Inbound;

/// <summary>Finds where mail for an address goes; the first that fits of these.</summary>
/// <remarks>
/// <list type="number">
/// <item>the alias of exactly this address, its targets resolved in turn,</item>
/// <item>the account of exactly this address,</item>
/// <item>an address that we made for bounces to forwarded mail (SRS): its first sender,</item>
/// <item>an address with a tag of ours for bounces (BATV): the address without it,</item>
/// <item>with a tag, <c>user+tag</c>: alias or account of <c>user</c>. The tag chooses no mailbox, even where one of that name
/// exists: a sender must not decide where mail is filed.</item>
/// <item>postmaster (RFC 5321 §4.5.1): the configured account, the catch-all, the domain's oldest account, the site's oldest account,</item>
/// <item>the catch-all <c>@domain</c>; not for local parts that try to route on (<c>%</c>, <c>!</c>, <c>@</c>).</item>
/// </list>
/// The server's own host name counts as local for postmaster alone.
/// </remarks>
public sealed class RecipientResolver : IDisposable
{
    private const int MaxDepth = 10;
    private const int MaxTargets = 1_000;

    private readonly DirectoryCache _directory;
    private readonly DomainName _hostName;
    private readonly EmailAddress? _postmaster;
    private readonly SenderRewriting? _rewriting;
    private readonly BounceTags? _tags;

    /// <summary>A resolver over a store's directory.</summary>
    /// <param name="store">Whose directory and change feed.</param>
    /// <param name="hostName">The server's own name.</param>
    /// <param name="postmaster">Who gets postmaster's mail where no alias and no account does; null for the defaults.</param>
    /// <param name="time">For the cache.</param>
    /// <param name="separators">Characters that part user and tag at the start.</param>
    /// <param name="rewriting">Knows the senders of what was forwarded; null where nothing is rewritten.</param>
    /// <param name="tags">Knows the tags of senders of ours; null where there are none.</param>
    public RecipientResolver(
        IStore store,
        DomainName hostName,
        EmailAddress? postmaster,
        TimeProvider time,
        string separators = "+",
        SenderRewriting? rewriting = null,
        BounceTags? tags = null
    )
    {
        _directory = new DirectoryCache(store, time);
        (_hostName, _postmaster, SubaddressSeparators) = (hostName, postmaster, separators);
        (_rewriting, _tags) = (rewriting, tags);
        Quotas = new QuotaWatch(store, time);
    }

    /// <summary>Who is over quota since when; one for policy and intake.</summary>
    internal QuotaWatch Quotas { get; }

    /// <summary>
    /// Characters that part user and tag (RFC 5233 §1); the first of them in a local part counts. May change at any time.
    /// Default "+"; empty switches subaddresses off.
    /// </summary>
    public string SubaddressSeparators { get; set; }

    internal DirectoryCache Directory => _directory;

    /// <summary>Resolves an address.</summary>
    /// <exception cref="StoreException">The directory cannot answer (F12).</exception>
    public async ValueTask<Resolution> ResolveAsync(EmailAddress address, CancellationToken ct)
    {
        if (!await IsOursAsync(address, ct))
            return Resolution.Without(ResolutionStatus.NotLocal);
        var walk = new Walk();
        await WalkAsync(address, walk, 0, ct);
        if (walk.Accounts.Count + walk.Remote.Count > 0)
            return new Resolution(ResolutionStatus.Found, [.. walk.Accounts.Values], [.. walk.Remote])
            {
                IsForBounces = walk.IsForBounces,
                Untagged = walk.Untagged,
                Tag = _tags is null || walk.IsForBounces ? null : await _tags.CheckAsync(address, ct),
            };
        return Resolution.Without(walk.HasLoop ? ResolutionStatus.Loop : ResolutionStatus.Unknown);
    }

    /// <summary>Where notices that nobody else can take are filed: postmaster of a domain; null on a site without accounts.</summary>
    internal async ValueTask<Resolution> ResolvePostmasterAsync(CancellationToken ct) =>
        await ResolveAsync(EmailAddress.Parse("postmaster@" + _hostName.Ascii), ct);

    /// <inheritdoc/>
    public void Dispose() => _directory.Dispose();

    private static bool IsPostmaster(EmailAddress address) =>
        address.LocalPart.Equals("postmaster", StringComparison.OrdinalIgnoreCase);

    private async ValueTask<bool> IsOursAsync(EmailAddress address, CancellationToken ct) =>
        await _directory.IsLocalDomainAsync(address.Domain, ct)
        || (address.Domain == _hostName && IsPostmaster(address));

    private async ValueTask WalkAsync(EmailAddress address, Walk walk, int depth, CancellationToken ct)
    {
        if (depth > 0 && !await IsOursAsync(address, ct))
        {
            if (walk.Remote.Count < MaxTargets)
                walk.Remote.Add(address);
            return;
        }

        if (!walk.Seen.Add(address))
        {
            // A circle; an address reached twice by different ways looks the same and is served already.
            walk.HasLoop = true;
            return;
        }

        if (depth > MaxDepth || walk.Seen.Count > MaxTargets)
        {
            walk.HasLoop = true;
            return;
        }

        if (await TryExactAsync(address, walk, depth, ct))
            return;
        if (_rewriting is not null && SrsRewriter.IsSrs(address.LocalPart))
        {
            // P11: only with a hash of ours, and not too old. Others of this form are nobody's, the catch-all's neither.
            if (await _rewriting.ReverseAsync(address, ct) is { Status: SrsStatus.Done } sender)
            {
                walk.IsForBounces = true;
                await WalkAsync(sender.Address, walk, depth + 1, ct);
            }

            return;
        }

        // Whatever the tag is worth, the address is meant that stands behind it; what may come there by it, the gate says.
        if (_tags is not null && depth == 0 && BatvSigner.TryStrip(address, out var plain))
        {
            walk.Untagged = plain;
            await WalkAsync(plain, walk, depth + 1, ct);
            return;
        }

        var tag = address.LocalPart.AsSpan().IndexOfAny(SubaddressSeparators);
        if (tag > 0 && await TryExactAsync(address.WithLocalPart(address.LocalPart[..tag]), walk, depth, ct))
            return;
        if (IsPostmaster(address))
        {
            await WalkPostmasterAsync(address, walk, depth, ct);
            return;
        }

        // P11: user%other, other!user and "user@other" are no way to anywhere, not even to the catch-all.
        if (!address.LocalPart.AsSpan().ContainsAny('%', '!', '@'))
            await TryAliasAsync("@" + address.Domain.Ascii, walk, depth, ct);
    }

    private async ValueTask WalkPostmasterAsync(EmailAddress address, Walk walk, int depth, CancellationToken ct)
    {
        var configured = _postmaster is { } name ? await _directory.FindAccountAsync(name, ct) : null;
        if (configured is null && await TryAliasAsync("@" + address.Domain.Ascii, walk, depth, ct))
            return;
        if ((configured ?? await _directory.FindOldestAccountAsync(address.Domain, ct)) is { } account)
            walk.Accounts.TryAdd(account.Id, account);
    }

    private async ValueTask<bool> TryExactAsync(EmailAddress address, Walk walk, int depth, CancellationToken ct)
    {
        if (await TryAliasAsync(address.Key, walk, depth, ct))
            return true;
        if (await _directory.FindAccountAsync(address, ct) is not { } account)
            return false;
        walk.Accounts.TryAdd(account.Id, account);
        return true;
    }

    private async ValueTask<bool> TryAliasAsync(string key, Walk walk, int depth, CancellationToken ct)
    {
        if (await _directory.FindAliasAsync(key, ct) is not { } alias)
            return false;
        foreach (var target in alias.Targets)
            await WalkAsync(target, walk, depth + 1, ct);
        return true;
    }

    private sealed class Walk
    {
        public Dictionary<long, Account> Accounts { get; } = [];

        public HashSet<EmailAddress> Remote { get; } = [];

        public HashSet<EmailAddress> Seen { get; } = [];

        public bool HasLoop { get; set; }

        public bool IsForBounces { get; set; }

        public EmailAddress? Untagged { get; set; }
    }
}
