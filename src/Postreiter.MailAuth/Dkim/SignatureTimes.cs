namespace Postreiter.MailAuth.Dkim;

/// <summary>The time stamps of a signature against the clock.</summary>
internal static class SignatureTimes
{
    /// <summary>What the clock has against a signature; null for nothing.</summary>
    public static (DkimResult Result, string Reason)? FaultOf(
        DkimSignature signature,
        DateTimeOffset now,
        TimeSpan skew
    )
    {
        // RFC 6376 §3.5, x=: an expired signature may be taken as invalid; §6.1.1: PERMFAIL.
        if (signature.Expiry < (now - skew).ToUnixTimeSeconds())
            return (DkimResult.PermError, $"expired: x={signature.Expiry}");
        // RFC 6376 §3.5, t=: one of the future may be ignored.
        if (signature.Time > (now + skew).ToUnixTimeSeconds())
            return (DkimResult.Policy, $"signed in the future: t={signature.Time}");
        return null;
    }
}
