using Postreiter.Core;

namespace Postreiter.Smtp.Server.Commands;

/// <summary>HELP: names the commands.</summary>
/// <remarks>RFC 5321 §4.1.1.8.</remarks>
internal sealed class HelpCommand : ISmtpCommand
{
    private static readonly SmtpReply Commands = new(
        214,
        "2.0.0",
        "MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT STARTTLS AUTH",
        "HELO EHLO, or LHLO on an LMTP port"
    );

    public SmtpPhases AllowedIn => SmtpPhases.Any;

    public bool IsIdle => true;

    public ValueTask<SmtpReply?> ExecuteAsync(
        SmtpSession session,
        ReadOnlyMemory<byte> arguments,
        CancellationToken ct
    ) => new(Commands);
}
