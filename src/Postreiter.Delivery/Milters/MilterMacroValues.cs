using System.Globalization;
using System.Net;
using Postreiter.Core;
using Postreiter.Delivery.Inbound;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Milters;

/// <summary>What the names of macros stand for at a moment of a session. A name that is not known here, or has no value now, is not sent.</summary>
internal sealed class MilterMacroValues(MilterChain chain, SmtpPeer peer)
{
    /// <summary>The client's name in the DNS, once it was asked for; null where there is none.</summary>
    public DomainName? ClientName { get; set; }

    /// <summary>MAIL; null before.</summary>
    public MailArguments? Mail { get; set; }

    /// <summary>The open transaction; null before the first RCPT.</summary>
    public SmtpEnvelope? Envelope { get; set; }

    /// <summary>The recipient that is asked about; null at other moments.</summary>
    public RcptArguments? Recipient { get; set; }

    /// <summary>Where that leads; null where it is refused.</summary>
    public object? Target { get; set; }

    /// <summary>The reply that refused it.</summary>
    public SmtpReply? Refusal { get; set; }

    /// <summary>The client's name as milters know it: of the DNS, or the address in brackets.</summary>
    public string Name =>
        ClientName?.Ascii
        ?? (
            Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
                ? $"[IPv6:{Address}]"
                : $"[{Address}]"
        );

    private IPAddress Address => peer.Address.Plain();

    /// <summary>The values of some names, in order.</summary>
    public List<KeyValuePair<string, string>> Of(IReadOnlyList<string> names)
    {
        var values = new List<KeyValuePair<string, string>>(names.Count);
        foreach (var name in names)
        {
            // One character may stand with braces or without.
            var key = name is ['{', _, '}'] ? name[1..2] : name;
            if (Value(key) is { } value)
                values.Add(new(name, value));
        }

        return values;
    }

    private string? Value(string name) =>
        name switch
        {
            "j" => chain.HostName,
            "v" => $"Postreiter {chain.Version}",
            "_" => ClientName is { } known ? $"{known.Ascii} [{Address}]" : $"[{Address}]",
            "i" => Envelope?.Id.ToString(),
            "{daemon_name}" => peer.Role == ListenerRole.Mx ? "smtp" : peer.Role.ToString().ToLowerInvariant(),
            "{daemon_addr}" => peer.Local?.Address.Plain().ToString(),
            "{daemon_port}" => peer.Local?.Port.ToString(CultureInfo.InvariantCulture),
            "{client_addr}" => $"{Address}",
            "{client_name}" => ClientName?.Ascii ?? "unknown",
            "{client_ptr}" => ClientName?.Ascii ?? "unknown",
            "{client_resolve}" => ClientName is null ? "FAIL" : "OK",
            "{client_port}" => peer.Port.ToString(CultureInfo.InvariantCulture),
            "{client_connections}" => null,
            "{tls_version}" => peer.Tls?.Protocol,
            "{cipher}" => peer.Tls?.Cipher,
            "{auth_type}" => peer.User is null ? null : peer.Mechanism ?? "PLAIN",
            "{auth_author}" => Mail?.Author,
            "{auth_authen}" => peer.User?.Address.ToString(),
            "{mail_addr}" => Mail is null ? null : Mail.ReversePath?.ToString() ?? "<>",
            "{mail_host}" => Mail?.ReversePath?.Domain.Ascii,
            "{mail_mailer}" => Mail is null ? null : "smtp",
            "{rcpt_addr}" => Refusal?.Lines[0] ?? Recipient?.Recipient.ToString(),
            "{rcpt_host}" => Refusal?.Enhanced?.ToString() ?? Recipient?.Recipient.Domain.Ascii,
            "{rcpt_mailer}" => Refusal is not null ? "error"
            : Recipient is null ? null
            : Target is Resolution { Accounts.Count: 0 } ? "smtp"
            : "local",
            _ => null,
        };
}
