namespace Postreiter.Spam.Configuration;

/// <summary>How a ruleset is read.</summary>
public sealed record RulesetOptions
{
    /// <summary>Language of the descriptions: `lang de …` applies when it starts with `de`. Default en_US, as without a locale.</summary>
    public string Language { get; init; } = "en_US";

    /// <summary>Whether the network is off: what `local_tests_only` says. Default true.</summary>
    public bool IsLocal { get; init; } = true;

    /// <summary>Depth of `include`. Default 16; a deeper one is a warning.</summary>
    public int MaxIncludeDepth { get; init; } = 16;

    /// <summary>Files that `include` lines may read in all. Default 1,000; a further one is a warning, told once.</summary>
    public int MaxIncludes { get; init; } = 1000;
}
