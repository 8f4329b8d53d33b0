using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Gate.Tracing;
using Postreiter.Delivery.Inbound;
using Postreiter.Dns;
using Postreiter.MailAuth;
using Postreiter.MailAuth.Spf;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Gate;

/// <summary>
/// Everything that decides before the message whether it may come, and the record of all that decided: one transaction's checks, what they
/// count, and what became of it.
/// </summary>
/// <remarks>
/// What asks the DNS is under way from the greeting or from MAIL on, and is waited for at the first RCPT, no longer than its budget. What the DNS
/// does not answer is no reason for anything (F8).
/// </remarks>
/// <param name="greylist">Whom the site knows.</param>
/// <param name="traces">Keeps what is refused; null for nothing.</param>
/// <param name="dns">Answers; null where nothing is asked.</param>
/// <param name="hostName">Ours.</param>
/// <param name="time">The clock.</param>
/// <param name="random">For the names of attempts.</param>
/// <param name="log">Told of refusals.</param>
public sealed partial class ReceptionGate(
    Greylist greylist,
    TraceWriter? traces,
    IDnsResolver? dns,
    DomainName hostName,
    TimeProvider time,
    Random random,
    ILogger log
)
{
    private static readonly SmtpReply TooManyConnections = new(
        421,
        "4.7.0",
        "Too many connections from your network, try again later"
    )
    {
        ClosesConnection = true,
    };

    private static readonly SmtpReply TooManyMessages = new(
        451,
        "4.7.1",
        "Too many messages from your network, try again later"
    );

    private static readonly SmtpReply TooManyRecipients = new(
        451,
        "4.7.1",
        "Too many recipients from your network, try again later"
    );

    private static readonly SmtpReply EnoughRecipients = new(452, "4.5.3", "Too many recipients, send the rest later");

    private static readonly SmtpReply SpokeFirst = new(554, "5.5.1", "You spoke before the greeting")
    {
        ClosesConnection = true,
    };

    // Within so many points of spam a caller is asked to come again.
    private const double NearThreshold = 2;
    private const double EarlyTalkerPoints = 3;

    private static readonly TimeSpan TellAgain = TimeSpan.FromHours(1);
    private readonly Dictionary<string, long> _told = new(StringComparer.Ordinal);
    private readonly RateLimits _rates = new(time);
    private readonly DnsListCheck? _lists = dns is null ? null : new DnsListCheck(dns, time);
    private readonly SenderDomainCheck? _domains = dns is null ? null : new SenderDomainCheck(dns, time);

    /// <summary>What is looked at; may change at any time, for connections that begin then.</summary>
    public GateOptions Options { get; set; } = new();

    /// <summary>Whom the site knows.</summary>
    public Greylist Greylist => greylist;

    /// <summary>A connection was made, before the greeting.</summary>
    internal async ValueTask<SmtpReply?> ConnectAsync(SmtpPeer peer)
    {
        var options = Options;
        var isChecked =
            peer.Role == ListenerRole.Mx && !SenderCheckOptions.Contains(options.LocalNetworks, peer.Address);
        if (isChecked && !_rates.TryTake(peer.Address, RateOf.Connections, options.ConnectionsPerMinute))
        {
            GateMetrics.Refused("rate");
            return TooManyConnections;
        }

        var session = new GateSession { IsChecked = isChecked, Options = options };
        Notes(peer).Gate = session;
        if (options.KeepTraces > TimeSpan.Zero)
            peer.Dialogue = new SessionDialogue();
        if (!isChecked)
            return null;
        session.DnsLists = _lists?.CheckAsync(options.DnsLists, peer.Address, options.Budget);
        return await WatchAsync(peer, session);
    }

    /// <summary>HELO or EHLO was said.</summary>
    internal void Hello(SmtpPeer peer)
    {
        if (peer.Helo is { } helo && Session(peer) is { IsChecked: true } session)
            session.Helo = HeloCheck.Check(helo, peer.Address, hostName);
    }

    /// <summary>MAIL came.</summary>
    /// <param name="peer">From whom.</param>
    /// <param name="mail">Its arguments.</param>
    /// <param name="refusal">What the policy says to it.</param>
    internal SmtpReply? Mail(SmtpPeer peer, MailArguments mail, SmtpReply? refusal)
    {
        if (Session(peer) is not { } session)
            return refusal;
        Finish(peer);
        peer.Dialogue?.BeginTransaction();
        var transaction = session.Transaction = new GateTransaction(mail, time.GetTimestamp());
        if (
            refusal is null
            && session.IsChecked
            && !_rates.TryTake(peer.Address, RateOf.Messages, session.Options.MessagesPerMinute)
        )
        {
            GateMetrics.Refused("rate");
            refusal = TooManyMessages;
        }

        if (refusal is not null)
            transaction.Reply = refusal;
        else if (session.IsChecked && mail.ReversePath is { } sender)
            transaction.SenderDomain = _domains?.CheckAsync(sender.Domain, session.Options.Budget);
        return refusal;
    }

    /// <summary>RCPT came.</summary>
    /// <param name="peer">From whom.</param>
    /// <param name="envelope">The open transaction.</param>
    /// <param name="recipient">The recipient.</param>
    /// <param name="decision">What the policy says to it.</param>
    /// <param name="ct">Ends with the session.</param>
    internal async ValueTask<RecipientDecision> RecipientAsync(
        SmtpPeer peer,
        SmtpEnvelope envelope,
        EmailAddress recipient,
        RecipientDecision decision,
        CancellationToken ct
    )
    {
        if (Session(peer) is not { Transaction: { } transaction } session)
            return decision;
        transaction.Id = envelope.Id;
        var target = decision.Target as Resolution;
        recipient = target?.Untagged ?? recipient;
        // RFC 5321 §4.5.3.1.10: the client sends the rest later.
        if (transaction.IsFull)
            return decision.Refusal is null ? new RecipientDecision(EnoughRecipients) : decision;
        if (
            decision.Refusal is null
            && await TakeAsync(peer, session, transaction, recipient, target, ct) is { } refusal
        )
            decision = new RecipientDecision(refusal);

        transaction.Add(recipient, decision.Refusal);
        return decision;
    }

    private ValueTask<SmtpReply?> TakeAsync(
        SmtpPeer peer,
        GateSession session,
        GateTransaction transaction,
        EmailAddress recipient,
        Resolution? target,
        CancellationToken ct
    )
    {
        if (peer.User is { } user)
        {
            // Only users may write to others' domains; what these answer is not delayed, and known to who wrote. A receipt or another notice is
            // no letter (RFC 8098 §4).
            if (target is { Status: ResolutionStatus.NotLocal })
                greylist.NoteCorrespondent(transaction.Mail?.ReversePath is null ? default : user.Address, recipient);
            return new((SmtpReply?)null);
        }

        if (session.IsChecked && transaction.Mail is { ReversePath: null } && target?.Tag is { } tag)
            NoteTag(transaction, recipient, tag);
        if (!session.IsChecked || _rates.TryTake(peer.Address, RateOf.Recipients, session.Options.RecipientsPerMinute))
            return CheckAsync(peer, session, transaction, recipient, target, ct);
        GateMetrics.Refused("rate");
        return new(TooManyRecipients);
    }

    private async ValueTask<SmtpReply?> CheckAsync(
        SmtpPeer peer,
        GateSession session,
        GateTransaction transaction,
        EmailAddress recipient,
        Resolution? target,
        CancellationToken ct
    )
    {
        if (!session.IsChecked)
        {
            return await TryFindReadersAsync(peer, session, transaction, recipient, target, spf: null, ct)
                ? null
                : ListsDown;
        }

        var began = time.GetTimestamp();
        var spf = await SpfAsync(peer, transaction, session.Options.Budget);
        if (!transaction.IsReady)
        {
            transaction.IsReady = true;
            await PrepareAsync(peer, session, transaction, spf, time.GetElapsedTime(began));
        }

        if (!await TryFindReadersAsync(peer, session, transaction, recipient, target, spf?.Result, ct))
            return ListsDown;
        if (Refuse(peer, session, transaction, recipient) is { } refusal)
            return refusal;
        return Delay(peer, session, transaction, recipient, spf);
    }

    private SmtpReply? Refuse(SmtpPeer peer, GateSession session, GateTransaction transaction, EmailAddress recipient)
    {
        var options = session.Options;
        var isWanted = transaction.IsWantedBy(recipient);
        if (options.OnNoDomain != FailurePolicy.Mark && !isWanted)
        {
            var domain = transaction.Checks.FirstOrDefault(static c => c.Check == SenderDomainCheck.Name);
            var reply = domain?.Result switch
            {
                // RFC 7505 §4.2.
                SenderDomainCheck.NullMx => new SmtpReply(550, "5.7.27", "The sender's domain takes no mail (null MX)"),
                SenderDomainCheck.NoDomain => new SmtpReply(
                    550,
                    "5.1.8",
                    "The sender's domain is not in the DNS, or has no mail"
                ),
                _ => null,
            };
            if (reply is not null)
            {
                GateMetrics.Refused(SenderDomainCheck.Name);
                LogRefused(peer.ConnectionId, domain!.Reason);
                return reply;
            }
        }

        if (!transaction.IsRefusedBy(recipient, options.RejectAt))
            return null;
        // Nothing counts against it where spam.reject_at is so low that all would be refused.
        if (transaction.WorstFor(recipient) is not { } worst)
            return null;
        GateMetrics.Refused(worst.Check.Split(' ')[0]);
        LogRefused(peer.ConnectionId, worst.Reason);
        return worst.Check == GateLists.Name
            ? new SmtpReply(550, "5.7.1", "You are not wanted here")
            : new SmtpReply(550, "5.7.1", $"Refused: {peer.Address} is on {worst.Check.Split(' ')[^1]}");
    }

    /// <summary>What counts for all recipients, in the order in which it became known.</summary>
    private async ValueTask PrepareAsync(
        SmtpPeer peer,
        GateSession session,
        GateTransaction transaction,
        SpfOutcome? spf,
        TimeSpan spfTime
    )
    {
        foreach (var record in session.Checks)
            transaction.Add(record);
        if (session.Helo is { } helo)
            transaction.Add(helo);
        if (Notes(peer).Iprev is { } iprev)
        {
            var began = time.GetTimestamp();
            var outcome = await iprev;
            foreach (var record in Records(outcome, time.GetElapsedTime(began)))
                transaction.Add(record);
        }

        foreach (var record in session.DnsLists is { } lists ? await lists : [])
        {
            transaction.Add(record);
            if (record.Result == DnsListCheck.Refuses)
                TellRefusing(record);
        }

        if (transaction.SenderDomain is { } domain)
            transaction.Add(await domain);
        if (spf is not null)
            transaction.Add(
                new CheckRecord(
                    "spf",
                    spf.Result.ToString().ToLowerInvariant(),
                    0,
                    spfTime.TotalMilliseconds,
                    spf.Reason
                )
                {
                    IsAgainst = spf.Result is SpfResult.Fail or SpfResult.SoftFail,
                }
            );
    }

    private static IEnumerable<CheckRecord> Records(IprevOutcome iprev, TimeSpan took)
    {
        yield return new CheckRecord(
            "iprev",
            iprev.Result.ToString().ToLowerInvariant(),
            0,
            took.TotalMilliseconds,
            iprev.Reason
        )
        {
            IsAgainst = iprev.Result is IprevResult.Fail or IprevResult.PermError,
        };
        if (iprev.Name is { } name)
            yield return GenericName.Check(name, iprev.Client);
    }

    // A look-up may take its 20 s (L18); the replies to RCPT do not wait for so long, all of them together.
    private async ValueTask<SpfOutcome?> SpfAsync(SmtpPeer peer, GateTransaction transaction, TimeSpan budget)
    {
        if (Notes(peer).Sender is not { } sender)
            return null;
        try
        {
            var left = budget - time.GetElapsedTime(transaction.Began);
            return await sender.MailFrom.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
        }
        catch (TimeoutException)
        {
            return new SpfOutcome(SpfResult.TempError, "", "no answer in time", null, []);
        }
    }

    private async ValueTask<SmtpReply?> WatchAsync(SmtpPeer peer, GateSession session)
    {
        if (peer.TalksWithin is not { } talks)
            return null;
        var isKnown = greylist.IsKnown(new GreylistClient(peer.Address, default));
        var talkedEarly = await talks(isKnown ? TimeSpan.Zero : session.Options.GreetDelay);
        if (!talkedEarly)
            return null;
        var record = new CheckRecord("greeting", "early", EarlyTalkerPoints, 0, "the client spoke before the greeting")
        {
            IsAgainst = true,
        };
        session.Checks.Add(record);
        if (session.Options.OnEarlyTalker != FailurePolicy.Reject)
            return null;
        GateMetrics.Refused("greeting");
        LogRefused(peer.ConnectionId, record.Reason);
        var transaction = session.Transaction = new GateTransaction(null, time.GetTimestamp()) { Reply = SpokeFirst };
        transaction.Add(record);
        return SpokeFirst;
    }

    // Mail is let in that the list may know, until somebody does something about it: its operator has to hear of it, and not with each mail.
    private void TellRefusing(CheckRecord record)
    {
        lock (_told)
        {
            var now = time.GetTimestamp();
            if (_told.TryGetValue(record.Check, out var last) && time.GetElapsedTime(last, now) < TellAgain)
                return;
            // As many as there are lists in the settings, of which there may be others after a reload.
            if (_told.Count >= 100)
                _told.Clear();
            _told[record.Check] = now;
        }

        LogRefusing(record.Check, record.Reason);
    }

    private static PeerNotes Notes(SmtpPeer peer)
    {
        if (peer.Notes is PeerNotes notes)
            return notes;
        notes = new PeerNotes();
        peer.Notes = notes;
        return notes;
    }

    private static GateSession? Session(SmtpPeer peer) => (peer.Notes as PeerNotes)?.Gate;

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Check}: {Reason}")]
    private partial void LogRefusing(string check, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Connection}: refused: {Reason}")]
    private partial void LogRefused(string connection, string reason);
}
