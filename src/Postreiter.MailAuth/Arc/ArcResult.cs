namespace Postreiter.MailAuth.Arc;

/// <summary>The Chain Validation Status (RFC 8617 §4.4), and why there is none yet.</summary>
public enum ArcResult
{
    /// <summary>The message has no chain.</summary>
    None,

    /// <summary>The chain holds, whole.</summary>
    Pass,

    /// <summary>It does not: as good as none (RFC 8617 §5.2).</summary>
    Fail,

    /// <summary>
    /// A key could not be had at the moment. RFC 8617 §5.2.1 knows no such status: write it as fail where the message goes on,
    /// or try again where the verdict needs the chain.
    /// </summary>
    TempError,
}

/// <summary>What a chain is worth, and why.</summary>
/// <param name="Result">The result.</param>
/// <param name="Sets">The highest instance found, 0 without a chain: the next set has one more (RFC 8617 §5.1).</param>
/// <param name="Sealers"><c>d=</c> of the seals, i=1 first, ASCII in lower case; empty unless the result is <see cref="ArcResult.Pass"/>.</param>
/// <param name="Reason">For people: what decided. Holds a stranger's text, bounded and without control characters.</param>
/// <param name="AuthenticationResults">
/// What stands in the ARC-Authentication-Results behind <c>i=N;</c>, i=1 first, unfolded, octets as UTF-8; empty unless the result
/// is <see cref="ArcResult.Pass"/>. It is worth as much as its sealer is.
/// </param>
/// <param name="IsSealedAsFailed">The newest seal itself says cv=fail: nobody adds another (RFC 8617 §5.1).</param>
public sealed record ArcOutcome(
    ArcResult Result,
    int Sets,
    IReadOnlyList<string> Sealers,
    string Reason,
    IReadOnlyList<string> AuthenticationResults,
    bool IsSealedAsFailed
)
{
    /// <summary>What the first sealer found, null unless the result is <see cref="ArcResult.Pass"/>.</summary>
    public string? FirstAuthenticationResults => AuthenticationResults.Count > 0 ? AuthenticationResults[0] : null;
}
