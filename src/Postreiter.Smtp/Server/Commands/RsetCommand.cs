using Postreiter.Core;

namespace Postreiter.Smtp.Server.Commands;

/// <summary>RSET: forgets the open transaction.</summary>
/// <remarks>RFC 5321 §4.1.1.5.</remarks>
internal sealed class RsetCommand : ISmtpCommand
{
    public SmtpPhases AllowedIn => SmtpPhases.Any;

    public bool IsIdle => true;

    public async ValueTask<SmtpReply?> ExecuteAsync(
        SmtpSession session,
        ReadOnlyMemory<byte> arguments,
        CancellationToken ct
    )
    {
        if (!arguments.IsEmpty)
            return Replies.NoArguments;
        await session.ResetAsync();
        return Replies.Ok;
    }
}
