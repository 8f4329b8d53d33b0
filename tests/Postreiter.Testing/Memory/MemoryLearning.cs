using Postreiter.Storage.Learning;

namespace Postreiter.Testing.Memory;

internal sealed class MemoryLearning(MemoryState state) : ILearningStore
{
    public ValueTask<IReadOnlyList<bool>> LearnAsync(long place, IReadOnlyList<MailToLearn> mails, CancellationToken ct)
    {
        lock (state.Lock)
            return new(Open(place) is { } learned ? [.. mails.Select(learned.Learn)] : new bool[mails.Count]);
    }

    public ValueTask<LearnedVersion> ReadAsync(
        long place,
        LearnedVersion after,
        ILearnedReader reader,
        CancellationToken ct
    )
    {
        lock (state.Lock)
        {
            if (!state.Learned.TryGetValue(place, out var learned))
            {
                if (after != default)
                    reader.Start(default);
                return default;
            }

            if (learned.Generation != after.Generation || after.Change < learned.Base)
            {
                reader.Start(learned.Counts with { Pages = null });
                foreach (var page in learned.Counts.Pages ?? [])
                    reader.Page(page);
                after = new LearnedVersion(learned.Generation, learned.Base);
            }

            foreach (var change in learned.Changes.Where(c => c.Key > after.Change))
                reader.Change(change.Value);
            return new(new LearnedVersion(learned.Generation, learned.Change));
        }
    }

    public ValueTask<LearnedVersion?> CompactAsync(
        long place,
        LearnedVersion at,
        LearnedCounts counts,
        bool isNew,
        CancellationToken ct
    )
    {
        lock (state.Lock)
        {
            if (
                !state.Learned.TryGetValue(place, out var learned)
                || learned.Generation != at.Generation
                || at.Change < learned.Base
            )
                return default;
            foreach (var number in learned.Changes.Keys.Where(n => n <= at.Change).ToList())
                learned.Changes.Remove(number);
            (learned.Counts, learned.Base) = (counts, at.Change);
            learned.Generation += isNew ? 1 : 0;
            return new(new LearnedVersion(learned.Generation, at.Change));
        }
    }

    public ValueTask<bool> ReplaceAsync(
        long place,
        LearnedCounts counts,
        IReadOnlyList<LearnedName> mails,
        CancellationToken ct
    )
    {
        lock (state.Lock)
        {
            if (Open(place) is not { } learned)
                return new(false);
            learned.Changes.Clear();
            learned.Mails.Clear();
            foreach (var mail in mails)
                learned.Mails[mail.Name] = mail.IsSpam;
            (learned.Counts, learned.Base) = (counts, learned.Change);
            learned.Generation++;
            return new(true);
        }
    }

    public IAsyncEnumerable<LearnedName> ListAsync(long place, CancellationToken ct)
    {
        lock (state.Lock)
        {
            var names = state.Learned.TryGetValue(place, out var learned) ? learned.Mails.ToList() : [];
            return names
                .OrderBy(m => m.Key, StringComparer.Ordinal)
                .Select(m => new LearnedName(m.Key, m.Value))
                .ToAsyncEnumerable();
        }
    }

    private MemoryLearned? Open(long place)
    {
        if (place != ILearningStore.Server && !state.Accounts.ContainsKey(place))
            return null;
        if (!state.Learned.TryGetValue(place, out var learned))
            state.Learned.Add(place, learned = new MemoryLearned());
        return learned;
    }
}

/// <summary>What was learned in one place.</summary>
internal sealed class MemoryLearned
{
    public long Generation { get; set; } = 1;

    public long Base { get; set; }

    public long Change { get; set; }

    public LearnedCounts Counts { get; set; }

    public SortedDictionary<long, LearnedChange> Changes { get; } = [];

    public Dictionary<string, bool> Mails { get; } = new(StringComparer.Ordinal);

    public bool Learn(MailToLearn mail)
    {
        var name =
            mail.OtherName is { } other && !Mails.ContainsKey(mail.Name) && Mails.ContainsKey(other)
                ? other
                : mail.Name;
        bool? was = Mails.TryGetValue(name, out var isSpam) ? isSpam : null;
        if (was == mail.IsSpam || (was is not null && mail.IsSpam is not null && !mail.MayRelearn))
            return false;
        if (was is { } before)
        {
            Mails.Remove(name);
            Changes.Add(++Change, new LearnedChange(before ? -1 : 0, before ? 0 : -1, 0, mail.Tokens.ToArray()));
        }

        if (mail.IsSpam is { } now)
        {
            Mails[mail.Name] = now;
            Changes.Add(++Change, new LearnedChange(now ? 1 : 0, now ? 0 : 1, mail.Time, mail.Tokens.ToArray()));
        }

        return true;
    }
}
