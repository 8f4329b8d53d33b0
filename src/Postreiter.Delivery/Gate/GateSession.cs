using Postreiter.Core;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Gate.Tracing;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Gate;

/// <summary>What the gate knows of one connection.</summary>
internal sealed class GateSession
{
    /// <summary>Whether the client is looked at: another server's, not one of ours.</summary>
    public required bool IsChecked { get; init; }

    /// <summary>The options at its start.</summary>
    public required GateOptions Options { get; init; }

    /// <summary>Lists in the DNS, under way.</summary>
    public Task<IReadOnlyList<CheckRecord>>? DnsLists { get; set; }

    /// <summary>What is known from the greeting on.</summary>
    public List<CheckRecord> Checks { get; } = [];

    /// <summary>HELO; replaced when it is said again.</summary>
    public CheckRecord? Helo { get; set; }

    /// <summary>The open transaction, or the last one until the next begins.</summary>
    public GateTransaction? Transaction { get; set; }
}

/// <summary>What the gate knows of one transaction.</summary>
internal sealed class GateTransaction(MailArguments? mail, long began)
{
    // L6 bounds the recipients that are taken; those that are refused have no bound but the session's.
    private const int MaxRecipients = 2_000;
    private const int MaxChecks = 2_000;

    private readonly List<CheckRecord> _checks = [];

    /// <summary>MAIL; null when it was refused before the policy.</summary>
    public MailArguments? Mail => mail;

    /// <summary>When MAIL came, by the monotonic clock.</summary>
    public long Began => began;

    /// <summary>Its name; empty before the first RCPT.</summary>
    public TraceId Id { get; set; }

    /// <summary>The sender's domain, under way.</summary>
    public Task<CheckRecord>? SenderDomain { get; set; }

    /// <summary>Checks that count for all recipients are known; set once.</summary>
    public bool IsReady { get; set; }

    /// <summary>All that was found, in order.</summary>
    public IReadOnlyList<CheckRecord> Checks => _checks;

    /// <summary>The sum of what counts for all recipients.</summary>
    public double Points { get; private set; }

    /// <summary>What became of each recipient so far.</summary>
    public List<(EmailAddress Address, SmtpReply? Refusal)> Recipients { get; } = [];

    /// <summary>Octets of the message.</summary>
    public long? Size { get; set; }

    /// <summary>The reply to MAIL, DATA or the end of the message; null while it is open.</summary>
    public SmtpReply? Reply { get; set; }

    /// <summary>Whether its trace is kept already, with its message.</summary>
    public bool IsKept { get; set; }

    /// <summary>Recipients whose greylisting waits for DATA.</summary>
    public List<(EmailAddress Recipient, GreylistClient Client)> Waiting { get; } = [];

    /// <summary>Recipients whose greylisting waits for a signature, with how long they would have to wait.</summary>
    public List<(EmailAddress Recipient, uint Seconds)> Postponed { get; } = [];

    /// <summary>Whether the message is spam by the rules; null when nothing was scanned.</summary>
    public bool? IsJunk { get; set; }

    /// <summary>Whether the sender's domain asks for quarantine.</summary>
    public bool IsQuarantined { get; set; }

    /// <summary>Notes a result.</summary>
    public void Add(CheckRecord record)
    {
        GateMetrics.Check(record.Check, record.Result);
        if (record.Recipient is null)
            Points += record.Points;
        if (_checks.Count < MaxChecks)
            _checks.Add(record);
    }

    /// <summary>Notes what became of a recipient.</summary>
    public void Add(EmailAddress recipient, SmtpReply? refusal)
    {
        if (Recipients.Count < MaxRecipients)
            Recipients.Add((recipient, refusal));
    }

    /// <summary>The sum for one recipient.</summary>
    public double PointsFor(EmailAddress recipient)
    {
        var key = recipient.ToString();
        return Points + _checks.Where(c => c.Recipient == key).Sum(static c => c.Points);
    }

    /// <summary>Points of the lists for one recipient.</summary>
    public double ListsFor(EmailAddress recipient)
    {
        var key = recipient.ToString();
        return _checks
            .Where(c => c.Check == GateLists.Name && (c.Recipient is null || c.Recipient == key))
            .Sum(static c => c.Points);
    }

    /// <summary>Whether an entry lets the message in for a recipient, and none that counts more keeps it out.</summary>
    public bool IsWantedBy(EmailAddress recipient)
    {
        var key = recipient.ToString();
        return ListsFor(recipient) <= 0
            && _checks.Any(c =>
                c is { Check: GateLists.Name, Points: < 0 } && (c.Recipient is null || c.Recipient == key)
            );
    }

    /// <summary>What became of a recipient in the end.</summary>
    public VerdictAction ActionFor(EmailAddress recipient, SmtpReply? refusal)
    {
        var reply = refusal ?? Reply;
        if (reply is null)
            return VerdictAction.None;
        if (!reply.IsPositive)
            return reply.IsTransient ? VerdictAction.Defer : VerdictAction.Refuse;
        if (ListsFor(recipient) < 0)
            return VerdictAction.Accept;
        if (IsQuarantined)
            return VerdictAction.Quarantine;
        if (IsJunk == true || ListsFor(recipient) > 0)
            return VerdictAction.Junk;
        return IsJunk is null ? VerdictAction.Accept : VerdictAction.Mark;
    }
}
