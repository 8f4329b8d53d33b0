namespace Postreiter.Pop3.Commands;

/// <summary>One command. The session has checked the phase; the command gives its reply and writes nothing itself.</summary>
internal interface IPop3Command
{
    /// <summary>Where it is allowed.</summary>
    Pop3Phases AllowedIn { get; }

    /// <summary>Does it.</summary>
    /// <param name="session">The session.</param>
    /// <param name="argument">What follows the keyword and a space; null without it.</param>
    /// <param name="ct">Cancelled when the server stops.</param>
    ValueTask<Pop3Reply> ExecuteAsync(Pop3Session session, ReadOnlyMemory<byte>? argument, CancellationToken ct);
}
