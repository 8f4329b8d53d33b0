using Postreiter.Core;

namespace Postreiter.Smtp.Server.Commands;

/// <summary>
/// Verbs of HTTP: a browser or a proxy was sent here, and what follows was chosen by somebody who wants it read as mail.
/// The session ends before it is.
/// </summary>
internal sealed class ForeignCommand : ISmtpCommand
{
    private static readonly SmtpReply NoHttp = new(502, "5.5.1", "This is no web server") { ClosesConnection = true };

    public SmtpPhases AllowedIn => SmtpPhases.Any;

    public ValueTask<SmtpReply?> ExecuteAsync(
        SmtpSession session,
        ReadOnlyMemory<byte> arguments,
        CancellationToken ct
    ) => new(NoHttp);
}
