using Postreiter.Core;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Gate.Tracing;
using Postreiter.Delivery.Lists;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Gate;

/// <summary>What the gate knows of one connection.</summary>
internal sealed class GateSession
{
    /// <summary>Whether the client is looked at: another server's, not one of ours.</summary>
    public required bool IsChecked { get; set; }

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
    // L6 bounds the recipients that are taken; of those that are deferred, no more are asked for either.
    private const int MaxRecipients = 2_000;

    // Words for the trace; what they count is kept apart.
    private const int MaxChecks = 4_000;

    private readonly List<CheckRecord> _checks = [];
    private readonly HashSet<CheckRecord> _noted = [];
    private readonly HashSet<string> _against = new(StringComparer.Ordinal);
    private bool _hasAgainst;
    private CheckRecord? _worst;

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

    /// <summary>Whether anything speaks against the caller, with all recipients or with this one.</summary>
    public bool HasAgainst(EmailAddress recipient) => _hasAgainst || _against.Contains(recipient.ToString());

    /// <summary>Whether no recipient more is looked at.</summary>
    public bool IsFull => Recipients.Count >= MaxRecipients;

    /// <summary>What became of each recipient so far.</summary>
    public List<(EmailAddress Address, SmtpReply? Refusal)> Recipients { get; } = [];

    /// <summary>Octets of the message.</summary>
    public long? Size { get; set; }

    /// <summary>The reply to MAIL, DATA or the end of the message; null while it is open.</summary>
    public SmtpReply? Reply { get; set; }

    /// <summary>Whether its trace is kept already, with its message.</summary>
    public bool IsKept { get; set; }

    /// <summary>Recipients, here a notice's, who did not send what it is about.</summary>
    public HashSet<EmailAddress> DidNotSend { get; } = [];

    /// <summary>Those of them whose tag was ours once.</summary>
    public HashSet<EmailAddress> DidSend { get; } = [];

    /// <summary>Whether the message is a reader's receipt, which goes to an address in the header (RFC 8098 §2.1).</summary>
    public bool IsReceipt { get; set; }

    /// <summary>Recipients whose greylisting waits for DATA.</summary>
    public List<(EmailAddress Recipient, GreylistClient Client)> Waiting { get; } = [];

    /// <summary>Recipients whose greylisting waits for a signature, with how long they would have to wait.</summary>
    public List<(EmailAddress Recipient, uint Seconds)> Postponed { get; } = [];

    /// <summary>The author's domain that vouches for the message, where it is no spam; empty for none.</summary>
    public DomainName Vouched { get; set; }

    /// <summary>Replies to recipients who alone have to wait, where the client takes a reply for each.</summary>
    public Dictionary<EmailAddress, SmtpReply> Delays { get; } = [];

    /// <summary>Whether the message is spam by the rules; null when nothing was scanned.</summary>
    public bool? IsJunk { get; set; }

    /// <summary>Recipients from whom the message is kept apart.</summary>
    public HashSet<string> Apart { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether the sender's domain asks for quarantine.</summary>
    public bool IsQuarantined { get; set; }

    /// <summary>Notes a result.</summary>
    public void Add(CheckRecord record)
    {
        GateMetrics.Check(record.Check, record.Result);
        if (record.Recipient is null)
        {
            _hasAgainst |= record.IsAgainst;
            Points += record.Points;
            if (record.Points > (_worst?.Points ?? 0))
                _worst = record;
        }
        else if (record.IsAgainst && _against.Count < MaxChecks)
        {
            _against.Add(record.Recipient);
        }

        if (_checks.Count < MaxChecks)
            _checks.Add(record);
    }

    /// <summary>Notes what became of a recipient.</summary>
    public void Add(EmailAddress recipient, SmtpReply? refusal)
    {
        if (!IsFull)
            Recipients.Add((recipient, refusal));
    }

    /// <summary>Notes what holds for a recipient alone, or for all; the same once.</summary>
    public void Note(string? recipient, CheckRecord record)
    {
        record = record with { Recipient = recipient };
        if (_noted.Count < MaxChecks && _noted.Add(record))
            Add(record);
    }

    /// <summary>Who gets the message by each recipient that was taken.</summary>
    public Readers Readers { get; } = new();

    /// <summary>Lists that were looked at, by scope.</summary>
    public Dictionary<string, ScopeFinding> Scopes { get; } = new(StringComparer.Ordinal);

    /// <summary>The sum for one recipient; of several readers that of the mildest.</summary>
    public double PointsFor(EmailAddress recipient) =>
        Points + (Readers.Of(recipient) is { Count: > 0 } readers ? readers.Min(static r => r.OwnPoints) : 0);

    /// <summary>Whether all readers of a recipient would have it refused: none of what is no spam for them.</summary>
    /// <param name="recipient">The recipient.</param>
    /// <param name="rejectAt">Points from which mail is refused.</param>
    public bool IsRefusedBy(EmailAddress recipient, double rejectAt) =>
        Readers.Of(recipient) is { Count: > 0 } readers
            ? readers.All(r => Points + r.OwnPoints >= Math.Max(rejectAt, r.Threshold ?? rejectAt))
            : Points >= rejectAt;

    /// <summary>Whether an entry lets the message in for a reader, and none that counts more keeps it out.</summary>
    public bool IsWantedBy(EmailAddress recipient) => Readers.Of(recipient).Any(static r => r.IsWanted);

    /// <summary>Whether this is a notice about what the recipient did not send, and no entry lets it in.</summary>
    public bool IsBackscatterFor(EmailAddress recipient) =>
        Readers.Of(recipient) is { Count: > 0 } readers && readers.All(IsBackscatterFor);

    /// <summary>As <see cref="IsBackscatterFor(EmailAddress)"/>, for one reader.</summary>
    public bool IsBackscatterFor(Reader reader) =>
        !IsReceipt && DidNotSend.Contains(reader.Recipient) && !reader.IsExempt;

    /// <summary>What counts most against a recipient's mail; null for nothing.</summary>
    public CheckRecord? WorstFor(EmailAddress recipient)
    {
        var own = Readers.Of(recipient).MinBy(static r => r.OwnPoints)?.Worst;
        return (own?.Points ?? 0) > (_worst?.Points ?? 0) ? own : _worst;
    }

    /// <summary>What became of a recipient in the end.</summary>
    public VerdictAction ActionFor(EmailAddress recipient, SmtpReply? refusal)
    {
        var reply = refusal ?? Reply;
        if (reply is null)
            return VerdictAction.None;
        if (!reply.IsPositive)
            return reply.IsTransient ? VerdictAction.Defer : VerdictAction.Refuse;
        if (Apart.Contains(recipient.ToString()))
            return VerdictAction.Hold;
        var readers = Readers.Of(recipient);
        return readers.Count == 0 ? ActionFor(null) : readers.Min(ActionFor);
    }

    /// <summary>What became of a copy that was taken.</summary>
    public VerdictAction ActionFor(Reader? reader)
    {
        if (IsQuarantined && reader is not { IsExemptFromPolicy: true })
            return VerdictAction.Quarantine;
        if (reader is null ? IsJunk == true : reader.Verdict?.IsJunk ?? (IsJunk == true || IsBackscatterFor(reader)))
            return VerdictAction.Junk;
        return IsJunk is null || reader is { IsExempt: true } ? VerdictAction.Accept : VerdictAction.Mark;
    }
}
