using static Postreiter.Spam.Functions.CallArguments;

namespace Postreiter.Spam.Functions;

/// <summary>The function of SpamAssassin's Bayes plugin.</summary>
internal static class BayesEval
{
    /// <summary>The Bayes score lies above the first argument (0: at it too) and not above the second.</summary>
    [RuleFunction("check_bayes")]
    internal static int IsInBand(RuleCall call)
    {
        var settings = call.Settings;
        if (
            !settings.IsOn("use_bayes")
            || !settings.IsOn("use_bayes_rules")
            || call.Facts.BayesScore?.Value is not { } score
        )
            return 0;
        var (least, most) = (call.Number(0), call.Limit(1));
        return Hits((least == 0 || score > least) && (most is null || score <= most));
    }

    /// <summary>
    /// Ours: the balance of what was learned (<see cref="Bayes.BayesScore.Balance"/>) lies above the first argument and not above the second;
    /// <c>undef</c> is no limit.
    /// </summary>
    [RuleFunction("check_learned")]
    internal static int IsBalanced(RuleCall call)
    {
        if (
            !call.Settings.IsOn("use_bayes")
            || !call.Settings.IsOn("use_bayes_rules")
            || call.Facts.BayesScore is not { Value: not null } score
        )
            return 0;
        var (least, most) = (call.Limit(0), call.Limit(1));
        return Hits((least is null || score.Balance > least) && (most is null || score.Balance <= most));
    }
}
