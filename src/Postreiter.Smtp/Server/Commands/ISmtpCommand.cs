using Postreiter.Core;

namespace Postreiter.Smtp.Server.Commands;

/// <summary>One command: what it is called, where it is allowed, what it does.</summary>
internal interface ISmtpCommand
{
    /// <summary>Phases; in others the session answers 503 5.5.1.</summary>
    SmtpPhases AllowedIn { get; }

    /// <summary>Whether it counts for L10.</summary>
    bool IsIdle => false;

    /// <summary>Does it.</summary>
    /// <param name="session">The session; its state is changed only here.</param>
    /// <param name="arguments">What follows the verb and one space; valid until the task completes.</param>
    /// <param name="ct">The peer is gone.</param>
    /// <returns>The reply; null when a step that it left with the session gives it.</returns>
    ValueTask<SmtpReply?> ExecuteAsync(SmtpSession session, ReadOnlyMemory<byte> arguments, CancellationToken ct);
}
