using Postreiter.Core;
using Postreiter.Storage.Gate;

namespace Postreiter.Delivery.Gate.Greylisting;

/// <summary>
/// Whom the site knows, and who has to come again (RFC 6647): answers from memory and keeps what is to be saved for
/// <see cref="GreylistSync"/>.
/// </summary>
/// <remarks>Times are whole seconds, as replies tell them: who waits the seconds it was told is never too early.</remarks>
/// <param name="time">The clock.</param>
/// <param name="spread">For <see cref="GreylistTable"/>.</param>
/// <param name="maxRows">Most rows in memory.</param>
public sealed class Greylist(TimeProvider time, long spread, int maxRows = Greylist.DefaultMaxRows)
{
    /// <summary>Two million rows, 100 MiB.</summary>
    public const int DefaultMaxRows = 2_000_000;

    // What the store did not take for so long is not worth more memory: at worst somebody waits twice.
    private const int MaxUnsaved = 200_000;

    private readonly GreylistTable _table = new(spread, maxRows);
    private readonly Lock _lock = new();
    private Dictionary<long, GreylistRow> _unsaved = [];

    /// <summary>May change at any time.</summary>
    public GreylistOptions Options { get; set; } = new();

    /// <summary>Rows in memory.</summary>
    public int Count => _table.Count;

    private uint Now => (uint)time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>A caller wants to bring a message of a sender for a recipient.</summary>
    internal GreylistAnswer Check(in GreylistClient client, EmailAddress? sender, EmailAddress recipient)
    {
        var (now, times) = (Now, Options.Times);
        if (IsKnown(client, now, times))
            return new GreylistAnswer(GreylistResult.KnownClient, 0);
        var key = GreylistKey.Triplet(client, sender, recipient);
        var step = _table.Meet(key, now, times, out var state, out var isDue);
        if (isDue)
            Save(
                new GreylistRow(
                    state,
                    client.Pool.IsEmpty ? client.Network : client.Pool.Ascii,
                    GreylistSender.Of(sender),
                    recipient.Key
                )
            );
        switch (step)
        {
            case TripletStep.Known:
                return new GreylistAnswer(GreylistResult.Known, 0);
            case TripletStep.Back:
                NotePass(client, now, times);
                var waited = now - state.First;
                GreylistMetrics.CameBack(waited - times.Delay);
                return new GreylistAnswer(GreylistResult.CameBack, waited);
            case TripletStep.Early:
                GreylistMetrics.Delayed("early");
                return new GreylistAnswer(
                    GreylistResult.Early,
                    Math.Min(times.Delay, times.Delay - Math.Min(times.Delay, now - Math.Min(now, state.First)))
                );
            default:
                if (step == TripletStep.Over)
                    GreylistMetrics.NeverCameBack(1);
                GreylistMetrics.Delayed("new");
                return new GreylistAnswer(GreylistResult.New, times.Delay);
        }
    }

    /// <summary>Whether a client has shown often enough that it comes back, or is on the list for good.</summary>
    internal bool IsKnown(in GreylistClient client) => IsKnown(client, Now, Options.Times);

    /// <summary>Whether mail that is vouched for by a domain has been good often enough.</summary>
    internal bool IsKnownDomain(DomainName domain) => IsKnownDomain(domain, Now, Options.Times);

    /// <summary>Whether somebody here has written to an address.</summary>
    internal bool IsCorrespondent(EmailAddress sender)
    {
        var known = _table.TryUse(GreylistKey.OfAddress(sender), 1, Now, Options.Times, out var state, out var isDue);
        if (isDue)
            Save(new GreylistRow(state, "", sender.Key, ""));
        return known;
    }

    /// <summary>Whether an account has written to an address.</summary>
    internal bool IsCorrespondent(EmailAddress account, EmailAddress sender)
    {
        var key = GreylistKey.OfPair(account, sender);
        var known = _table.TryUse(key, 1, Now, Options.Times, out var state, out var isDue);
        if (isDue)
            Save(new GreylistRow(state, "", sender.Key, account.Key));
        return known;
    }

    /// <summary>An account writes to an address: its answer is not delayed, and welcome to that account.</summary>
    /// <param name="account">The account; the default value where it is no letter, and nobody waits for an answer.</param>
    /// <param name="recipient">The address.</param>
    internal void NoteCorrespondent(EmailAddress account, EmailAddress recipient)
    {
        var state = _table.AddPass(GreylistKey.OfAddress(recipient), Now, Options.Times, out var isDue);
        if (isDue)
            Save(new GreylistRow(state, "", recipient.Key, ""));
        if (account.IsEmpty)
            return;
        state = _table.AddPass(GreylistKey.OfPair(account, recipient), Now, Options.Times, out isDue);
        if (isDue)
            Save(new GreylistRow(state, "", recipient.Key, account.Key));
    }

    /// <summary>A message for which this domain vouches by aligned SPF or DKIM was taken, and is no spam.</summary>
    internal void NoteGood(DomainName domain) => Pass(GreylistKey.OfDomain(domain), domain.Ascii, Now, Options.Times);

    /// <summary>Takes over a row of the store.</summary>
    internal void Join(GreylistState row) => _table.Join(row);

    /// <inheritdoc cref="GreylistTable.TakeOldestAfterDrop"/>
    internal uint TakeOldestAfterDrop() => _table.TakeOldestAfterDrop();

    /// <summary>Forgets what is over.</summary>
    internal void Prune() => GreylistMetrics.NeverCameBack(_table.Prune(Now, Options.Times));

    /// <summary>Rows to be saved; they are given once.</summary>
    internal IReadOnlyCollection<GreylistRow> TakeUnsaved()
    {
        lock (_lock)
        {
            if (_unsaved.Count == 0)
                return [];
            var taken = _unsaved;
            _unsaved = [];
            return taken.Values;
        }
    }

    /// <summary>Rows that could not be saved; newer ones of theirs count.</summary>
    internal void GiveBack(IEnumerable<GreylistRow> rows)
    {
        lock (_lock)
        {
            foreach (var row in rows)
            {
                if (_unsaved.Count < MaxUnsaved)
                    _unsaved.TryAdd(row.State.Key, row);
            }
        }
    }

    private bool IsKnown(in GreylistClient client, uint now, in GreylistTimes times)
    {
        if (!TryUse(GreylistKey.OfNetwork(client), now, times, out var state, out var isDue))
            return !client.Pool.IsEmpty && IsKnownDomain(client.Pool, now, times);
        if (isDue)
            Save(new GreylistRow(state, client.Network, "", ""));
        return true;
    }

    private bool IsKnownDomain(DomainName domain, uint now, in GreylistTimes times)
    {
        if (!TryUse(GreylistKey.OfDomain(domain), now, times, out var state, out var isDue))
            return false;
        if (isDue)
            Save(new GreylistRow(state, domain.Ascii, "", ""));
        return true;
    }

    private bool TryUse(long key, uint now, in GreylistTimes times, out GreylistState state, out bool isDue) =>
        _table.TryUse(key, GreylistOptions.PassesOfClient, now, times, out state, out isDue);

    private void NotePass(in GreylistClient client, uint now, in GreylistTimes times)
    {
        Pass(GreylistKey.OfNetwork(client), client.Network, now, times);
        if (!client.Pool.IsEmpty)
            Pass(GreylistKey.OfDomain(client.Pool), client.Pool.Ascii, now, times);
    }

    private void Pass(long key, string client, uint now, in GreylistTimes times)
    {
        var state = _table.AddPass(key, now, times, out var isDue);
        if (isDue)
            Save(new GreylistRow(state, client, "", ""));
    }

    private void Save(GreylistRow row)
    {
        lock (_lock)
        {
            if (_unsaved.Count < MaxUnsaved || _unsaved.ContainsKey(row.State.Key))
                _unsaved[row.State.Key] = row;
        }
    }
}

/// <summary>What greylisting says.</summary>
internal enum GreylistResult
{
    /// <summary>The client passes altogether.</summary>
    KnownClient,

    /// <summary>The triplet has passed before.</summary>
    Known,

    /// <summary>It came back in time, and passes.</summary>
    CameBack,

    /// <summary>It is new, and waits.</summary>
    New,

    /// <summary>It came back too early, and waits.</summary>
    Early,
}

/// <summary>An answer.</summary>
/// <param name="Result">What it is.</param>
/// <param name="Seconds">How long it still has to wait; of <see cref="GreylistResult.CameBack"/> after how long it came.</param>
internal readonly record struct GreylistAnswer(GreylistResult Result, uint Seconds)
{
    /// <summary>Whether the caller has to come again.</summary>
    public bool IsDelayed => Result is GreylistResult.New or GreylistResult.Early;
}
