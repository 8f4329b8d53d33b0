using System.Net;
using System.Net.Sockets;
using System.Text;
using Postreiter.Net.Listeners;
using Postreiter.Settings;

namespace Postreiter.Hosting;

/// <summary>What is spoken at a listener.</summary>
internal enum MailProtocol
{
    /// <summary>SMTP from other servers.</summary>
    Mx,

    /// <summary>SMTP from users.</summary>
    Submission,

    /// <summary>LMTP.</summary>
    Lmtp,

    /// <summary>IMAP.</summary>
    Imap,

    /// <summary>POP3.</summary>
    Pop3,

    /// <summary>The spamd protocol.</summary>
    Spamd,

    /// <summary>The milter protocol, asked by other servers.</summary>
    Milter,

    /// <summary>Postfix's policy delegation.</summary>
    Policy,
}

/// <summary>One mail listener as the settings and the roles have it.</summary>
/// <param name="Name">Its key in section <c>listen</c>.</param>
/// <param name="Protocol">What is spoken.</param>
/// <param name="Address">Where.</param>
/// <param name="ImplicitTls">Whether TLS begins with the first byte.</param>
internal sealed record ListenerPlan(string Name, MailProtocol Protocol, EndPoint Address, bool ImplicitTls)
{
    /// <summary>What a caller above the limits is told before the connection closes (L12).</summary>
    public ReadOnlyMemory<byte> BusyReply { get; } =
        Encoding.ASCII.GetBytes(
            Protocol switch
            {
                MailProtocol.Imap => "* BYE Too many connections, try again later\r\n",
                // RFC 3206 §4: the SYS/TEMP response code.
                MailProtocol.Pop3 => "-ERR [SYS/TEMP] Too many connections, try again later\r\n",
                // EX_TEMPFAIL of sysexits.h.
                MailProtocol.Spamd => "SPAMD/1.0 75 Too many connections, try again later\r\n",
                // No answer has a place before the first question: the server that asks does as it is set to.
                MailProtocol.Milter or MailProtocol.Policy => "",
                _ => "421 4.7.0 Too many connections, try again later\r\n",
            }
        );

    /// <summary>Whether people log in here, which they do under TLS only (P13), unless the settings of the moment say otherwise.</summary>
    public bool NeedsTls(ServerSettings settings) =>
        Protocol
            is not (
                MailProtocol.Mx
                or MailProtocol.Lmtp
                or MailProtocol.Spamd
                or MailProtocol.Milter
                or MailProtocol.Policy
            )
        && (ImplicitTls || !settings.Tls.AllowPlaintextAuth);

    /// <summary>What a caller is told while there is no certificate in force (F10).</summary>
    public ReadOnlyMemory<byte> NoTlsReply { get; } =
        Encoding.ASCII.GetBytes(
            Protocol switch
            {
                MailProtocol.Imap => "* BYE TLS is not available at the moment, try again later\r\n",
                MailProtocol.Pop3 => "-ERR [SYS/TEMP] TLS is not available at the moment, try again later\r\n",
                // RFC 3207 §4.1: the words of 454 4.7.0; 421 because the connection ends.
                _ => "421 4.7.0 TLS is not available at the moment, try again later\r\n",
            }
        );

    /// <summary>L12 by the settings of the moment.</summary>
    public ConnectionLimits Limits(ServerSettings settings) =>
        Protocol switch
        {
            MailProtocol.Mx => new(settings.Smtp.MaxConnections, settings.Smtp.MaxConnectionsPerAddress),
            // Our own programs, all from one address.
            MailProtocol.Lmtp => new(settings.Smtp.MaxConnections, settings.Smtp.MaxConnections),
            MailProtocol.Submission => new(
                settings.Submission.MaxConnections,
                settings.Submission.MaxConnectionsPerAddress
            ),
            MailProtocol.Imap => new(settings.Imap.MaxConnections, settings.Imap.MaxConnectionsPerAddress),
            // Programs, all from a few addresses.
            MailProtocol.Spamd => new(settings.Spamd.MaxConnections, settings.Spamd.MaxConnections),
            MailProtocol.Milter or MailProtocol.Policy => new(
                settings.Foreign.MaxConnections,
                settings.Foreign.MaxConnections
            ),
            _ => new(settings.Pop3.MaxConnections, settings.Pop3.MaxConnectionsPerAddress),
        };

    /// <summary>The listeners of a process, in the order of the settings; those of roles it does not have are left out.</summary>
    public static IReadOnlyList<ListenerPlan> For(ServerSettings settings)
    {
        var listen = settings.Listen;
        return
        [
            .. Of("smtp", ServerRoles.Mx, MailProtocol.Mx, listen.Smtp),
            .. Of("submission", ServerRoles.Submission, MailProtocol.Submission, listen.Submission),
            .. Of("submissions", ServerRoles.Submission, MailProtocol.Submission, listen.Submissions, true),
            .. Of("lmtp", ServerRoles.Mx, MailProtocol.Lmtp, listen.Lmtp),
            .. Of("imap", ServerRoles.Imap, MailProtocol.Imap, listen.Imap),
            .. Of("imaps", ServerRoles.Imap, MailProtocol.Imap, listen.Imaps, true),
            .. Of("pop3", ServerRoles.Pop3, MailProtocol.Pop3, listen.Pop3),
            .. Of("pop3s", ServerRoles.Pop3, MailProtocol.Pop3, listen.Pop3s, true),
            .. Of("spamd", ServerRoles.Scan, MailProtocol.Spamd, listen.Spamd),
            .. Of("spamds", ServerRoles.Scan, MailProtocol.Spamd, listen.Spamds, true),
            .. Of("milter", ServerRoles.Scan, MailProtocol.Milter, listen.Milter),
            .. Of("policy", ServerRoles.Scan, MailProtocol.Policy, listen.Policy),
        ];

        IEnumerable<ListenerPlan> Of(
            string name,
            ServerRoles role,
            MailProtocol protocol,
            IReadOnlyList<EndPoint> addresses,
            bool implicitTls = false
        ) =>
            settings.Roles.HasFlag(role)
                ? addresses.Select(a => new ListenerPlan(name, protocol, OnThisMachine(a), implicitTls))
                : [];
    }

    /// <summary>"Every address" is every IPv4 address on a machine that has no IPv6 at all.</summary>
    public static EndPoint OnThisMachine(EndPoint address) =>
        address is IPEndPoint ip && ip.Address.Equals(IPAddress.IPv6Any) && !Socket.OSSupportsIPv6
            ? new IPEndPoint(IPAddress.Any, ip.Port)
            : address;
}
