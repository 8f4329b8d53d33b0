using System.Text;
using Postreiter.Core;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Inbound;

/// <summary>The trace fields put in front of a message (RFC 5321 §4.4).</summary>
internal static class TraceField
{
    /// <summary>Received, whole with line ends.</summary>
    /// <param name="peer">Who sent it.</param>
    /// <param name="envelope">What it said; <c>for</c> is written only for a single recipient, so that none learns of another.</param>
    /// <param name="hostName">Ours.</param>
    /// <param name="now">When.</param>
    /// <param name="reverseName">The peer's name in the DNS, where it leads back to the peer.</param>
    public static string Received(
        SmtpPeer peer,
        SmtpEnvelope envelope,
        DomainName? reverseName,
        string hostName,
        DateTimeOffset now
    )
    {
        var text = new StringBuilder(256);
        var address = peer.Address.Plain();
        var literal =
            address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
                ? $"[IPv6:{address}]"
                : $"[{address}]";
        text.Append("Received: from ").Append(SafeHelo(peer.Helo)).Append(" (");
        // RFC 5321 §4.4: TCP-info, what the connection itself tells: the name by DNS look-up, and the address.
        if (reverseName is { } name)
            text.Append(name.Ascii).Append(' ');
        text.Append(literal).Append(")\r\n");
        text.Append("\tby ").Append(hostName).Append(" with ").Append(Protocol(peer, envelope.Mail.SmtpUtf8));
        if (peer.Tls is { } tls)
            text.Append(" (").Append(tls.Protocol).Append(' ').Append(tls.Cipher).Append(')');
        text.Append("\r\n\tid ").Append(envelope.Id.ToString());
        if (envelope.Recipients is [var only])
            text.Append("\r\n\tfor <").Append(only.Arguments.Recipient.ToString()).Append('>');
        return text.Append(";\r\n\t").Append(MailDate.Format(now)).Append("\r\n").ToString();
    }

    /// <summary>Return-Path (RFC 5321 §4.4), whole with line end.</summary>
    public static string ReturnPath(EmailAddress? reversePath) => $"Return-Path: <{reversePath?.ToString()}>\r\n";

    /// <summary>Delivered-To, by which an alias that leads back to itself through another server is known again.</summary>
    public static string DeliveredTo(EmailAddress recipient) => $"Delivered-To: {recipient}\r\n";

    /// <summary>The <c>with</c> type: RFC 3848, RFC 6531 §4.3.</summary>
    internal static string Protocol(SmtpPeer peer, bool utf8)
    {
        var name = (peer.Role, utf8, peer.IsExtended) switch
        {
            (ListenerRole.Lmtp, true, _) => "UTF8LMTP",
            (ListenerRole.Lmtp, false, _) => "LMTP",
            (_, true, _) => "UTF8SMTP",
            (_, false, true) => "ESMTP",
            _ => "SMTP",
        };
        if (name == "SMTP")
            return name;
        return name + (peer.Tls is null ? "" : "S") + (peer.User is null ? "" : "A");
    }

    /// <summary>What the peer called itself, where it is a name or a literal; else <c>unknown</c>.</summary>
    private static string SafeHelo(string? helo) =>
        helo is not null && DomainName.TryParse(helo, out var name) ? name.Ascii : "unknown";
}
