using System.Buffers.Binary;
using System.Text;

namespace Postreiter.Spam.Bayes;

/// <summary>The tokens of one mail, each once. Used by one thread at a time, again and again.</summary>
public sealed class TokenSet
{
    /// <summary>Octets of all tokens of a mail together; what is found after that is left out. No real mail comes near.</summary>
    internal const int MaxOctets = 4 * 1024 * 1024;

    private const int FirstOctets = 16 * 1024;
    private const int FirstTokens = 1024;
    private const int FirstSlots = 4096;
    private const int MostSlotsKept = 64 * 1024;

    private byte[] _text = new byte[FirstOctets];
    private (int Start, int Length)[] _tokens = new (int, int)[FirstTokens];
    private int[] _slots = new int[FirstSlots];
    private int _used;
    private ulong[]? _keys;

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>A token.</summary>
    /// <param name="index">In the order in which they were found.</param>
    public ReadOnlySpan<byte> this[int index] => _text.AsSpan(_tokens[index].Start, _tokens[index].Length);

    /// <summary>The keys of the tokens, in their order. Two tokens can have one key.</summary>
    public ReadOnlySpan<ulong> Keys
    {
        get
        {
            if (_keys is null)
            {
                _keys = new ulong[Count];
                ComputeKeys(_keys);
            }

            return _keys;
        }
    }

    /// <summary>The keys, each once, ascending.</summary>
    public ulong[] DistinctKeys()
    {
        var keys = Sorted(Keys);
        var n = 0;
        for (var i = 0; i < keys.Length; i++)
        {
            if (n == 0 || keys[n - 1] != keys[i])
                keys[n++] = keys[i];
        }

        return n == keys.Length ? keys : keys[..n];
    }

    // By the first octet, of which few keys have the same: they are spread.
    private static ulong[] Sorted(ReadOnlySpan<ulong> keys)
    {
        Span<int> ends = stackalloc int[256];
        ends.Clear();
        foreach (var key in keys)
            ends[FirstOctet(key)]++;
        for (var i = 1; i < ends.Length; i++)
            ends[i] += ends[i - 1];
        var sorted = new ulong[keys.Length];
        for (var i = keys.Length - 1; i >= 0; i--)
            sorted[--ends[FirstOctet(keys[i])]] = keys[i];
        // What was an end is the beginning now.
        for (var i = 0; i < ends.Length; i++)
        {
            var end = i + 1 < ends.Length ? ends[i + 1] : sorted.Length;
            if (end - ends[i] > 1)
                sorted.AsSpan(ends[i]..end).Sort();
        }

        return sorted;
    }

    private static int FirstOctet(ulong key) => (int)(key >> 32) & 0xFF;

    /// <summary>Forgets all. What one large mail took is given back, or each small one behind it would pay for it.</summary>
    public void Clear()
    {
        if (_slots.Length > MostSlotsKept)
            (_slots, _tokens, _text) = (new int[FirstSlots], new (int, int)[FirstTokens], new byte[FirstOctets]);
        else
            Array.Clear(_slots);
        (Count, _used, _keys) = (0, 0, null);
    }

    /// <summary>Adds a token; an empty one is none.</summary>
    /// <param name="prefix">What stands before it; octets.</param>
    /// <param name="token">Its octets.</param>
    internal void Add(ReadOnlySpan<char> prefix, ReadOnlySpan<char> token)
    {
        var length = prefix.Length + token.Length;
        if (length == 0 || _used + length > MaxOctets)
            return;
        // Eight more, so that a hash may read whole words.
        if (_used + length + 8 > _text.Length)
            Array.Resize(ref _text, Math.Max(_text.Length * 2, _used + length + 8));
        var added = _text.AsSpan(_used, length);
        for (var i = 0; i < prefix.Length; i++)
            added[i] = (byte)prefix[i];
        if (token.Length <= 16)
        {
            var to = added[prefix.Length..];
            for (var i = 0; i < token.Length; i++)
                to[i] = (byte)token[i];
        }
        else
        {
            Encoding.Latin1.GetBytes(token, added[prefix.Length..]);
        }

        if (!TryTakeSlot(_used, length))
            return;
        if (Count == _tokens.Length)
            Array.Resize(ref _tokens, Count * 2);
        _tokens[Count++] = (_used, length);
        _used += length;
        _keys = null;
        if (Count * 2 > _slots.Length)
            Grow();
    }

    private bool TryTakeSlot(int start, int length)
    {
        var mask = _slots.Length - 1;
        var hash = Hash(start, length);
        for (var slot = (int)hash & mask; ; slot = (slot + 1) & mask)
        {
            if (_slots[slot] is not (> 0 and var taken))
            {
                _slots[slot] = Count + 1;
                return true;
            }

            var (other, otherLength) = _tokens[taken - 1];
            if (otherLength == length && _text.AsSpan(start, length).SequenceEqual(_text.AsSpan(other, length)))
                return false;
        }
    }

    private void Grow()
    {
        var slots = new int[_slots.Length * 4];
        var mask = slots.Length - 1;
        for (var i = 0; i < Count; i++)
        {
            var slot = (int)Hash(_tokens[i].Start, _tokens[i].Length) & mask;
            while (slots[slot] != 0)
                slot = (slot + 1) & mask;
            slots[slot] = i + 1;
        }

        _slots = slots;
    }

    // Eight octets at a time, folded by a product, with secrets of the process: nobody can make a mail whose tokens all fall into one place.
    private ulong Hash(int start, int length)
    {
        var hash = Secrets[0] ^ (ulong)length;
        for (var at = start; length > 0; at += 8, length -= 8)
        {
            var word = BinaryPrimitives.ReadUInt64LittleEndian(_text.AsSpan(at, 8));
            if (length < 8)
                word &= (1UL << (8 * length)) - 1;
            var high = Math.BigMul(hash ^ word, Secrets[1], out var low);
            hash = high ^ low;
        }

        return hash ^ (hash >> 32);
    }

    private static readonly ulong[] Secrets = NewSecrets();

    private static ulong[] NewSecrets()
    {
        Span<byte> random = stackalloc byte[16];
        System.Security.Cryptography.RandomNumberGenerator.Fill(random);
        return
        [
            BinaryPrimitives.ReadUInt64LittleEndian(random),
            BinaryPrimitives.ReadUInt64LittleEndian(random[8..]) | 1,
        ];
    }

    private void ComputeKeys(Span<ulong> keys)
    {
        Span<uint> words = stackalloc uint[16 * TokenKey.Lanes];
        Span<int> lanes = stackalloc int[TokenKey.Lanes];
        Span<ulong> found = stackalloc ulong[TokenKey.Lanes];
        var n = 0;
        for (var i = 0; i < Count; i++)
        {
            var token = this[i];
            if (token.Length > TokenKey.MaxTogether)
            {
                keys[i] = TokenKey.Of(token);
                continue;
            }

            if (n == 0)
                words.Clear();
            // The octets, a bit behind them, and at the end how many bits they are (FIPS 180-4 §5.1.1); all else is 0.
            var (start, length) = _tokens[i];
            var whole = length / 4;
            for (var w = 0; w < whole; w++)
                words[(w * TokenKey.Lanes) + n] = BinaryPrimitives.ReadUInt32BigEndian(_text.AsSpan(start + (4 * w)));
            var rest = 8 * (length & 3);
            var last = BinaryPrimitives.ReadUInt32BigEndian(_text.AsSpan(start + (4 * whole)));
            words[(whole * TokenKey.Lanes) + n] = (last & ~(uint.MaxValue >> rest)) | (0x80000000 >> rest);
            words[(15 * TokenKey.Lanes) + n] = (uint)length * 8;
            lanes[n++] = i;
            if (n < TokenKey.Lanes)
                continue;
            TokenKey.Of(words, found);
            Take(keys, lanes, found, n);
            n = 0;
        }

        if (n > 0)
        {
            TokenKey.Of(words, found);
            Take(keys, lanes, found, n);
        }
    }

    private static void Take(Span<ulong> keys, ReadOnlySpan<int> lanes, ReadOnlySpan<ulong> found, int n)
    {
        for (var i = 0; i < n; i++)
            keys[lanes[i]] = found[i];
    }
}
