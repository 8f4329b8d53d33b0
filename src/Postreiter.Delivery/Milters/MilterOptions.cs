using System.Net;
using Postreiter.Milter.Syntax;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Milters;

/// <summary>What becomes of mail whose milter does not answer.</summary>
public enum MilterFailure
{
    /// <summary>451 4.7.1: the client comes again.</summary>
    TempFail,

    /// <summary>It goes on as if the milter were not there.</summary>
    Accept,

    /// <summary>550 5.7.1.</summary>
    Reject,
}

/// <summary>A milter as the settings name it.</summary>
/// <param name="Name">For logs and traces.</param>
/// <param name="Address">Where it listens.</param>
public sealed record MilterAddress(string Name, EndPoint Address);

/// <summary>Which milters look at mail, and for how long; section <c>milter</c> of the settings.</summary>
public sealed record MilterOptions
{
    /// <summary>For mail from other servers, in order.</summary>
    public IReadOnlyList<MilterAddress> Mx { get; init; } = [];

    /// <summary>For mail of our users.</summary>
    public IReadOnlyList<MilterAddress> Submission { get; init; } = [];

    /// <summary>For mail that comes by LMTP.</summary>
    public IReadOnlyList<MilterAddress> Lmtp { get; init; } = [];

    /// <summary>What follows when one does not answer, or not in the protocol.</summary>
    public MilterFailure OnFailure { get; init; } = MilterFailure.TempFail;

    /// <summary>Longest wait for a connection. Default 10 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest wait for an answer before the message. Default 30 s.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait for an answer to a piece of the message. Default 30 s.</summary>
    public TimeSpan ContentTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait for all of them after the end of the message. Default 20 s.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Octets of another body. Default 50 MiB.</summary>
    public long MaxBodyBytes { get; init; } = 50L * 1024 * 1024;

    /// <summary>L6, with those that milters add. Default 1,000.</summary>
    public int MaxRecipients { get; init; } = 1_000;

    /// <summary>Whether a connection serves one session after another (QUIT_NC). Default no: not every milter can.</summary>
    public bool KeepsConnections { get; init; }

    /// <summary>Macros that a milter gets which does not choose its own.</summary>
    public IReadOnlyDictionary<MilterStage, IReadOnlyList<string>> Macros { get; init; } = DefaultMacros;

    /// <summary>Those that Postfix sends as a rule, and the client's address and name.</summary>
    public static IReadOnlyDictionary<MilterStage, IReadOnlyList<string>> DefaultMacros { get; } =
        new Dictionary<MilterStage, IReadOnlyList<string>>
        {
            [MilterStage.Connect] =
            [
                "j",
                "{daemon_name}",
                "{daemon_addr}",
                "{daemon_port}",
                "v",
                "_",
                "{client_addr}",
                "{client_name}",
                "{client_port}",
                "{client_ptr}",
                "{client_resolve}",
            ],
            [MilterStage.Helo] = ["{tls_version}", "{cipher}"],
            [MilterStage.Mail] =
            [
                "{auth_type}",
                "{auth_authen}",
                "{auth_author}",
                "{mail_addr}",
                "{mail_host}",
                "{mail_mailer}",
            ],
            [MilterStage.Rcpt] = ["i", "{rcpt_addr}", "{rcpt_host}", "{rcpt_mailer}"],
            [MilterStage.Data] = ["i"],
            [MilterStage.EndOfHeader] = ["i"],
            [MilterStage.EndOfMessage] = ["i"],
        };

    /// <summary>The milters of a door.</summary>
    public IReadOnlyList<MilterAddress> For(ListenerRole role) =>
        role switch
        {
            ListenerRole.Submission => Submission,
            ListenerRole.Lmtp => Lmtp,
            _ => Mx,
        };
}
