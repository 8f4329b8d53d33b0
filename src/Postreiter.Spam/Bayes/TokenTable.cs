using System.Buffers.Binary;

namespace Postreiter.Spam.Bayes;

/// <summary>How often a token was seen.</summary>
/// <param name="Spam">In mails learned as spam.</param>
/// <param name="Ham">In good ones.</param>
/// <param name="Time">The newest mail that it was of use for; seconds since 1970.</param>
public readonly record struct TokenCounts(uint Spam, uint Ham, uint Time);

/// <summary>
/// The counts of tokens in memory: 16 octets for each, in 256 tables by the first octet of the key, each filled to between half and three
/// quarters. Ten million tokens take about 250 MiB. One thread at a time; <see cref="LearnedTokens"/> sees to that.
/// </summary>
internal sealed class TokenTable
{
    /// <summary>Octets of a token in a page: key, counts, time, the most significant first.</summary>
    public const int RecordSize = TokenKey.Size + 12;

    /// <summary>Pages of a table, by the first octet of the key.</summary>
    public const int Pages = 256;

    private readonly Shard[] _shards = new Shard[Pages];

    /// <summary>Tokens with a count.</summary>
    public int Count { get; private set; }

    /// <summary>The counts of a token; false when it was never seen.</summary>
    public bool TryGet(ulong key, out TokenCounts counts)
    {
        ref var shard = ref _shards[Place(key)];
        if (shard.Entries is { } entries && Find(entries, (uint)key) is >= 0 and var at)
        {
            ref var entry = ref entries[at];
            counts = new TokenCounts(entry.Spam, entry.Ham, entry.Time);
            return true;
        }

        counts = default;
        return false;
    }

    /// <summary>
    /// Has the counts of a token brought near that will be asked for soon: tables are larger than what is near a processor, and it does not
    /// wait for what it only reads.
    /// </summary>
    public void Prefetch(ulong key)
    {
        if (_shards[Place(key)].Entries is { } entries)
            Volatile.Read(ref entries[Home(entries, (uint)key)].Key);
    }

    /// <summary>Adds to the counts of a token, which never go below 0; one without counts is forgotten. Its time only goes forward.</summary>
    public void Add(ulong key, int spam, int ham, uint time)
    {
        ref var shard = ref _shards[Place(key)];
        if (shard.Entries is null)
        {
            if (spam <= 0 && ham <= 0)
                return;
            shard.Entries = new Entry[16];
        }

        var at = Find(shard.Entries, (uint)key);
        if (at < 0)
        {
            if (spam <= 0 && ham <= 0)
                return;
            Insert(
                ref shard,
                new Entry
                {
                    Key = (uint)key,
                    Spam = (uint)Math.Max(spam, 0),
                    Ham = (uint)Math.Max(ham, 0),
                    Time = time,
                }
            );
            return;
        }

        ref var entry = ref shard.Entries[at];
        entry.Spam = Sum(entry.Spam, spam);
        entry.Ham = Sum(entry.Ham, ham);
        entry.Time = Math.Max(entry.Time, time);
        if (entry.Spam == 0 && entry.Ham == 0)
            RemoveAt(ref shard, at);
    }

    /// <summary>A token was of use for a mail of this time.</summary>
    public void Touch(ulong key, uint time)
    {
        if (_shards[Place(key)].Entries is { } entries && Find(entries, (uint)key) is >= 0 and var at)
            entries[at].Time = Math.Max(entries[at].Time, time);
    }

    /// <summary>Removes what does not satisfy a condition.</summary>
    /// <returns>Tokens removed.</returns>
    public int Keep(Func<TokenCounts, bool> condition)
    {
        var before = Count;
        for (var page = 0; page < Pages; page++)
        {
            var old = _shards[page].Entries;
            if (old is null)
                continue;
            Count -= _shards[page].Used;
            var kept = Array.FindAll(
                old,
                e => (e.Spam | e.Ham) != 0 && condition(new TokenCounts(e.Spam, e.Ham, e.Time))
            );
            _shards[page] = default;
            if (kept.Length == 0)
                continue;
            _shards[page].Entries = new Entry[Capacity(kept.Length)];
            foreach (var entry in kept)
                Insert(ref _shards[page], entry);
        }

        return before - Count;
    }

    /// <summary>Every token with its key, in no order.</summary>
    public IEnumerable<(ulong Key, TokenCounts Counts)> All()
    {
        for (var page = 0; page < Pages; page++)
        {
            foreach (var entry in _shards[page].Entries ?? [])
            {
                if ((entry.Spam | entry.Ham) != 0)
                    yield return (((ulong)page << 32) | entry.Key, new TokenCounts(entry.Spam, entry.Ham, entry.Time));
            }
        }
    }

    /// <summary>The tokens of a page in the order of their keys, <see cref="RecordSize"/> octets each; empty when there are none.</summary>
    /// <param name="page">The first octet of their keys.</param>
    public byte[] WritePage(int page)
    {
        var entries = Array.FindAll(_shards[page].Entries ?? [], static e => (e.Spam | e.Ham) != 0);
        Array.Sort(entries, static (a, b) => a.Key.CompareTo(b.Key));
        var octets = new byte[entries.Length * RecordSize];
        for (var i = 0; i < entries.Length; i++)
        {
            var record = octets.AsSpan(i * RecordSize, RecordSize);
            record[0] = (byte)page;
            BinaryPrimitives.WriteUInt32BigEndian(record[1..], entries[i].Key);
            BinaryPrimitives.WriteUInt32BigEndian(record[5..], entries[i].Spam);
            BinaryPrimitives.WriteUInt32BigEndian(record[9..], entries[i].Ham);
            BinaryPrimitives.WriteUInt32BigEndian(record[13..], entries[i].Time);
        }

        return octets;
    }

    /// <summary>Puts the tokens of a page in the place of those that are there.</summary>
    /// <exception cref="InvalidDataException">It is no page.</exception>
    public void ReadPage(int page, ReadOnlySpan<byte> octets)
    {
        if (octets.Length % RecordSize != 0)
            throw new InvalidDataException(
                $"page {page} of the learned tokens has {octets.Length} octets, which are no whole tokens"
            );
        Count -= _shards[page].Used;
        _shards[page] = default;
        if (octets.IsEmpty)
            return;
        _shards[page].Entries = new Entry[Capacity(octets.Length / RecordSize)];
        for (; !octets.IsEmpty; octets = octets[RecordSize..])
        {
            var (key, counts) = Record(octets);
            if (Place(key) != page)
                throw new InvalidDataException($"page {page} of the learned tokens holds one of page {Place(key)}");
            if ((counts.Spam | counts.Ham) != 0)
                Insert(
                    ref _shards[page],
                    new Entry
                    {
                        Key = (uint)key,
                        Spam = counts.Spam,
                        Ham = counts.Ham,
                        Time = counts.Time,
                    }
                );
        }
    }

    /// <summary>The tokens of a page, in the order of their keys.</summary>
    public static IEnumerable<(ulong Key, TokenCounts Counts)> Records(byte[] page)
    {
        for (var at = 0; at + RecordSize <= page.Length; at += RecordSize)
            yield return Record(page.AsSpan(at));
    }

    private static (ulong Key, TokenCounts Counts) Record(ReadOnlySpan<byte> octets) =>
        (
            ((ulong)octets[0] << 32) | BinaryPrimitives.ReadUInt32BigEndian(octets[1..]),
            new TokenCounts(
                BinaryPrimitives.ReadUInt32BigEndian(octets[5..]),
                BinaryPrimitives.ReadUInt32BigEndian(octets[9..]),
                BinaryPrimitives.ReadUInt32BigEndian(octets[13..])
            )
        );

    private static int Place(ulong key) => (int)(key >> 32) & (Pages - 1);

    private static uint Sum(uint count, int change) => (uint)Math.Clamp(count + (long)change, 0, uint.MaxValue);

    private static int Capacity(int count) => Math.Max(16, count + (count / 2));

    // Keys are spread already: the place is the key's share of the table.
    private static int Home(Entry[] entries, uint key) => (int)(((ulong)key * (uint)entries.Length) >> 32);

    private static int Find(Entry[] entries, uint key)
    {
        for (var at = Home(entries, key); ; at = at + 1 == entries.Length ? 0 : at + 1)
        {
            ref var entry = ref entries[at];
            if (entry.Spam == 0 && entry.Ham == 0)
                return -1;
            if (entry.Key == key)
                return at;
        }
    }

    private void Insert(ref Shard shard, Entry added)
    {
        if ((shard.Used + 1) * 4 > shard.Entries!.Length * 3)
        {
            var old = shard.Entries;
            shard.Entries = new Entry[Capacity(shard.Used + 1) + (shard.Used / 4)];
            foreach (var entry in old)
            {
                if ((entry.Spam | entry.Ham) != 0)
                    Put(shard.Entries, entry);
            }
        }

        Put(shard.Entries, added);
        shard.Used++;
        Count++;
    }

    private static void Put(Entry[] entries, Entry added)
    {
        var at = Home(entries, added.Key);
        while (entries[at].Spam != 0 || entries[at].Ham != 0)
            at = at + 1 == entries.Length ? 0 : at + 1;
        entries[at] = added;
    }

    // What stands behind moves up, so that every search still finds its way.
    private void RemoveAt(ref Shard shard, int at)
    {
        var entries = shard.Entries!;
        var hole = at;
        for (var next = Next(hole); entries[next].Spam != 0 || entries[next].Ham != 0; next = Next(next))
        {
            var home = Home(entries, entries[next].Key);
            // Whether its way from home to where it is leads over the hole.
            if (hole <= next ? home <= hole || home > next : home <= hole && home > next)
            {
                entries[hole] = entries[next];
                hole = next;
            }
        }

        entries[hole] = default;
        shard.Used--;
        Count--;

        int Next(int place) => place + 1 == entries.Length ? 0 : place + 1;
    }

    private struct Entry
    {
        public uint Key;
        public uint Spam;
        public uint Ham;
        public uint Time;
    }

    private struct Shard
    {
        public Entry[]? Entries;
        public int Used;
    }
}
