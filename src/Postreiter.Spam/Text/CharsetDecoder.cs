using System.Text;

namespace Postreiter.Spam.Text;

/// <summary>Reads text of one charset, strictly or with U+FFFD for what is none.</summary>
internal abstract class CharsetDecoder
{
    /// <summary>The characters; null if it is read strictly and something in it is none.</summary>
    public abstract string? Decode(ReadOnlySpan<char> octets, bool strict);

    protected static Encoding Find(int codePage) =>
        CodePagesEncodingProvider.Instance.GetEncoding(codePage) ?? Encoding.GetEncoding(codePage);
}

/// <summary>A charset that the runtime reads as mail programs do.</summary>
internal sealed class RuntimeCharset : CharsetDecoder
{
    private readonly Encoding _strict;
    private readonly Encoding _lenient;

    public RuntimeCharset(int codePage)
    {
        _strict = (Encoding)Find(codePage).Clone();
        _strict.DecoderFallback = DecoderFallback.ExceptionFallback;
        _lenient = (Encoding)Find(codePage).Clone();
        _lenient.DecoderFallback = new DecoderReplacementFallback("\uFFFD");
    }

    /// <summary>Whether text of this charset ends at the first octet above 0x7F, as Perl has it for ISO 2022-JP.</summary>
    public bool IsSevenBit { get; init; }

    public override string? Decode(ReadOnlySpan<char> octets, bool strict)
    {
        if (IsSevenBit && octets.IndexOfAnyInRange('\x80', '\xFF') is var high and >= 0)
            octets = octets[..high];
        var bytes = Encoding.Latin1.GetBytes(octets.ToArray());
        if (!strict || IsSevenBit)
            return _lenient.GetString(bytes);
        try
        {
            return _strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}

/// <summary>UTF-8 by a name that is not simply its own.</summary>
internal sealed class Utf8Charset : CharsetDecoder
{
    public override string? Decode(ReadOnlySpan<char> octets, bool strict)
    {
        if (!strict)
            return Utf8.DecodeLeniently(octets);
        return Utf8.IsValid(octets) ? Mail.Octets.FromUtf8(octets) : null;
    }
}

/// <summary>One octet a character, by a table; the runtime gives private or control characters to octets that are none.</summary>
internal sealed class SingleOctetCharset : CharsetDecoder
{
    private readonly char[] _table;

    /// <param name="codePage">The table of the runtime.</param>
    /// <param name="isWindows">Whether C1 controls are no characters of it.</param>
    /// <param name="changes">Octets that are other characters than the runtime says.</param>
    public SingleOctetCharset(int codePage, bool isWindows, params (byte Octet, char Character)[] changes)
    {
        _table = Find(codePage).GetChars([.. Enumerable.Range(0, 256).Select(static i => (byte)i)]);
        for (var i = 0x80; i < 256; i++)
        {
            if (_table[i] is >= '\uE000' and <= '\uF8FF' || (isWindows && _table[i] < '\u00A0'))
                _table[i] = '\uFFFD';
        }

        foreach (var (octet, character) in changes)
            _table[octet] = character;
    }

    public override string? Decode(ReadOnlySpan<char> octets, bool strict)
    {
        var text = new char[octets.Length];
        for (var i = 0; i < text.Length; i++)
        {
            text[i] = _table[octets[i] & 0xFF];
            if (strict && text[i] == '\uFFFD')
                return null;
        }

        return new string(text);
    }
}

/// <summary>
/// Two octets a character beside ASCII: GB 2312, KS X 1001, GBK, Big5, Shift_JIS and so on. The runtime knows more characters than the
/// smaller ones have, and mail that uses those is taken for something else. A first octet at the very end is left out.
/// </summary>
/// <param name="codePage">The runtime's code page that holds the charset.</param>
/// <param name="isCharacter">Whether a pair of octets, high one first, is of the charset; null: all that the runtime knows but private ones.</param>
/// <param name="changes">Pairs that are other characters than the runtime says.</param>
internal sealed class DoubleOctetCharset(
    int codePage,
    Func<int, bool>? isCharacter = null,
    params (int Pair, char Character)[] changes
) : CharsetDecoder
{
    private readonly char[] _pairs = MakePairs(codePage, isCharacter, changes);
    private readonly char[] _single = MakeSingle(codePage);

    public override string? Decode(ReadOnlySpan<char> octets, bool strict)
    {
        var text = new StringBuilder(octets.Length);
        for (var at = 0; at < octets.Length; at++)
        {
            var octet = octets[at] & 0xFF;
            if (_single[octet] != '\0' || octet == 0)
            {
                text.Append(_single[octet]);
                continue;
            }

            if (at + 1 == octets.Length && IsLead(octet))
                break;
            var pair = at + 1 < octets.Length ? _pairs[(octet << 8) | (octets[at + 1] & 0xFF)] : '\0';
            if (pair != '\0')
                at++;
            else if (strict)
                return null;
            text.Append(pair == '\0' ? '\uFFFD' : pair);
        }

        return text.ToString();
    }

    private bool IsLead(int octet) => _pairs.AsSpan(octet << 8, 256).ContainsAnyExcept('\0');

    private static char[] MakeSingle(int codePage)
    {
        var single = new char[256];
        for (var octet = 0; octet < 0x80; octet++)
            single[octet] = (char)octet;
        // Half-width katakana
        for (var octet = 0xA1; codePage == 932 && octet <= 0xDF; octet++)
            single[octet] = (char)(0xFF61 + octet - 0xA1);
        return single;
    }

    private static char[] MakePairs(int codePage, Func<int, bool>? isCharacter, (int Pair, char Character)[] changes)
    {
        var pairs = new char[65536];
        var encoding = (Encoding)Find(codePage).Clone();
        encoding.DecoderFallback = new DecoderReplacementFallback("\0");
        Span<char> read = stackalloc char[4];
        for (var pair = 0x8140; pair < 0xFEFF; pair++)
        {
            if (isCharacter is not null && !isCharacter(pair))
                continue;
            var count = encoding.GetChars([(byte)(pair >> 8), (byte)pair], read);
            if (count == 1 && read[0] is not (>= '\uE000' and <= '\uF8FF'))
                pairs[pair] = read[0];
        }

        foreach (var (pair, character) in changes)
            pairs[pair] = character;
        return pairs;
    }
}
