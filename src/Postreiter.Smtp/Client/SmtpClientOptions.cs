using Postreiter.Core;
using Postreiter.Smtp.Server;

namespace Postreiter.Smtp.Client;

/// <summary>How much TLS is wanted.</summary>
public enum SmtpTlsMode
{
    /// <summary>None.</summary>
    None,

    /// <summary>STARTTLS when offered, with any certificate; the default.</summary>
    Opportunistic,

    /// <summary>STARTTLS with a certificate that is valid for the name, or nothing is sent.</summary>
    Required,

    /// <summary>TLS from the first byte with a certificate that is valid for the name, as on port 465 (RFC 8314 §3.3).</summary>
    Implicit,
}

/// <summary>A name and a password for AUTH.</summary>
/// <param name="User">Name.</param>
/// <param name="Password">Password; never logged.</param>
public sealed record SmtpCredentials(string User, string Password)
{
    /// <summary>The name alone.</summary>
    public override string ToString() => User;
}

/// <summary>Settings of one client session.</summary>
public sealed record SmtpClientOptions
{
    /// <summary>Our name in EHLO.</summary>
    public required DomainName HostName { get; init; }

    /// <summary>The server's name, for SNI and its certificate.</summary>
    public required string ServerName { get; init; }

    /// <summary>TLS; default <see cref="SmtpTlsMode.Opportunistic"/>.</summary>
    public SmtpTlsMode Tls { get; init; } = SmtpTlsMode.Opportunistic;

    /// <summary>Log in with these; null for no log-in.</summary>
    public SmtpCredentials? Credentials { get; init; }

    /// <summary>AUTH without TLS also to a server that is not on this machine; default false.</summary>
    public bool AllowPlaintextAuth { get; init; }

    /// <summary>
    /// Whether a server that has our own name is refused with 554 5.4.6: an exchanger that is ourselves under another name. Default
    /// false.
    /// </summary>
    public bool RefusesOwnName { get; init; }
}

/// <summary>A message to send.</summary>
public sealed record OutgoingMessage
{
    /// <summary>MAIL with its parameters; SIZE is taken from <see cref="Length"/>.</summary>
    public required MailArguments Mail { get; init; }

    /// <summary>One or more RCPTs.</summary>
    public required IReadOnlyList<RcptArguments> Recipients { get; init; }

    /// <summary>Bytes, before dots are stuffed.</summary>
    public required long Length { get; init; }

    /// <summary>Reads at an offset: as many bytes as asked for, less only at the end, 0 past it.</summary>
    public required Func<long, Memory<byte>, CancellationToken, ValueTask<int>> ReadAsync { get; init; }
}

/// <summary>What became of one message.</summary>
/// <param name="Replies">The deciding reply for each recipient, in order; ours (421 4.4.2) where the server fell silent.</param>
/// <param name="MayTryNextHost">
/// No recipient was spoken of and no content sent, because of a 4yz or a broken session: another host cannot make it double.
/// </param>
public sealed record SendResult(IReadOnlyList<SmtpReply> Replies, bool MayTryNextHost);
