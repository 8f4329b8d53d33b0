namespace Postreiter.MailAuth.Dkim;

/// <summary>What became of one signature (RFC 8601 §2.7.1).</summary>
public enum DkimResult
{
    /// <summary>Not signed.</summary>
    None,

    /// <summary>Verified.</summary>
    Pass,

    /// <summary>Did not verify.</summary>
    Fail,

    /// <summary>Verified, and not accepted by our own rules.</summary>
    Policy,

    /// <summary>Could not be read.</summary>
    Neutral,

    /// <summary>DNS did not answer.</summary>
    TempError,

    /// <summary>Cannot ever be verified.</summary>
    PermError,
}

/// <summary>One signature's result.</summary>
/// <param name="Result">The result.</param>
/// <param name="Domain">d=.</param>
/// <param name="Selector">s=.</param>
/// <param name="Identity">i=.</param>
/// <param name="Algorithm">a=.</param>
/// <param name="SignatureStart">First characters of b=, for header.b.</param>
/// <param name="IsTesting">t=y.</param>
/// <param name="Reason">For people.</param>
public sealed record DkimOutcome(
    DkimResult Result,
    string Domain,
    string Selector,
    string Identity,
    string Algorithm,
    string SignatureStart,
    bool IsTesting,
    string Reason
);
