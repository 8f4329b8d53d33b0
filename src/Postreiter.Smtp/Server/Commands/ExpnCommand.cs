using Postreiter.Core;

namespace Postreiter.Smtp.Server.Commands;

/// <summary>EXPN: not offered.</summary>
/// <remarks>RFC 5321 §7.3.</remarks>
internal sealed class ExpnCommand : ISmtpCommand
{
    public SmtpPhases AllowedIn => SmtpPhases.Any;

    public ValueTask<SmtpReply?> ExecuteAsync(
        SmtpSession session,
        ReadOnlyMemory<byte> arguments,
        CancellationToken ct
    ) => new(Replies.NotAllowed);
}
