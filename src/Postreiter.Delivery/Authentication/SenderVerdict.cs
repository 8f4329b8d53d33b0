using Postreiter.Core;
using Postreiter.MailAuth;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Dkim;
using Postreiter.MailAuth.Dmarc;
using Postreiter.MailAuth.Spf;
using Postreiter.Smtp.Server;
using Postreiter.Spam.Senders;

namespace Postreiter.Delivery.Authentication;

/// <summary>What becomes of a message by what is known of its sender.</summary>
internal enum SenderAction
{
    /// <summary>It is taken.</summary>
    Accept,

    /// <summary>It goes to Junk.</summary>
    Quarantine,

    /// <summary>451: the answer that decides could not be had.</summary>
    Defer,

    /// <summary>550.</summary>
    Reject,
}

/// <summary>What was found of a message's sender, and what follows.</summary>
internal sealed record SenderVerdict
{
    /// <summary>What follows.</summary>
    public SenderAction Action { get; init; }

    /// <summary>The reply that refuses; null when the message is taken.</summary>
    public SmtpReply? Refusal { get; init; }

    /// <summary>Why, for the log; empty when nothing follows.</summary>
    public string Reason { get; init; } = "";

    /// <summary>SPF of MAIL FROM, of the null sender that of HELO.</summary>
    public required SpfOutcome Spf { get; init; }

    /// <summary>SPF of HELO.</summary>
    public required SpfOutcome Helo { get; init; }

    /// <summary>A result for each signature.</summary>
    public required IReadOnlyList<DkimOutcome> Dkim { get; init; }

    /// <summary>The chain.</summary>
    public required ArcOutcome Arc { get; init; }

    /// <summary>DMARC.</summary>
    public required DmarcOutcome Dmarc { get; init; }

    /// <summary>The client's name; null when nobody asked.</summary>
    public IprevOutcome? Iprev { get; init; }

    /// <summary>All of it as a field (RFC 8601).</summary>
    public required AuthenticationResults Results { get; init; }

    /// <summary>What rules are told of it.</summary>
    public SenderResults ForRules(SmtpPeer peer, SmtpEnvelope envelope) =>
        new()
        {
            Sender = envelope.Mail.ReversePath?.ToString().ToLowerInvariant() ?? "",
            // The null sender has no SPF of its own; that of HELO stands for itself.
            MailFrom = envelope.Mail.ReversePath is null ? null : Spf,
            Helo = peer.Helo is { } name && SenderResults.IsDomain(name) ? Helo : null,
            Signatures = [.. Dkim.Where(static signature => signature.Result != DkimResult.None)],
            Arc = Arc,
            Dmarc = Dmarc,
            Iprev = Iprev,
        };

    /// <summary>The results on one line, for the log: <c>spf=pass dkim=fail dmarc=pass</c>.</summary>
    public string Summary => string.Join(' ', Results.Results.Select(static r => $"{r.Method}={r.Result}"));
}
