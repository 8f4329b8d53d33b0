using System.Diagnostics.CodeAnalysis;
using Postreiter.Core;
using Postreiter.Dns;
using Postreiter.MailAuth;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Dkim;
using Postreiter.MailAuth.Dmarc;
using Postreiter.MailAuth.Spf;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Authentication;

/// <summary>Checks who sends: SPF and the client's name from MAIL on, DKIM and ARC while the message arrives, DMARC at its end.</summary>
/// <param name="dns">Answers; a cache behind it.</param>
/// <param name="suffixes">For DMARC.</param>
/// <param name="hostName">Ours: the authserv-id (RFC 8601 §2.5).</param>
/// <param name="time">Measures.</param>
/// <param name="random">Draws for DMARC's <c>pct</c>.</param>
public sealed class SenderChecks(
    IDnsResolver dns,
    PublicSuffixList suffixes,
    DomainName hostName,
    TimeProvider time,
    Random random
)
{
    private readonly SpfEvaluator _spf = new(dns, time);

    /// <summary>What is checked; may change at any time, for messages that begin then.</summary>
    public SenderCheckOptions Options { get; set; } = new();

    internal DkimVerifier Dkim { get; } = new(dns, time);

    internal ArcValidator Arc { get; } = new(dns, time);

    internal DmarcEvaluator Dmarc { get; } = new(dns, suffixes, time);

    internal PublicSuffixList Suffixes => suffixes;

    internal string HostName => hostName.Ascii;

    internal TimeProvider Time => time;

    /// <summary>Whether a peer's mail is checked: that of other servers only.</summary>
    internal bool Covers(SmtpPeer peer) =>
        Options.IsOn
        && peer is { Role: ListenerRole.Mx, User: null }
        && !SenderCheckOptions.Contains(Options.LocalNetworks, peer.Address);

    /// <summary>MAIL came: SPF is under way when this returns.</summary>
    internal SenderCheck Begin(SmtpPeer peer, MailArguments mail)
    {
        var sender = mail.ReversePath?.ToString() ?? "";
        var request = new SpfRequest(peer.Address, sender, peer.Helo ?? "", hostName.Ascii);
        var helo = _spf.CheckHeloAsync(request, CancellationToken.None).AsTask();
        // RFC 7208 §2.4: the null sender is that of HELO.
        var mailFrom = sender.Length == 0 ? helo : _spf.CheckMailFromAsync(request, CancellationToken.None).AsTask();
        return new SenderCheck(mailFrom, helo);
    }

    /// <summary>A message of a peer that is covered.</summary>
    internal MessageCheck Begin(SmtpPeer peer, SmtpEnvelope envelope)
    {
        var known = peer.Notes as PeerNotes;
        return new MessageCheck(
            this,
            Options,
            peer,
            envelope,
            known?.Sender ?? Begin(peer, envelope.Mail),
            known?.Iprev
        );
    }

    [SuppressMessage("Security", "CA5394", Justification = "A sample, not a secret.")]
    internal int Draw()
    {
        lock (random)
            return random.Next(100);
    }
}

/// <summary>SPF of one transaction, under way.</summary>
/// <param name="MailFrom">Of MAIL FROM; of the null sender the same as <paramref name="Helo"/>.</param>
/// <param name="Helo">Of HELO.</param>
internal sealed record SenderCheck(Task<SpfOutcome> MailFrom, Task<SpfOutcome> Helo);

/// <summary>What the policy keeps with a peer.</summary>
internal sealed class PeerNotes
{
    /// <summary>The client's name; null when nobody asked.</summary>
    public Task<IprevOutcome>? Iprev { get; init; }

    /// <summary>The milters of the session; null where there are none.</summary>
    public Milters.MilterSession? Milters { get; set; }

    /// <summary>Those of a peer.</summary>
    public static PeerNotes Of(SmtpPeer peer)
    {
        if (peer.Notes is PeerNotes notes)
            return notes;
        notes = new PeerNotes();
        peer.Notes = notes;
        return notes;
    }

    /// <summary>Of the gate; null where there is none.</summary>
    public Gate.GateSession? Gate { get; set; }

    /// <summary>Of the last MAIL; null when nothing is checked.</summary>
    public SenderCheck? Sender { get; set; }
}
