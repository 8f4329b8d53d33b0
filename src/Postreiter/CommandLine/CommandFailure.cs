namespace Postreiter.CommandLine;

/// <summary>Ends a command with a message for people and an exit code.</summary>
internal sealed class CommandFailure : Exception
{
    /// <summary>Ends a command.</summary>
    /// <param name="exitCode">One of <see cref="ExitCodes"/>.</param>
    /// <param name="message">One or more lines for standard error.</param>
    public CommandFailure(int exitCode, string message)
        : base(message) => ExitCode = exitCode;

    /// <summary>The exit code.</summary>
    public int ExitCode { get; }
}
