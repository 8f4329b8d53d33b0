using Postreiter.Core;

namespace Postreiter.Smtp.Server.Commands;

/// <summary>STARTTLS: the session goes on under TLS, from the beginning.</summary>
/// <remarks>RFC 3207 §4.</remarks>
internal sealed class StartTlsCommand : ISmtpCommand
{
    private static readonly SmtpReply GoAhead = new(220, "2.0.0", "Ready for the handshake");
    private static readonly SmtpReply IsOn = new(503, "5.5.1", "TLS is on already");

    public SmtpPhases AllowedIn => SmtpPhases.Start | SmtpPhases.Ready;

    public ValueTask<SmtpReply?> ExecuteAsync(SmtpSession session, ReadOnlyMemory<byte> arguments, CancellationToken ct)
    {
        if (!arguments.IsEmpty)
            return new(Replies.NoArguments);
        if (session.Connection.Tls is not null)
            return new(IsOn);
        if (!session.Connection.CanStartTls)
            return new(Replies.NotAllowed);
        session.StartsTls = true;
        return new(GoAhead);
    }
}
