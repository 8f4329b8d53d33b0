using Postreiter.Core;

namespace Postreiter.Smtp.Server.Commands;

/// <summary>QUIT: ends the session; an open transaction is forgotten.</summary>
/// <remarks>RFC 5321 §4.1.1.10.</remarks>
internal sealed class QuitCommand : ISmtpCommand
{
    public SmtpPhases AllowedIn => SmtpPhases.Any;

    public ValueTask<SmtpReply?> ExecuteAsync(
        SmtpSession session,
        ReadOnlyMemory<byte> arguments,
        CancellationToken ct
    ) => new(arguments.IsEmpty ? Replies.Bye : Replies.NoArguments);
}
