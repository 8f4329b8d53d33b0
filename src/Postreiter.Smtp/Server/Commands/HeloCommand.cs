using System.Text;
using Postreiter.Core;

namespace Postreiter.Smtp.Server.Commands;

/// <summary>HELO, EHLO and LHLO: greets, and ends an open transaction.</summary>
/// <remarks>RFC 5321 §4.1.1.1; LMTP RFC 2033 §4.1.</remarks>
internal sealed class HeloCommand(bool isExtended) : ISmtpCommand
{
    // RFC 9422 §4: a limit has at most six digits.
    private const int MostAnnounced = 999_999;
    private static readonly SmtpReply Syntax = new(501, "5.5.4", "Your host name is missing");

    public SmtpPhases AllowedIn => SmtpPhases.Any;

    public bool IsIdle => true;

    public async ValueTask<SmtpReply?> ExecuteAsync(
        SmtpSession session,
        ReadOnlyMemory<byte> arguments,
        CancellationToken ct
    )
    {
        var name = arguments.Span.Trim((byte)' ');
        // RFC 5321 §4.1.4: a name that does not resolve is no reason to refuse. Many clients say what is no name at all; it is
        // only kept out of Received.
        if (name.IsEmpty || name.Length > DomainName.MaxLength + 2 || name.Contains((byte)' '))
            return Syntax;
        // RFC 6531 §3.7.1: before EHLO nobody has agreed on more than ASCII.
        if (!Ascii.IsValid(name))
            return Replies.ControlCharacter;
        var peer = session.Peer;
        (peer.Helo, peer.IsExtended) = (Encoding.ASCII.GetString(name), isExtended);
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
            $"LIMITS MAILMAX={Math.Min(limits.MaxMessages, MostAnnounced)} RCPTMAX={limits.MaxRecipients}",
        };
        if (session.Peer.Role == ListenerRole.Mx)
            lines.Add("PRDR");
        if (session.Connection.CanStartTls)
            lines.Add("STARTTLS");
        if (session.Mechanisms is { Count: > 0 } mechanisms)
            lines.Add("AUTH " + string.Join(' ', mechanisms));
        lines.Add("HELP");
        return lines;
    }
}
