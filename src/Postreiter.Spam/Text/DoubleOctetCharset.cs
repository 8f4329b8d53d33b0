using System.Globalization;
using System.Text;

namespace Postreiter.Spam.Text;

/// <summary>
/// Two octets a character beside ASCII (GB 2312, KS X 1001, GBK, Big5, Shift_JIS), and the three of EUC-JP behind 8F. The runtime knows more
/// characters than the smaller ones have, and mail that uses those is taken for something else. A first octet at the very end is left out.
/// </summary>
internal sealed class DoubleOctetCharset : CharsetDecoder
{
    private const char None = '\uFFFD';
    private const int Lead3 = 0x8F;

    // Characters of two units, by place.
    private readonly Dictionary<int, string> _long = [];
    private readonly char[] _single = new char[256];
    private readonly char[] _pairs = new char[65536];
    private readonly char[]? _triples;

    /// <param name="codePage">The runtime's code page that comes near.</param>
    /// <param name="changes">Places that hold something else: one octet, two, or three that begin with 8F.</param>
    public DoubleOctetCharset(int codePage, IEnumerable<(int Place, string? Text)> changes)
    {
        Array.Fill(_single, None);
        for (var octet = 0; octet < 0x80; octet++)
            _single[octet] = (char)octet;
        Array.Fill(_pairs, None);
        var encoding = (Encoding)Find(codePage).Clone();
        encoding.DecoderFallback = new DecoderReplacementFallback("\uFFFD");
        // 20932 has the supplementary kanji where a first octet stands before a low one.
        var isEucJp = codePage == 20932;
        _triples = isEucJp ? new char[65536] : null;
        for (var pair = 0x8121; pair <= 0xFFFF; pair++)
        {
            var (first, second) = ((byte)(pair >> 8), (byte)pair);
            if (second < 0x21)
                continue;
            if (!isEucJp || second >= 0x80)
                _pairs[pair] = One(encoding, first, second);
            if (_triples is not null && first >= 0xA1 && second >= 0xA1)
                _triples[pair] = One(encoding, first, (byte)(second & 0x7F));
        }

        foreach (var (place, text) in changes)
            Change(place, text);
    }

    /// <inheritdoc/>
    public override string? Decode(ReadOnlySpan<char> octets, bool strict) =>
        Decode(octets, strict ? null : static (to, _) => to.Append(None));

    /// <summary>The characters; an octet that is none is written as <c>\xHH</c>.</summary>
    public string DecodeQuoting(ReadOnlySpan<char> octets) =>
        Decode(octets, static (to, octet) => to.Append(CultureInfo.InvariantCulture, $"\\x{octet:X2}"))!;

    private string? Decode(ReadOnlySpan<char> octets, Action<StringBuilder, int>? replace)
    {
        var text = new StringBuilder(octets.Length);
        for (var at = 0; at < octets.Length; at++)
        {
            var octet = octets[at] & 0xFF;
            if (_single[octet] != None)
            {
                text.Append(_single[octet]);
                continue;
            }

            var isTriple = octet == Lead3 && _triples is not null;
            if (at + 1 == octets.Length && (isTriple || IsLead(octet)))
                break;
            var pair = at + 1 < octets.Length ? (octet << 8) | (octets[at + 1] & 0xFF) : 0;
            if (isTriple)
            {
                if (at + 2 == octets.Length && (pair & 0xFF) >= 0xA1)
                    break;
                pair = at + 2 < octets.Length ? ((pair & 0xFF) << 8) | (octets[at + 2] & 0xFF) : 0;
            }

            var found = isTriple ? _triples![pair] : _pairs[pair];
            if (found is None or '\0')
            {
                if (replace is null)
                    return null;
                replace(text, octet);
                continue;
            }

            at += isTriple ? 2 : 1;
            if (found == '\x01' && _long.TryGetValue(isTriple ? (Lead3 << 16) | pair : pair, out var units))
                text.Append(units);
            else
                text.Append(found);
        }

        return text.ToString();
    }

    private static char One(Encoding encoding, byte first, byte second)
    {
        Span<char> read = stackalloc char[4];
        return encoding.GetChars([first, second], read) == 1 ? read[0] : None;
    }

    private void Change(int place, string? text)
    {
        if (text is { Length: 2 })
            _long[place] = text;
        var one = text switch
        {
            null => None,
            { Length: 2 } => '\x01',
            _ => text[0],
        };
        if (place < 0x100)
            _single[place] = one;
        else if (place <= 0xFFFF)
            _pairs[place] = one;
        else
            _triples![place & 0xFFFF] = one;
    }

    private bool IsLead(int octet) => _pairs.AsSpan(octet << 8, 256).ContainsAnyExcept(None);
}
