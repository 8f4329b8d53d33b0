namespace Postreiter.CommandLine;

/// <summary>What the program's exit status means; scripts rely on it.</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>The thing asked about is not so.</summary>
    public const int NotSo = 1;

    /// <summary>Wrong usage or settings.</summary>
    public const int Usage = 2;

    /// <summary>It failed.</summary>
    public const int Failed = 3;
}
