using System.ComponentModel.DataAnnotations;

namespace Postreiter.Smtp.Server;

/// <summary>What an SMTP listener is called and how much it takes.</summary>
public sealed record SmtpServerOptions
{
    /// <summary>Our name in the greeting and in replies.</summary>
    public required string HostName { get; init; }

    /// <summary>Whether PLAIN and LOGIN pass without TLS (P13). Default false; for tests on loopback.</summary>
    public bool AllowPlaintextAuth { get; init; }

    /// <summary>Limits.</summary>
    public SmtpLimits Limits { get; init; } = new();

    /// <summary>Timeouts.</summary>
    public SmtpTimeouts Timeouts { get; init; } = new();
}

/// <summary>Limits of one SMTP listener.</summary>
public sealed record SmtpLimits
{
    /// <summary>L3: largest message in bytes, counted after dots are unstuffed (RFC 1870 §5). Default 50 MiB. A larger one gets 552 5.3.4.</summary>
    [Range(64L * 1024, 1024L * 1024 * 1024)]
    public long MaxMessageBytes { get; init; } = 50L * 1024 * 1024;

    /// <summary>L6: recipients of one transaction (RFC 5321 §4.5.3.1.8 wants 100). Default 1,000. The next one gets 452 4.5.3.</summary>
    [Range(100, 100_000)]
    public int MaxRecipients { get; init; } = 1000;

    /// <summary>L1: octets of a command line with CRLF. Default 2,048; a longer one gets 500 5.5.2.</summary>
    [Range(512, 65_536)]
    public int MaxCommandBytes { get; init; } = 2048;

    /// <summary>L1: octets of AUTH and its answers with CRLF (RFC 4954 §4). Default 12,288.</summary>
    [Range(12_288, 65_536)]
    public int MaxAuthBytes { get; init; } = 12_288;

    /// <summary>L2: octets of a line of message data. Default 65,536; a message with a longer one gets 554 5.6.0.</summary>
    [Range(1000, 1024 * 1024)]
    public int MaxTextLineBytes { get; init; } = 65_536;

    /// <summary>L8: from so many errors on each one costs a second. Default 10.</summary>
    [Range(1, 1000)]
    public int SlowErrors { get; init; } = 10;

    /// <summary>L8: so many errors end the session with 421 4.7.0. Default 20. One under stress.</summary>
    [Range(1, 1000)]
    public int MaxErrors { get; init; } = 20;

    /// <summary>L9: from so many unknown recipients on each one costs a second. Default 10.</summary>
    [Range(1, 1000)]
    public int SlowUnknownRecipients { get; init; } = 10;

    /// <summary>L9: so many unknown recipients end the session with 421 4.7.1. Default 50.</summary>
    [Range(1, 10_000)]
    public int MaxUnknownRecipients { get; init; } = 50;

    /// <summary>L10: NOOP, RSET, VRFY, EHLO and HELP between two messages before each counts as an error. Default 100.</summary>
    [Range(1, 10_000)]
    public int MaxIdleCommands { get; init; } = 100;

    /// <summary>L11: messages of one session; the next MAIL gets 421 4.7.0. Default 10,000: bulk senders keep a connection. One under stress.</summary>
    [Range(1, 1_000_000)]
    public int MaxMessages { get; init; } = 10_000;

    /// <summary>L13: failed log-ins that end the session. Default 3.</summary>
    [Range(1, 100)]
    public int MaxFailedLogins { get; init; } = 3;
}

/// <summary>How long an SMTP listener waits; RFC 5321 §4.5.3.2 for the first two.</summary>
public sealed record SmtpTimeouts
{
    /// <summary>For a whole command, from the first wait to its CRLF. Default 5 min; then 421 4.4.2.</summary>
    public TimeSpan Command { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>As <see cref="Command"/>, while the listener is short of places. Default 10 s.</summary>
    public TimeSpan CommandUnderStress { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>For the next bytes of a message. Default 3 min; then 421 4.4.2.</summary>
    public TimeSpan DataBlock { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Least octets a second of message data over each minute of waiting. Default 500.</summary>
    public int MinDataRate { get; init; } = 500;

    /// <summary>
    /// From the end of data to the answer (RFC 5321 §4.5.3.2.6 lets the client wait 10 min). Default 60 s; then 451 4.3.0, unless the message
    /// is being committed: that is waited for, since nobody could tell afterwards whether it was kept (P2).
    /// </summary>
    public TimeSpan EndOfData { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>L29: for the peer to take replies. Default 2 min; then the connection is ended.</summary>
    public TimeSpan Write { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>For a session without a delivered message. Default 1 h; then 421 4.4.2.</summary>
    public TimeSpan WithoutMessage { get; init; } = TimeSpan.FromHours(1);
}
