using System.Buffers.Binary;

namespace Postreiter.Spam.Bayes;

/// <summary>What was learned in one place (the server, an account), in memory. For any thread.</summary>
public sealed class LearnedTokens : IDisposable
{
    // Tokens whose counts are on their way while others are looked at.
    private const int Ahead = 8;

    private readonly ReaderWriterLockSlim _gate = new();
    private readonly TokenTable _table = new();

    /// <summary>Mails learned as spam.</summary>
    public long Spam { get; private set; }

    /// <summary>Good mails learned.</summary>
    public long Ham { get; private set; }

    /// <summary>Tokens with a count.</summary>
    public int Count => _table.Count;

    /// <summary>How often tokens were seen.</summary>
    /// <param name="keys">Their keys.</param>
    /// <param name="counts">What is found is added here, token by token.</param>
    public void AddCounts(ReadOnlySpan<ulong> keys, Span<TokenCounts> counts)
    {
        _gate.EnterReadLock();
        try
        {
            for (var i = 0; i < keys.Length; i++)
            {
                if (i + Ahead < keys.Length)
                    _table.Prefetch(keys[i + Ahead]);
                if (_table.TryGet(keys[i], out var found))
                    counts[i] = new(
                        counts[i].Spam + found.Spam,
                        counts[i].Ham + found.Ham,
                        Math.Max(counts[i].Time, found.Time)
                    );
            }
        }
        finally
        {
            _gate.ExitReadLock();
        }
    }

    /// <summary>Tokens were of use for a mail of this time: they are not old.</summary>
    public void Touch(ReadOnlySpan<ulong> keys, uint time)
    {
        _gate.EnterWriteLock();
        try
        {
            foreach (var key in keys)
                _table.Touch(key, time);
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    /// <summary>Adds a mail's tokens to the counts, or takes them off again.</summary>
    /// <param name="keys">Their keys, each once.</param>
    /// <param name="spam">1 learned as spam, −1 forgotten as spam, else 0.</param>
    /// <param name="ham">Likewise for good mail.</param>
    /// <param name="time">When the mail came; seconds since 1970.</param>
    public void Add(ReadOnlySpan<ulong> keys, int spam, int ham, uint time)
    {
        _gate.EnterWriteLock();
        try
        {
            (Spam, Ham) = (Math.Max(Spam + spam, 0), Math.Max(Ham + ham, 0));
            for (var i = 0; i < keys.Length; i++)
            {
                if (i + Ahead < keys.Length)
                    _table.Prefetch(keys[i + Ahead]);
                _table.Add(keys[i], spam, ham, time);
            }
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    /// <summary>Adds counts that were learned elsewhere.</summary>
    internal void Add(ReadOnlySpan<ulong> keys, TokenCounts counts, uint time)
    {
        _gate.EnterWriteLock();
        try
        {
            foreach (var key in keys)
                _table.Add(key, (int)counts.Spam, (int)counts.Ham, time);
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    /// <summary>Says how many mails were learned.</summary>
    internal void SetMails(long spam, long ham)
    {
        _gate.EnterWriteLock();
        try
        {
            (Spam, Ham) = (Math.Max(spam, 0), Math.Max(ham, 0));
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    /// <summary>As <see cref="Add(ReadOnlySpan{ulong}, int, int, uint)"/>, with keys in the form in which they are stored.</summary>
    /// <exception cref="InvalidDataException">They are not in that form.</exception>
    public void Add(ReadOnlySpan<byte> keys, int spam, int ham, uint time)
    {
        if (keys.Length % TokenKey.Size != 0)
            throw new InvalidDataException("a change of the learned tokens is cut off");
        _gate.EnterWriteLock();
        try
        {
            (Spam, Ham) = (Math.Max(Spam + spam, 0), Math.Max(Ham + ham, 0));
            for (; !keys.IsEmpty; keys = keys[TokenKey.Size..])
                _table.Add(((ulong)keys[0] << 32) | BinaryPrimitives.ReadUInt32BigEndian(keys[1..]), spam, ham, time);
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    /// <summary>Keys in the form in which they are stored, five octets each.</summary>
    public static byte[] WriteKeys(ReadOnlySpan<ulong> keys)
    {
        var octets = new byte[keys.Length * TokenKey.Size];
        for (var i = 0; i < keys.Length; i++)
        {
            octets[i * TokenKey.Size] = (byte)(keys[i] >> 32);
            BinaryPrimitives.WriteUInt32BigEndian(octets.AsSpan((i * TokenKey.Size) + 1), (uint)keys[i]);
        }

        return octets;
    }

    /// <summary>Begins anew from what is stored: the mails counted, then <see cref="ReadPage"/>.</summary>
    public void Start(long spam, long ham)
    {
        _gate.EnterWriteLock();
        try
        {
            (Spam, Ham) = (spam, ham);
            _table.Keep(static _ => false);
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    /// <summary>Puts the tokens of a page in the place of those that are there.</summary>
    /// <param name="page">The first octet of their keys.</param>
    /// <param name="octets">As <see cref="WritePages"/> gives them.</param>
    /// <exception cref="InvalidDataException">It is no page.</exception>
    public void ReadPage(int page, ReadOnlySpan<byte> octets)
    {
        _gate.EnterWriteLock();
        try
        {
            _table.ReadPage(page, octets);
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    /// <summary>All tokens in pages, as they are at this moment.</summary>
    public IReadOnlyList<(int Page, byte[] Octets)> WritePages()
    {
        _gate.EnterReadLock();
        try
        {
            return
            [
                .. Enumerable
                    .Range(0, TokenTable.Pages)
                    .Select(page => (page, _table.WritePage(page)))
                    .Where(static p => p.Item2.Length > 0),
            ];
        }
        finally
        {
            _gate.ExitReadLock();
        }
    }

    /// <summary>All tokens with their keys and counts, as they are at this moment.</summary>
    public IReadOnlyList<(ulong Key, TokenCounts Counts)> ToList()
    {
        _gate.EnterReadLock();
        try
        {
            return [.. _table.All()];
        }
        finally
        {
            _gate.ExitReadLock();
        }
    }

    /// <summary>When the tokens were last seen: the oldest and the newest of these times; 0 where there are none.</summary>
    public (uint Oldest, uint Newest) Times()
    {
        var (oldest, newest) = (uint.MaxValue, 0u);
        ForEach((_, counts) => (oldest, newest) = (Math.Min(oldest, counts.Time), Math.Max(newest, counts.Time)));
        return (newest == 0 ? 0 : oldest, newest);
    }

    /// <summary>Looks at every token, in no order.</summary>
    internal void ForEach(Action<ulong, TokenCounts> look)
    {
        _gate.EnterReadLock();
        try
        {
            foreach (var (key, counts) in _table.All())
                look(key, counts);
        }
        finally
        {
            _gate.ExitReadLock();
        }
    }

    /// <summary>Removes tokens that do not satisfy a condition.</summary>
    /// <returns>Tokens removed.</returns>
    internal int Keep(Func<TokenCounts, bool> condition)
    {
        _gate.EnterWriteLock();
        try
        {
            return _table.Keep(condition);
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();
}
