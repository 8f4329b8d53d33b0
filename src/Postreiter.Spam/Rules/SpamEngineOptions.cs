using Postreiter.Spam.Network;

namespace Postreiter.Spam.Rules;

/// <summary>How an engine runs a ruleset.</summary>
public sealed record SpamEngineOptions
{
    /// <summary>
    /// Whether rules may use what the network says (score sets 1 and 3). Without a <see cref="Network"/> those that ask the DNS themselves
    /// never hit. Default: whether there is one.
    /// </summary>
    public bool IsNetworkWanted
    {
        get => field || Network is not null;
        init;
    }

    /// <summary>The DNS for rules that ask it, in <see cref="SpamEngine.ScanAsync"/>; null = none.</summary>
    public SpamNetwork? Network { get; init; }

    /// <summary>
    /// Longest wait for the DNS, for all questions of one mail together, from the beginning of its scan; a fifth of it is left for the answers however long the other rules take. Default 15 s, as the rules' own
    /// `rbl_timeout`, which holds beside it. Up to a day.
    /// </summary>
    public TimeSpan NetworkBudget { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The clock of `time_limit`. Default the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Whether Bayes has learned enough to be used (score sets 2 and 3). Default false.</summary>
    public bool IsBayesUsable { get; init; }

    /// <summary>Whether sub-rules that nothing depends on run too, so that results list them. Default false.</summary>
    public bool KeepsAllSubRules { get; init; }

    /// <summary>The score set: bit 0 network, bit 1 Bayes.</summary>
    public int ScoreSet => (IsNetworkWanted ? 1 : 0) | (IsBayesUsable ? 2 : 0);
}
