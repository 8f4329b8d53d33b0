using Postreiter.Core;

namespace Postreiter.Smtp.Server.Commands;

/// <summary>NOOP; an argument is passed over.</summary>
/// <remarks>RFC 5321 §4.1.1.9.</remarks>
internal sealed class NoopCommand : ISmtpCommand
{
    public SmtpPhases AllowedIn => SmtpPhases.Any;

    public bool IsIdle => true;

    public ValueTask<SmtpReply?> ExecuteAsync(
        SmtpSession session,
        ReadOnlyMemory<byte> arguments,
        CancellationToken ct
    ) => new(Replies.Ok);
}
