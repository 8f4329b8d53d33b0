namespace Postreiter.Spam.Rules;

/// <summary>How an engine runs a ruleset.</summary>
public sealed record SpamEngineOptions
{
    /// <summary>Whether rules may ask the network (score sets 1 and 3). Default false.</summary>
    public bool IsNetworkWanted { get; init; }

    /// <summary>Whether Bayes has learned enough to be used (score sets 2 and 3). Default false.</summary>
    public bool IsBayesUsable { get; init; }

    /// <summary>Whether sub-rules that nothing depends on run too, so that results list them. Default false.</summary>
    public bool KeepsAllSubRules { get; init; }

    /// <summary>The score set: bit 0 network, bit 1 Bayes.</summary>
    public int ScoreSet => (IsNetworkWanted ? 1 : 0) | (IsBayesUsable ? 2 : 0);
}
