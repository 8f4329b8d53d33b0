using Postreiter.MailAuth.Dkim;
using Postreiter.MailAuth.Spf;

namespace Postreiter.MailAuth.Dmarc;

/// <summary>The results of DMARC (RFC 7489 §11.2).</summary>
public enum DmarcResult
{
    /// <summary>The author's domain publishes no policy.</summary>
    None,

    /// <summary>SPF or DKIM vouches for the author's domain.</summary>
    Pass,

    /// <summary>Neither does.</summary>
    Fail,

    /// <summary>DNS did not answer where the answer decides; later it may.</summary>
    TempError,

    /// <summary>The policy record or the From field cannot be used.</summary>
    PermError,
}

/// <summary>Why a policy is not applied though the mail fails (RFC 7489 §7.2, PolicyOverrideType).</summary>
public enum DmarcOverrideKind
{
    /// <summary>The mail was forwarded, as is known of its sender.</summary>
    Forwarded,

    /// <summary>Not among those that <c>pct</c> picks.</summary>
    SampledOut,

    /// <summary>The sending host is one whose forwarding we trust.</summary>
    TrustedForwarder,

    /// <summary>A mailing list changed it.</summary>
    MailingList,

    /// <summary>Our own rules say so; ARC counts here (RFC 8617 §7.2.2).</summary>
    LocalPolicy,

    /// <summary>Anything else.</summary>
    Other,
}

/// <summary>A reason not to apply the policy.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Comment">For people and for reports: who is trusted.</param>
public sealed record DmarcOverride(DmarcOverrideKind Kind, string Comment);

/// <summary>What is to be evaluated.</summary>
/// <param name="Authors">The From fields; see <see cref="DmarcAuthors.Read"/>.</param>
/// <param name="Spf">Result for MAIL FROM (for the null sender by HELO, as RFC 7489 §3.1.2 wants); null when it was not checked.</param>
/// <param name="Dkim">Results of all signatures.</param>
/// <param name="Draw">Drawn by the caller from 0 to 99, against <c>pct</c>; tests pass what they need.</param>
public sealed record DmarcRequest(DmarcAuthors Authors, SpfOutcome? Spf, IReadOnlyList<DkimOutcome> Dkim, int Draw = 0)
{
    /// <summary>Reasons of ours not to apply the policy: a trusted forwarder, a trusted ARC chain.</summary>
    public IReadOnlyList<DmarcOverride> Overrides { get; init; } = [];
}

/// <summary>The result with its reasons.</summary>
/// <param name="Result">The result; of several authors' domains the worst.</param>
/// <param name="Policy">What the domain asks for this message, after <c>sp</c>, <c>np</c>, <c>pct</c> and <c>t</c>; <see cref="DmarcPolicy.None"/> unless it fails, or the From field is abuse.</param>
/// <param name="Domain">The author's domain; empty where there is none.</param>
/// <param name="Reason">For people.</param>
public sealed record DmarcOutcome(DmarcResult Result, DmarcPolicy Policy, string Domain, string Reason)
{
    /// <summary>What is to be done: <see cref="Policy"/>, or none where <see cref="Overrides"/> holds a reason.</summary>
    public DmarcPolicy Disposition =>
        Overrides.Any(static o => o.Kind != DmarcOverrideKind.SampledOut) ? DmarcPolicy.None : Policy;

    /// <summary>Reasons why less is done than the record says; <c>SampledOut</c> is in <see cref="Policy"/> already.</summary>
    public IReadOnlyList<DmarcOverride> Overrides { get; init; } = [];

    /// <summary>Where the record was found; null when there is none.</summary>
    public string? PolicyDomain { get; init; }

    /// <summary>The record; null when there is none, or none that can be read.</summary>
    public DmarcRecord? Record { get; init; }

    /// <summary>Whether SPF passes for a domain aligned with the author's.</summary>
    public bool IsSpfAligned { get; init; }

    /// <summary>Whether DKIM does.</summary>
    public bool IsDkimAligned { get; init; }

    /// <summary>The From field is missing, there are several, or it names too much: <see cref="Policy"/> is ours then, not the domain's.</summary>
    public bool IsAbuse { get; init; }
}
