using System.Net;
using System.Text;
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
}

/// <summary>One mail listener as the settings and the roles have it.</summary>
/// <param name="Name">Its key in section <c>listen</c>.</param>
/// <param name="Protocol">What is spoken.</param>
/// <param name="Address">Where.</param>
/// <param name="ImplicitTls">Whether TLS begins with the first byte.</param>
/// <param name="MaxConnections">L12.</param>
/// <param name="MaxPerAddress">L12.</param>
internal sealed record ListenerPlan(
    string Name,
    MailProtocol Protocol,
    EndPoint Address,
    bool ImplicitTls,
    int MaxConnections,
    int MaxPerAddress
)
{
    /// <summary>What a caller above the limits is told before the connection closes (L12).</summary>
    public ReadOnlyMemory<byte> BusyReply { get; } =
        Encoding.ASCII.GetBytes(
            Protocol switch
            {
                MailProtocol.Imap => "* BYE Too many connections, try again later\r\n",
                // RFC 3206 §4: the SYS/TEMP response code.
                MailProtocol.Pop3 => "-ERR [SYS/TEMP] Too many connections, try again later\r\n",
                _ => "421 4.7.0 Too many connections, try again later\r\n",
            }
        );

    /// <summary>Whether people log in here, which they do under TLS only (P13).</summary>
    public bool NeedsTls => Protocol is not (MailProtocol.Mx or MailProtocol.Lmtp);

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

    /// <summary>The listeners of a process, in the order of the settings; those of roles it does not have are left out.</summary>
    public static IReadOnlyList<ListenerPlan> For(ServerSettings settings)
    {
        var (listen, smtp, submission) = (settings.Listen, settings.Smtp, settings.Submission);
        var (imap, pop3) = (settings.Imap, settings.Pop3);
        var plans = new List<ListenerPlan>();
        Add("smtp", ServerRoles.Mx, MailProtocol.Mx, listen.Smtp, smtp.MaxConnections, smtp.MaxConnectionsPerAddress);
        Add(
            "submission",
            ServerRoles.Submission,
            MailProtocol.Submission,
            listen.Submission,
            submission.MaxConnections,
            submission.MaxConnectionsPerAddress
        );
        Add(
            "submissions",
            ServerRoles.Submission,
            MailProtocol.Submission,
            listen.Submissions,
            submission.MaxConnections,
            submission.MaxConnectionsPerAddress,
            implicitTls: true
        );
        Add("lmtp", ServerRoles.Mx, MailProtocol.Lmtp, listen.Lmtp, smtp.MaxConnections, smtp.MaxConnections);
        Add(
            "imap",
            ServerRoles.Imap,
            MailProtocol.Imap,
            listen.Imap,
            imap.MaxConnections,
            imap.MaxConnectionsPerAddress
        );
        Add(
            "imaps",
            ServerRoles.Imap,
            MailProtocol.Imap,
            listen.Imaps,
            imap.MaxConnections,
            imap.MaxConnectionsPerAddress,
            implicitTls: true
        );
        Add(
            "pop3",
            ServerRoles.Pop3,
            MailProtocol.Pop3,
            listen.Pop3,
            pop3.MaxConnections,
            pop3.MaxConnectionsPerAddress
        );
        Add(
            "pop3s",
            ServerRoles.Pop3,
            MailProtocol.Pop3,
            listen.Pop3s,
            pop3.MaxConnections,
            pop3.MaxConnectionsPerAddress,
            implicitTls: true
        );
        return plans;

        void Add(
            string name,
            ServerRoles role,
            MailProtocol protocol,
            IReadOnlyList<EndPoint> addresses,
            int most,
            int perAddress,
            bool implicitTls = false
        )
        {
            if (settings.Roles.HasFlag(role))
                plans.AddRange(
                    addresses.Select(a => new ListenerPlan(name, protocol, a, implicitTls, most, perAddress))
                );
        }
    }
}
