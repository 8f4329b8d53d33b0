using Postreiter.Core;
using Postreiter.MailAuth.Arc;

namespace Postreiter.MailAuth.Dmarc;

/// <summary>Whether a chain of seals is a reason to take a message that fails DMARC after a list or a forwarder has changed it (RFC 8617 §7.2).</summary>
/// <remarks>
/// What the first sealer found counts, if everybody whose hands it went through is trusted: each could have written the rest anew. It has
/// to speak for the author's domain: a pass for anything else is what a forger has too.
/// </remarks>
public static class ArcOverride
{
    /// <summary>Finds it.</summary>
    /// <param name="arc">The chain.</param>
    /// <param name="isTrusted">Whether a sealer's domain is trusted.</param>
    /// <param name="authors">The From fields as they are now; the newest seal vouches for them.</param>
    /// <param name="suffixes">Gives organisational domains.</param>
    /// <returns>Null when there is no such reason.</returns>
    public static DmarcOverride? Find(
        ArcOutcome arc,
        Func<string, bool> isTrusted,
        DmarcAuthors authors,
        PublicSuffixList suffixes
    )
    {
        if (arc.Result != ArcResult.Pass || arc.Sealers.Count == 0 || !arc.Sealers.All(isTrusted))
            return null;
        if (arc.FirstAuthenticationResults is not { } text || AuthenticationResults.Read(text) is not { } first)
            return null;
        if (authors is not { Fields: 1, IsReadable: true, Domains.Count: > 0 })
            return null;
        return authors.Domains.All(author => Vouches(first, author, suffixes))
            ? new DmarcOverride(DmarcOverrideKind.LocalPolicy, $"arc=pass, sealed by {string.Join(", ", arc.Sealers)}")
            : null;
    }

    private static bool Vouches(AuthenticationResults results, string author, PublicSuffixList suffixes)
    {
        var isJudged = false;
        foreach (var result in results.Results)
        {
            if (result.Method != "dmarc" || !IsSame(result.Property("header", "from"), author))
                continue;
            isJudged = true;
            if (result.Result == "pass")
                return true;
        }

        // Without a verdict on this author, the same question that DMARC asks (RFC 7489 §3.1).
        return !isJudged
            && results.Results.Any(result =>
                result.Result == "pass"
                && result.Method switch
                {
                    "spf" => IsAligned(result.Property("smtp", "mailfrom"), author, suffixes),
                    "dkim" => IsAligned(
                        result.Property("header", "d") ?? result.Property("header", "i"),
                        author,
                        suffixes
                    ),
                    _ => false,
                }
            );
    }

    private static bool IsSame(string? domain, string author) => Domain(domain) is { } name && name.Ascii == author;

    private static bool IsAligned(string? identity, string author, PublicSuffixList suffixes) =>
        Domain(identity) is { } left
        && Domain(author) is { } right
        && (
            left == right
            || (
                suffixes.OrganizationalDomain(left) is { } organization
                && organization == suffixes.OrganizationalDomain(right)
            )
        );

    // An address or a domain alone.
    private static DomainName? Domain(string? identity) =>
        identity is not null
        && DomainName.TryParse(identity.AsSpan(identity.LastIndexOf('@') + 1), out var name)
        && !name.IsAddressLiteral
            ? name
            : null;
}
