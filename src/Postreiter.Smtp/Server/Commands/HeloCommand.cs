using System.Text;
using Postreiter.Core;

namespace Postreiter.Smtp.Server.Commands;

/// <summary>HELO, EHLO and LHLO: greets, and ends an open transaction.</summary>
/// <remarks>RFC 5321 §4.1.1.1; LMTP RFC 2033 §4.1.</remarks>
internal sealed class HeloCommand(bool isExtended) : ISmtpCommand
{
    public SmtpPhases AllowedIn => SmtpPhases.Any;

    public bool IsIdle => true;

    public async ValueTask<SmtpReply?> ExecuteAsync(
        SmtpSession session,
        ReadOnlyMemory<byte> arguments,
        CancellationToken ct
    )
    {
        var name = arguments.Span.Trim((byte)' ');
        // RFC 5321 §4.1.4: a name that does not resolve is no reason to refuse; one that is no name is.
        if (name.IsEmpty || name.Length > DomainName.MaxLength + 2 || name.Contains((byte)' '))
            return new SmtpReply(501, "5.5.4", "Your host name is missing");
        if (!System.Text.Unicode.Utf8.IsValid(name))
            return Replies.ControlCharacter;
        var peer = session.Peer;
        (peer.Helo, peer.IsExtended) = (Encoding.UTF8.GetString(name), isExtended);
        await session.ResetAsync();
        if (await session.Policy.OnHeloAsync(peer, ct) is { } refusal)
        {
            peer.Helo = null;
            return refusal;
        }

        return isExtended
            ? new SmtpReply(250, (EnhancedStatus?)null, Extensions(session))
            : new SmtpReply(250, (EnhancedStatus?)null, session.Options.HostName);
    }

    private static List<string> Extensions(SmtpSession session)
    {
        var limits = session.Options.Limits;
        var lines = new List<string>
        {
            session.Options.HostName,
            "PIPELINING",
            $"SIZE {limits.MaxMessageBytes}",
            "8BITMIME",
            "SMTPUTF8",
            "ENHANCEDSTATUSCODES",
            "CHUNKING",
            "BINARYMIME",
            "DSN",
            $"LIMITS MAILMAX={limits.MaxMessages} RCPTMAX={limits.MaxRecipients}",
        };
        if (session.Connection.CanStartTls)
            lines.Add("STARTTLS");
        if (session.Mechanisms is { Count: > 0 } mechanisms)
            lines.Add("AUTH " + string.Join(' ', mechanisms));
        lines.Add("HELP");
        return lines;
    }
}
