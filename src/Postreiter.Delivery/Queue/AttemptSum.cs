using Postreiter.Core;
using Postreiter.Messages.Reports;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Queue;

namespace Postreiter.Delivery.Queue;

/// <summary>What follows from the outcomes of one attempt: who waits, who is reported, when the next attempt is.</summary>
internal sealed class AttemptSum
{
    // Kept in the queue's row, once for each recipient.
    private const int MaxLastResult = 500;
    private static readonly SmtpReply OwnFault = new(451, "4.3.0", "Temporary failure here") { IsOurs = true };
    private readonly QueueItem _item;
    private readonly DateTimeOffset _next;
    private readonly bool _isLate;
    private readonly List<RecipientOutcome> _results = [];
    private readonly List<QueueRecipient> _remaining = [];
    private readonly List<QueueRecipient> _remainingUnreported = [];
    private readonly List<ReportedRecipient> _reports = [];

    /// <summary>Sums up.</summary>
    /// <param name="item">The item.</param>
    /// <param name="outcomes">Those that are known; a recipient without one met a fault of ours.</param>
    /// <param name="schedule">When to try again, warn and give up.</param>
    /// <param name="now">When the attempt ended.</param>
    /// <param name="jitter">Of the next attempt, in [0, 1).</param>
    public AttemptSum(
        QueueItem item,
        IReadOnlyList<RecipientOutcome> outcomes,
        RetrySchedule schedule,
        DateTimeOffset now,
        double jitter
    )
    {
        _item = item;
        var expires = item.Created + schedule.GiveUp;
        var warns = item.Created + schedule.WarnAfter;
        _isLate = !item.DelayNoticeSent && now >= warns;
        _next = now + schedule.DelayAfter(item.Attempts + 1, jitter);
        // The last attempt is made when the time is up, and the warning comes when it is due, not a step later.
        if (_next > expires && expires > now)
            _next = expires;
        if (_next > warns && warns > now && !item.DelayNoticeSent)
            _next = warns;

        var known = new Dictionary<EmailAddress, RecipientOutcome>();
        foreach (var outcome in outcomes)
            known.TryAdd(outcome.Recipient.Address, outcome);
        foreach (var recipient in item.Recipients)
            Add(known.GetValueOrDefault(recipient.Address) ?? Fault(recipient), expires, now);
    }

    /// <summary>One for each recipient.</summary>
    public IReadOnlyList<RecipientOutcome> Results => _results;

    /// <summary>Whom to tell the sender about.</summary>
    public IReadOnlyList<ReportedRecipient> Reports => _reports;

    /// <summary>The end of the attempt.</summary>
    /// <param name="filings">Notices, and local copies, that belong to it.</param>
    public AttemptOutcome Outcome(IReadOnlyList<Filing> filings) => Outcome(_remaining, filings, _isLate);

    /// <summary>
    /// The end of the attempt where nothing can be filed: who is owed a notice of failure waits for the next attempt.
    /// </summary>
    /// <param name="isLocal">What was delivered was to be filed, so it is not delivered.</param>
    public AttemptOutcome OutcomeWithoutFilings(bool isLocal) =>
        Outcome(isLocal ? [.. _item.Recipients] : _remainingUnreported, [], isWarned: false);

    private static RecipientOutcome Fault(QueueRecipient recipient) =>
        new(recipient, DeliveryAction.Deferred, OwnFault, null);

    private static bool Wants(DsnNotify notify, DsnNotify what) =>
        notify == DsnNotify.Unspecified || notify.HasFlag(what);

    private static string Short(string text) => text.Length <= MaxLastResult ? text : text[..MaxLastResult];

    private static ReportedRecipient Report(RecipientOutcome outcome, ReportAction action, EnhancedStatus status) =>
        new(outcome.Recipient.Address, action, status)
        {
            OriginalRecipient = outcome.Recipient.OriginalRecipient,
            Diagnostic = outcome.Action == DeliveryAction.Filed ? null : outcome.Reply.ToString(),
            RemoteHost = outcome.RemoteHost,
        };

    private static EnhancedStatus StatusOf(SmtpReply reply) =>
        reply.Enhanced ?? new EnhancedStatus(Math.Clamp(reply.Code / 100, 4, 5), 0, 0);

    private AttemptOutcome Outcome(List<QueueRecipient> remaining, IReadOnlyList<Filing> filings, bool isWarned) =>
        new()
        {
            ItemId = _item.Id,
            Lease = _item.Lease,
            Remaining = remaining,
            NextAttempt = _next,
            Attempts = _item.Attempts + 1,
            DelayNoticeSent = _item.DelayNoticeSent || (isWarned && remaining.Count > 0),
            Notices = filings,
        };

    private void Add(RecipientOutcome outcome, DateTimeOffset expires, DateTimeOffset now)
    {
        _results.Add(outcome);
        var notify = outcome.Recipient.Notify;
        var waiting = outcome.Recipient with { LastResult = Short(outcome.Reply.ToString()) };
        switch (outcome.Action)
        {
            // RFC 3461 §5.2.2 (b).
            case DeliveryAction.Relayed when notify.HasFlag(DsnNotify.Success):
                _reports.Add(Report(outcome, ReportAction.Relayed, new EnhancedStatus(2, 0, 0)));
                break;
            case DeliveryAction.Filed when notify.HasFlag(DsnNotify.Success):
                _reports.Add(Report(outcome, ReportAction.Delivered, new EnhancedStatus(2, 0, 0)));
                break;
            case DeliveryAction.Failed when Wants(notify, DsnNotify.Failure):
                _reports.Add(Report(outcome, ReportAction.Failed, StatusOf(outcome.Reply)));
                _remainingUnreported.Add(waiting);
                break;
            // RFC 3463 §3.5: X.4.7, delivery time expired.
            case DeliveryAction.Deferred when now >= expires && Wants(notify, DsnNotify.Failure):
                _reports.Add(Report(outcome, ReportAction.Failed, new EnhancedStatus(5, 4, 7)));
                _remainingUnreported.Add(waiting);
                break;
            case DeliveryAction.Deferred when now < expires:
                _remaining.Add(waiting);
                _remainingUnreported.Add(waiting);
                if (_isLate && Wants(notify, DsnNotify.Delay))
                    _reports.Add(
                        Report(outcome, ReportAction.Delayed, StatusOf(outcome.Reply)) with
                        {
                            RetryUntil = expires,
                        }
                    );
                break;
        }
    }
}
