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
        var keys = Keys.ToArray();
        Array.Sort(keys);
        var n = 0;
        for (var i = 0; i < keys.Length; i++)
        {
            if (n == 0 || keys[n - 1] != keys[i])
                keys[n++] = keys[i];
        }

        return keys[..n];
    }

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
        if (_used + length > _text.Length)
            Array.Resize(ref _text, Math.Max(_text.Length * 2, _used + length));
        var added = _text.AsSpan(_used, length);
        Encoding.Latin1.GetBytes(prefix, added);
        Encoding.Latin1.GetBytes(token, added[prefix.Length..]);
        if (!TryTakeSlot(added))
            return;
        if (Count == _tokens.Length)
            Array.Resize(ref _tokens, Count * 2);
        _tokens[Count++] = (_used, length);
        _used += length;
        _keys = null;
        if (Count * 2 > _slots.Length)
            Grow();
    }

    private bool TryTakeSlot(ReadOnlySpan<byte> token)
    {
        var mask = _slots.Length - 1;
        for (var slot = Hash(token) & mask; ; slot = (slot + 1) & mask)
        {
            if (_slots[slot] == 0)
            {
                _slots[slot] = Count + 1;
                return true;
            }

            if (token.SequenceEqual(this[_slots[slot] - 1]))
                return false;
        }
    }

    private void Grow()
    {
        var slots = new int[_slots.Length * 4];
        var mask = slots.Length - 1;
        for (var i = 0; i < Count; i++)
        {
            var slot = Hash(this[i]) & mask;
            while (slots[slot] != 0)
                slot = (slot + 1) & mask;
            slots[slot] = i + 1;
        }

        _slots = slots;
    }

    // With the seed of the process: nobody can make a mail whose tokens all fall into one place.
    private static int Hash(ReadOnlySpan<byte> token)
    {
        var hash = new HashCode();
        hash.AddBytes(token);
        return hash.ToHashCode();
    }

    private void ComputeKeys(Span<ulong> keys)
    {
        Span<uint> words = stackalloc uint[16 * TokenKey.Lanes];
        Span<int> lanes = stackalloc int[TokenKey.Lanes];
        Span<ulong> found = stackalloc ulong[TokenKey.Lanes];
        Span<byte> block = stackalloc byte[64];
        var n = 0;
        for (var i = 0; i < Count; i++)
        {
            var token = this[i];
            if (token.Length > TokenKey.MaxTogether)
            {
                keys[i] = TokenKey.Of(token);
                continue;
            }

            block.Clear();
            token.CopyTo(block);
            block[token.Length] = 0x80;
            block[62] = (byte)(token.Length >> 5);
            block[63] = (byte)(token.Length << 3);
            for (var w = 0; w < 16; w++)
                words[(w * TokenKey.Lanes) + n] = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(
                    block[(w * 4)..]
                );
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
