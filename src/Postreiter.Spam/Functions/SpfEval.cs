using Postreiter.MailAuth.Spf;
using static Postreiter.Spam.Functions.CallArguments;

namespace Postreiter.Spam.Functions;

/// <summary>Functions of SpamAssassin's SPF plugin: what SPF says of the envelope's sender, and of the name in HELO.</summary>
internal static class SpfEval
{
    [RuleFunction("check_for_spf_pass", IsOfSender = true)]
    internal static int IsPass(RuleCall call) => From(call, SpfResult.Pass);

    [RuleFunction("check_for_spf_neutral", IsOfSender = true)]
    internal static int IsNeutral(RuleCall call) => From(call, SpfResult.Neutral);

    [RuleFunction("check_for_spf_none", IsOfSender = true)]
    internal static int IsNone(RuleCall call) => From(call, SpfResult.None);

    [RuleFunction("check_for_spf_softfail", IsOfSender = true)]
    internal static int IsSoftFail(RuleCall call) => From(call, SpfResult.SoftFail);

    [RuleFunction("check_for_spf_permerror", IsOfSender = true)]
    internal static int IsPermError(RuleCall call) => From(call, SpfResult.PermError);

    [RuleFunction("check_for_spf_temperror", IsOfSender = true)]
    internal static int IsTempError(RuleCall call) => From(call, SpfResult.TempError);

    [RuleFunction("check_for_spf_fail", IsOfSender = true)]
    internal static int IsFail(RuleCall call) => Fail(call, call.Facts.Senders?.MailFrom);

    [RuleFunction("check_for_spf_helo_pass", IsOfSender = true)]
    internal static int IsHeloPass(RuleCall call) => Helo(call, SpfResult.Pass);

    [RuleFunction("check_for_spf_helo_neutral", IsOfSender = true)]
    internal static int IsHeloNeutral(RuleCall call) => Helo(call, SpfResult.Neutral);

    [RuleFunction("check_for_spf_helo_none", IsOfSender = true)]
    internal static int IsHeloNone(RuleCall call) => Helo(call, SpfResult.None);

    [RuleFunction("check_for_spf_helo_softfail", IsOfSender = true)]
    internal static int IsHeloSoftFail(RuleCall call) => Helo(call, SpfResult.SoftFail);

    [RuleFunction("check_for_spf_helo_permerror", IsOfSender = true)]
    internal static int IsHeloPermError(RuleCall call) => Helo(call, SpfResult.PermError);

    [RuleFunction("check_for_spf_helo_temperror", IsOfSender = true)]
    internal static int IsHeloTempError(RuleCall call) => Helo(call, SpfResult.TempError);

    [RuleFunction("check_for_spf_helo_fail", IsOfSender = true)]
    internal static int IsHeloFail(RuleCall call) => Fail(call, call.Facts.Senders?.Helo);

    /// <summary>The envelope's sender is not known, so nothing could be asked.</summary>
    [RuleFunction("check_spf_skipped_noenvfrom", IsOfSender = true)]
    internal static int IsSkipped(RuleCall call) => Hits(call.Facts.Senders is { Sender: null });

    private static int From(RuleCall call, SpfResult result) => Hits(call.Facts.Senders?.MailFrom?.Result == result);

    private static int Helo(RuleCall call, SpfResult result) => Hits(call.Facts.Senders?.Helo?.Result == result);

    private static int Fail(RuleCall call, SpfOutcome? outcome)
    {
        if (outcome is not { Result: SpfResult.Fail })
            return 0;
        call.Facts.Log(call.Rule, $"SPF failed: {outcome.Explanation ?? outcome.Reason}");
        return 1;
    }
}
