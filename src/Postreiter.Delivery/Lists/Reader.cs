using Postreiter.Core;
using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Storage.Accounts;

namespace Postreiter.Delivery.Lists;

/// <summary>
/// One who gets a message: an account, or those it is sent on to, by one recipient of its envelope. What decides for it alone, and what follows.
/// </summary>
/// <param name="recipient">The recipient.</param>
/// <param name="account">The account; null for addresses at other servers.</param>
internal sealed class Reader(EmailAddress recipient, Account? account)
{
    private readonly List<(CheckRecord Record, bool IsOwn)> _records = [];

    /// <summary>The recipient.</summary>
    public EmailAddress Recipient => recipient;

    /// <summary>The account; null for addresses at other servers.</summary>
    public Account? Account => account;

    /// <summary>The lists that hold for it.</summary>
    public IReadOnlyList<ScopeFinding> Scopes { get; init; } = [];

    /// <summary>Points from which mail is spam for it; null as the site has it.</summary>
    public double? Threshold { get; init; }

    /// <summary>Points of all that is known of it before the rules have looked.</summary>
    public double Points => _records.Sum(static r => r.Record.Points);

    /// <summary>Points of that part which holds for it and not for everybody.</summary>
    public double OwnPoints => _records.Sum(static r => r.IsOwn ? r.Record.Points : 0);

    /// <summary>Whether its lists let the message in.</summary>
    public bool IsExempt => ListPoints < 0;

    /// <summary>Whether they do, whatever its author's domain asks: by more than a sender that anybody may have written.</summary>
    public bool IsExemptFromPolicy =>
        ListPoints + (GateLists.Points * Scopes.Distinct().Count(static s => s.IsUnproven)) < 0;

    private double ListPoints => _records.Sum(static r => r.Record.Check == GateLists.Name ? r.Record.Points : 0);

    /// <summary>Whether an entry lets the message in, and none that counts more keeps it out.</summary>
    public bool IsWanted => Points <= 0 && _records.Any(static r => r.Record is { Check: GateLists.Name, Points: < 0 });

    /// <summary>What counts most against it; null for nothing.</summary>
    public CheckRecord? Worst =>
        _records.Select(static r => r.Record).Where(static r => r.Points > 0).MaxBy(static r => r.Points);

    /// <summary>The same as what it is called in marks.</summary>
    public IReadOnlyList<(string Name, double Points, string Reason)> Hits =>
        [
            .. _records
                .Select(static r => r.Record)
                .Where(static r => r.Points != 0)
                .Select(static r =>
                    (
                        r.Check != GateLists.Name ? "CORRESPONDENT"
                        : r.Points > 0 ? "USER_IN_BLOCKLIST"
                        : "USER_IN_WELCOMELIST",
                        r.Points,
                        r.Reason
                    )
                ),
        ];

    /// <summary>Whether it is a notice about mail that this reader did not send.</summary>
    public bool IsBackscatter { get; set; }

    /// <summary>The reply that refuses such a notice; null where that is not wanted.</summary>
    public SmtpReply? Refusal { get; set; }

    /// <summary>What follows; set when the message is whole.</summary>
    public CopyVerdict? Verdict { get; set; }

    /// <summary>Notes what was found.</summary>
    /// <param name="record">What.</param>
    /// <param name="isOwn">Whether it holds for it and not for everybody.</param>
    /// <returns>False when that was known.</returns>
    public bool Add(CheckRecord record, bool isOwn)
    {
        if (_records.Any(r => ReferenceEquals(r.Record, record)))
            return false;
        _records.Add((record, isOwn));
        return true;
    }
}
