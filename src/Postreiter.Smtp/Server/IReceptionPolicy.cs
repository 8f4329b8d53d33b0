using System.Net;
using Postreiter.Core;
using Postreiter.Net;
using Postreiter.Smtp.Syntax;

namespace Postreiter.Smtp.Server;

/// <summary>What kind of door a listener is; it decides who may use it and for what.</summary>
public enum ListenerRole
{
    /// <summary>Port 25: mail from other servers for local addresses only; no AUTH.</summary>
    Mx,

    /// <summary>Ports 587 and 465: mail from logged-in users only (RFC 6409).</summary>
    Submission,

    /// <summary>LMTP (RFC 2033): mail from our own programs for local addresses, a reply for each recipient.</summary>
    Lmtp,
}

/// <summary>Who is at the other end, as far as known; filled while the session goes on.</summary>
public sealed class SmtpPeer
{
    /// <summary>The connection's name in the logs.</summary>
    public required string ConnectionId { get; init; }

    /// <summary>The door it came in by.</summary>
    public required ListenerRole Role { get; init; }

    /// <summary>Its address.</summary>
    public required IPAddress Address { get; init; }

    /// <summary>Its port; 0 where it has none.</summary>
    public int Port { get; init; }

    /// <summary>Our own address and port of the connection; null where there are none.</summary>
    public IPEndPoint? Local { get; init; }

    /// <summary>By which other door than a listener of ours it came; null for <see cref="Role"/>.</summary>
    public string? Door { get; init; }

    /// <summary>
    /// The name that the DNS has for <see cref="Address"/> and that leads back to it; its task is under way since the connection
    /// was made and gives null where there is none. Null when nobody asked.
    /// </summary>
    public Task<DomainName?>? ReverseName { get; set; }

    /// <summary>What the policy wants to find again; opaque to the Smtp room.</summary>
    public object? Notes { get; set; }

    /// <summary>Waits for so long, before the greeting, and says whether the client has said something already. Null where it cannot be known.</summary>
    public Func<TimeSpan, ValueTask<bool>>? TalksWithin { get; set; }

    /// <summary>Where the session writes down what is said; null, as the policy finds it, where nobody wants to know.</summary>
    public SessionDialogue? Dialogue { get; set; }

    /// <summary>The argument of HELO, EHLO or LHLO as sent; null before.</summary>
    public string? Helo { get; set; }

    /// <summary>Whether it said EHLO or LHLO.</summary>
    public bool IsExtended { get; set; }

    /// <summary>The TLS in force, or null.</summary>
    public TlsInfo? Tls { get; set; }

    /// <summary>The SASL mechanism of its log-in; null before.</summary>
    public string? Mechanism { get; set; }

    /// <summary>Who logged in, or null.</summary>
    public AuthenticatedUser? User { get; set; }
}

/// <summary>
/// Decides at each step of a session, before the reply. The Smtp room calls it; <c>Delivery/Inbound</c> fulfils it.
/// A null reply means yes. A fault of our own is an exception: the session answers 451 4.3.0.
/// </summary>
public interface IReceptionPolicy
{
    /// <summary>A connection was made; a refusal (421 or 554) is sent instead of the greeting.</summary>
    ValueTask<SmtpReply?> OnConnectAsync(SmtpPeer peer, CancellationToken ct);

    /// <summary>HELO, EHLO or LHLO came; <see cref="SmtpPeer.Helo"/> is set.</summary>
    ValueTask<SmtpReply?> OnHeloAsync(SmtpPeer peer, CancellationToken ct);

    /// <summary>MAIL came, well-formed and within the limits.</summary>
    ValueTask<SmtpReply?> OnMailAsync(SmtpPeer peer, MailArguments mail, CancellationToken ct);

    /// <summary>RCPT came, well-formed and within the limits; asked once for each.</summary>
    ValueTask<RecipientDecision> OnRcptAsync(
        SmtpPeer peer,
        SmtpEnvelope envelope,
        RcptArguments recipient,
        CancellationToken ct
    );

    /// <summary>A message was taken or refused at its end; told before the replies are sent.</summary>
    void OnMessageEnd(SmtpPeer peer, SmtpEnvelope envelope, IReadOnlyList<SmtpReply> replies) { }

    /// <summary>The session is over.</summary>
    void OnClose(SmtpPeer peer) { }
}

/// <summary>What becomes of one RCPT.</summary>
/// <param name="Refusal">Null when it is accepted.</param>
/// <param name="IsUnknownUser">Whether it counts for L9.</param>
/// <param name="Target">What the policy wants to find again in <see cref="IMessageIntake"/>; opaque to the Smtp room.</param>
public sealed record RecipientDecision(SmtpReply? Refusal, bool IsUnknownUser = false, object? Target = null)
{
    /// <summary>Accepted.</summary>
    public static RecipientDecision Accept(object? target = null) => new(null, Target: target);
}

/// <summary>The open transaction.</summary>
public sealed class SmtpEnvelope
{
    /// <summary>The transaction's name: in the 250, in Received, in the logs.</summary>
    public required TraceId Id { get; init; }

    /// <summary>MAIL.</summary>
    public required MailArguments Mail { get; init; }

    /// <summary>RCPTs accepted so far, in order.</summary>
    public IList<AcceptedRecipient> Recipients { get; } = [];
}

/// <summary>One accepted RCPT.</summary>
/// <param name="Arguments">As given.</param>
/// <param name="Target">From <see cref="RecipientDecision.Target"/>.</param>
public sealed record AcceptedRecipient(RcptArguments Arguments, object? Target);

/// <summary>MAIL FROM with its parameters.</summary>
public sealed record MailArguments
{
    /// <summary>The reverse-path; null is <c>&lt;&gt;</c>.</summary>
    public required EmailAddress? ReversePath { get; init; }

    /// <summary>SIZE (RFC 1870), or null.</summary>
    public long? Size { get; init; }

    /// <summary>BODY: 7BIT, 8BITMIME or BINARYMIME.</summary>
    public SmtpBody Body { get; init; }

    /// <summary>SMTPUTF8 (RFC 6531).</summary>
    public bool SmtpUtf8 { get; init; }

    /// <summary>RET (RFC 3461 §4.3): "FULL", "HDRS" or null.</summary>
    public string? Return { get; init; }

    /// <summary>ENVID (RFC 3461 §4.4), xtext-decoded, or null.</summary>
    public string? EnvelopeId { get; init; }

    /// <summary>PRDR: the client takes a reply for each recipient (<see cref="PerRecipientReplies"/>).</summary>
    public bool TakesReplyEach { get; init; }

    /// <summary>AUTH= (RFC 4954 §5) as given, or null.</summary>
    public string? Auth { get; init; }

    /// <summary>The same, xtext-decoded.</summary>
    public string? Author =>
        Auth is not null && EsmtpParameters.TryDecodeXtext(Auth, utf8: false, out var author) ? author : null;
}

/// <summary>BODY of MAIL.</summary>
public enum SmtpBody
{
    /// <summary>7BIT, the default.</summary>
    SevenBit,

    /// <summary>8BITMIME (RFC 6152).</summary>
    EightBitMime,

    /// <summary>BINARYMIME (RFC 3030).</summary>
    BinaryMime,
}

/// <summary>RCPT TO with its parameters.</summary>
public sealed record RcptArguments
{
    /// <summary>The forward-path. <c>&lt;Postmaster&gt;</c> without a domain comes as postmaster at this server's host name.</summary>
    public required EmailAddress Recipient { get; init; }

    /// <summary>NOTIFY (RFC 3461 §4.1).</summary>
    public SmtpNotify Notify { get; init; }

    /// <summary>ORCPT (RFC 3461 §4.2) as <c>type;address</c>, xtext-decoded, or null.</summary>
    public string? OriginalRecipient { get; init; }
}

/// <summary>NOTIFY of RCPT; same values as the store's.</summary>
[Flags]
public enum SmtpNotify
{
    /// <summary>Not given.</summary>
    Unspecified = 0,

    /// <summary>NEVER.</summary>
    Never = 1,

    /// <summary>SUCCESS.</summary>
    Success = 2,

    /// <summary>FAILURE.</summary>
    Failure = 4,

    /// <summary>DELAY.</summary>
    Delay = 8,
}
