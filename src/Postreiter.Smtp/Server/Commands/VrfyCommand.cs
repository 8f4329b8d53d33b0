using Postreiter.Core;

namespace Postreiter.Smtp.Server.Commands;

/// <summary>VRFY: says nothing about who exists.</summary>
/// <remarks>RFC 5321 §3.5.3 and §7.3.</remarks>
internal sealed class VrfyCommand : ISmtpCommand
{
    private static readonly SmtpReply CannotVerify = new(252, "2.5.0", "Send mail to it and see");
    private static readonly SmtpReply Syntax = new(501, "5.5.4", "Syntax: VRFY address");

    public SmtpPhases AllowedIn => SmtpPhases.Any;

    public bool IsIdle => true;

    public ValueTask<SmtpReply?> ExecuteAsync(
        SmtpSession session,
        ReadOnlyMemory<byte> arguments,
        CancellationToken ct
    ) => new(arguments.IsEmpty ? Syntax : CannotVerify);
}
