using Postreiter.Storage.Gate;

namespace Postreiter.Delivery.Gate.Greylisting;

/// <summary>
/// Greylist rows by the hash of their words, in memory: 24 octets each, open addressing with linear probing in 64 parts that grow for
/// themselves, so that no caller waits for more than one part.
/// </summary>
/// <remarks>
/// A million rows take 50 MiB. The place of a key depends on a number drawn at the start: who chooses addresses cannot choose that
/// they meet in one place.
/// </remarks>
internal sealed class GreylistTable
{
    private const int PartBits = 6;
    private readonly Part[] _parts = new Part[1 << PartBits];
    private readonly ulong _spread;

    /// <summary>An empty table.</summary>
    /// <param name="spread">Any number that strangers do not know.</param>
    /// <param name="maxRows">Most rows; beyond, those that waited longest go.</param>
    public GreylistTable(long spread, int maxRows)
    {
        _spread = (ulong)spread | 1;
        for (var i = 0; i < _parts.Length; i++)
            _parts[i] = new Part(Math.Max(16, maxRows >> PartBits));
    }

    /// <summary>Rows, those that are over included until they are pruned.</summary>
    public int Count => _parts.Sum(static p => p.Count);

    /// <summary>A triplet came.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="now">Seconds since 1970.</param>
    /// <param name="times">Delay, window and lifetime.</param>
    /// <param name="state">The row after this.</param>
    /// <param name="isDue">Whether it is to be saved.</param>
    public TripletStep Meet(long key, uint now, in GreylistTimes times, out GreylistState state, out bool isDue)
    {
        var (part, hash) = Place(key);
        lock (part)
        {
            var at = part.Find(key, hash);
            if (at < 0)
            {
                part.Add(new Slot(key, now, now, now, 0), hash, _spread);
                (state, isDue) = (new GreylistState(key, now, now, 0), true);
                return TripletStep.New;
            }

            ref var slot = ref part[at];
            var step = Step(slot, now, times);
            switch (step)
            {
                case TripletStep.New or TripletStep.Over:
                    slot = new Slot(key, now, now, now, 0);
                    isDue = true;
                    break;
                case TripletStep.Back:
                    (slot.Last, slot.Passes, slot.Saved) = (now, 1, now);
                    isDue = true;
                    break;
                case TripletStep.Known:
                    isDue = slot.Use(now, times);
                    break;
                default:
                    isDue = false;
                    break;
            }

            state = slot.ToState();
            return step;
        }
    }

    /// <summary>Uses a row with enough passes that is not over.</summary>
    /// <returns>False where there is none.</returns>
    public bool TryUse(long key, int passes, uint now, in GreylistTimes times, out GreylistState state, out bool isDue)
    {
        (state, isDue) = (default, false);
        var (part, hash) = Place(key);
        lock (part)
        {
            var at = part.Find(key, hash);
            if (at < 0 || part[at].Passes < passes || part[at].IsOver(now, times))
                return false;
            isDue = part[at].Use(now, times);
            state = part[at].ToState();
            return true;
        }
    }

    /// <summary>Counts one pass more for a client or a correspondent.</summary>
    public GreylistState AddPass(long key, uint now, in GreylistTimes times, out bool isDue)
    {
        const int most = 1_000;
        var (part, hash) = Place(key);
        lock (part)
        {
            var at = part.Find(key, hash);
            if (at < 0)
            {
                part.Add(new Slot(key, now, now, now, 1), hash, _spread);
                isDue = true;
                return new GreylistState(key, now, now, 1);
            }

            ref var slot = ref part[at];
            if (slot.Passes <= 0 || slot.IsOver(now, times))
                slot = new Slot(key, now, now, 0, 0);
            isDue = slot.Use(now, times) | slot.Passes < GreylistOptions.PassesOfClient;
            slot.Passes = Math.Min(most, slot.Passes + 1);
            return slot.ToState();
        }
    }

    /// <summary>Takes over what the store has: the same as <see cref="IGateStore.SaveGreylistAsync"/> does, the other way round.</summary>
    public void Join(GreylistState row)
    {
        var (part, hash) = Place(row.Key);
        lock (part)
        {
            var at = part.Find(row.Key, hash);
            if (at < 0)
            {
                if (row.Passes >= 0)
                    part.Add(new Slot(row.Key, row.First, row.Last, row.Last, row.Passes), hash, _spread);
                return;
            }

            ref var slot = ref part[at];
            if (row.Passes < 0)
            {
                // Taken away by somebody; what was seen since begins anew.
                if (slot.First <= row.First || row.First == 0)
                    slot = new Slot(row.Key, slot.First, 0, 0, -1);
            }
            else if (row.First > (long)slot.Last + IGateStore.JoinSeconds || slot.Passes < 0)
                slot = new Slot(row.Key, row.First, row.Last, row.Last, row.Passes);
            else if ((long)row.Last + IGateStore.JoinSeconds >= slot.First)
                (slot.First, slot.Last, slot.Passes) = (
                    Math.Min(slot.First, row.First),
                    Math.Max(slot.Last, row.Last),
                    Math.Max(slot.Passes, row.Passes)
                );
        }
    }

    /// <summary>
    /// Where rows had to go for want of room since this was asked last: when the first of those began that still wait; 0 where none had to.
    /// </summary>
    public uint TakeOldestAfterDrop()
    {
        var (hasDropped, oldest) = (false, uint.MaxValue);
        foreach (var part in _parts)
        {
            lock (part)
            {
                hasDropped |= part.HasDropped;
                part.HasDropped = false;
                oldest = Math.Min(oldest, part.OldestWaiting());
            }
        }

        return hasDropped && oldest != uint.MaxValue ? oldest : 0;
    }

    /// <summary>Forgets rows that are over.</summary>
    /// <returns>How many of them never came back.</returns>
    public int Prune(uint now, in GreylistTimes times)
    {
        var lost = 0;
        foreach (var part in _parts)
        {
            lock (part)
                lost += part.Prune(now, times, _spread);
        }

        return lost;
    }

    private static TripletStep Step(in Slot slot, uint now, in GreylistTimes times)
    {
        if (slot.Passes < 0)
            return TripletStep.New;
        if (slot.IsOver(now, times))
            return slot.Passes == 0 ? TripletStep.Over : TripletStep.New;
        if (slot.Passes > 0)
            return TripletStep.Known;
        // F11: a clock that went back makes nobody wait twice as long.
        return now < slot.First || now - slot.First < times.Delay ? TripletStep.Early : TripletStep.Back;
    }

    private (Part Part, ulong Hash) Place(long key)
    {
        var hash = (ulong)key * _spread;
        return (_parts[hash >> (64 - PartBits)], hash);
    }

    /// <summary>One row; <see cref="First"/> is 0 in an empty place.</summary>
    private struct Slot(long key, uint first, uint last, uint saved, int passes)
    {
        public readonly long Key = key;
        public uint First = first;
        public uint Last = last;

        // When the store heard of it last: renewals are saved now and then only.
        public uint Saved = saved;
        public int Passes = passes;

        public readonly bool IsOver(uint now, in GreylistTimes times) =>
            Last != GreylistState.Forever
            && (Passes > 0 ? now > Last && now - Last > times.Lifetime : now > First && now - First > times.Window);

        /// <returns>Whether it is to be saved.</returns>
        public bool Use(uint now, in GreylistTimes times)
        {
            if (Last == GreylistState.Forever || now <= Last)
                return false;
            Last = now;
            if (now - Saved < times.Lifetime / 1_000)
                return false;
            Saved = now;
            return true;
        }

        public readonly GreylistState ToState() => new(Key, First, Last, Passes);
    }

    private sealed class Part(int maxRows)
    {
        private Slot[] _slots = new Slot[16];

        public int Count { get; private set; }

        public bool HasDropped { get; set; }

        public ref Slot this[int at] => ref _slots[at];

        private int Bits => System.Numerics.BitOperations.Log2((uint)_slots.Length);

        /// <summary>Where a key is; −1 for nowhere.</summary>
        public int Find(long key, ulong hash)
        {
            var slots = _slots;
            for (var at = Home(hash); slots[at].First != 0; at = (at + 1) & (slots.Length - 1))
            {
                if (slots[at].Key == key)
                    return at;
            }

            return -1;
        }

        /// <summary>Adds a key that is not there.</summary>
        public void Add(in Slot slot, ulong hash, ulong spread)
        {
            if (Count >= maxRows)
                DropOldest(spread);
            if (Count + 1 > _slots.Length / 4 * 3)
                Rebuild(_slots.Length * 2, static (in Slot _) => true, spread);
            Put(slot, hash);
        }

        public uint OldestWaiting()
        {
            var oldest = uint.MaxValue;
            foreach (ref readonly var slot in _slots.AsSpan())
            {
                if (slot.First != 0 && slot.Passes == 0)
                    oldest = Math.Min(oldest, slot.First);
            }

            return oldest;
        }

        public int Prune(uint now, GreylistTimes times, ulong spread)
        {
            var lost = 0;
            foreach (ref readonly var slot in _slots.AsSpan())
            {
                if (slot.First != 0 && slot.Passes == 0 && slot.IsOver(now, times))
                    lost++;
            }

            Rebuild(_slots.Length, (in Slot s) => s.Passes >= 0 && !s.IsOver(now, times), spread);
            return lost;
        }

        // Full: a flood of callers that wait pushes out its like, the oldest quarter; those that passed go only where nobody waits.
        private void DropOldest(ulong spread)
        {
            HasDropped = true;
            var waits = new List<uint>();
            var uses = new List<uint>();
            foreach (ref readonly var slot in _slots.AsSpan())
            {
                if (slot.First != 0 && slot.Last != GreylistState.Forever)
                    (slot.Passes > 0 ? uses : waits).Add(slot.Passes > 0 ? slot.Last : slot.First);
            }

            var byWaiting = waits.Count >= maxRows / 4;
            var ages = byWaiting ? waits : uses;
            if (ages.Count == 0)
                return;
            ages.Sort();
            var limit = ages[ages.Count / 4];
            Rebuild(
                _slots.Length,
                (in Slot s) =>
                    s.Last == GreylistState.Forever
                    || (byWaiting ? s.Passes > 0 || s.First > limit : s.Passes <= 0 || s.Last > limit),
                spread
            );
        }

        private void Rebuild(int length, Keep keep, ulong spread)
        {
            var old = _slots;
            _slots = new Slot[length];
            Count = 0;
            foreach (ref readonly var slot in old.AsSpan())
            {
                if (slot.First != 0 && keep(slot))
                    Put(slot, (ulong)slot.Key * spread);
            }
        }

        private void Put(in Slot slot, ulong hash)
        {
            var at = Home(hash);
            while (_slots[at].First != 0)
                at = (at + 1) & (_slots.Length - 1);
            _slots[at] = slot;
            Count++;
        }

        private int Home(ulong hash) => (int)((hash << PartBits) >> (64 - Bits));

        private delegate bool Keep(in Slot slot);
    }
}

/// <summary>What a triplet's coming was.</summary>
internal enum TripletStep
{
    /// <summary>Never seen, or not for long enough: it waits.</summary>
    New,

    /// <summary>It had not come back in time; it waits anew.</summary>
    Over,

    /// <summary>Too early: it still waits.</summary>
    Early,

    /// <summary>It came back in time, and passes from now on.</summary>
    Back,

    /// <summary>It has passed before.</summary>
    Known,
}

/// <summary>The times of the settings, in seconds.</summary>
internal readonly record struct GreylistTimes(uint Delay, uint Window, uint Lifetime);
