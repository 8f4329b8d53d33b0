using Postreiter.MailAuth.Dmarc;
using static Postreiter.Spam.Functions.CallArguments;

namespace Postreiter.Spam.Functions;

/// <summary>Functions of SpamAssassin's DMARC plugin. What could not be found out for want of an answer hits none of them.</summary>
internal static class DmarcEval
{
    [RuleFunction("check_dmarc_pass", IsOfSender = true)]
    internal static int IsPass(RuleCall call) => Hits(call.Facts.Senders?.Dmarc is { Result: DmarcResult.Pass });

    [RuleFunction("check_dmarc_reject", IsOfSender = true)]
    internal static int IsReject(RuleCall call) => Fails(call, DmarcPolicy.Reject);

    [RuleFunction("check_dmarc_quarantine", IsOfSender = true)]
    internal static int IsQuarantine(RuleCall call) => Fails(call, DmarcPolicy.Quarantine);

    /// <summary>Nobody vouches, and the domain asks for nothing; or what it publishes is no policy.</summary>
    [RuleFunction("check_dmarc_none", IsOfSender = true)]
    internal static int IsNone(RuleCall call) =>
        call.Facts.Senders?.Dmarc is { Result: DmarcResult.PermError, IsAbuse: false }
            ? 1
            : Fails(call, DmarcPolicy.None);

    /// <summary>The author's domain publishes no policy.</summary>
    [RuleFunction("check_dmarc_missing", IsOfSender = true)]
    internal static int IsMissing(RuleCall call) => Hits(call.Facts.Senders?.Dmarc is { Result: DmarcResult.None });

    // What a trusted forwarder or a believed ARC chain excuses is not held against the mail.
    private static int Fails(RuleCall call, DmarcPolicy policy) =>
        Hits(call.Facts.Senders?.Dmarc is { Result: DmarcResult.Fail } dmarc && dmarc.Disposition == policy);
}
