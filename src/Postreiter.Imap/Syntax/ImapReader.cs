using System.Buffers;
using System.Globalization;
using System.Text;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Syntax;

/// <summary>
/// Reads the arguments of one complete command, its literals included as they came. Each Try method moves on only when
/// it gives true.
/// </summary>
internal sealed class ImapReader(ReadOnlyMemory<byte> command)
{
    /// <summary>Deepest nesting of parentheses (L23).</summary>
    public const int MaxDepth = 32;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);
    private static readonly SearchValues<byte> QuotedStops = SearchValues.Create("\"\\\r\n\0"u8);
    private int _at;
    private int _depth;

    /// <summary>Whether all has been read.</summary>
    public bool AtEnd => _at == command.Length;

    /// <summary>The place of the next byte, from the command's start.</summary>
    public int Position => _at;

    /// <summary>What has not been read yet.</summary>
    public ReadOnlySpan<byte> Rest => command.Span[_at..];

    /// <summary>The next byte, or 0 at the end.</summary>
    public byte Peek => AtEnd ? (byte)0 : command.Span[_at];

    /// <summary>The limit that stopped the reading, such as <c>L23</c>; null when none did.</summary>
    public string? LimitMet { get; private set; }

    /// <summary>Notes that a limit was met.</summary>
    /// <returns>False, for the parser that stops there.</returns>
    public bool Exceeds(string limit)
    {
        LimitMet = limit;
        return false;
    }

    /// <summary>Takes one byte.</summary>
    public bool TryByte(byte b)
    {
        if (AtEnd || command.Span[_at] != b)
            return false;
        _at++;
        return true;
    }

    /// <summary>Takes one space.</summary>
    public bool TrySpace() => TryByte((byte)' ');

    /// <summary>Takes "(", at most <see cref="MaxDepth"/> deep.</summary>
    public bool TryOpen()
    {
        if (!TryByte((byte)'('))
            return false;
        if (_depth == MaxDepth)
            return Exceeds("L23");
        _depth++;
        return true;
    }

    /// <summary>Takes ")".</summary>
    public bool TryClose()
    {
        if (_depth == 0 || !TryByte((byte)')'))
            return false;
        _depth--;
        return true;
    }

    /// <summary>Takes a word in any case, when no further atom character follows it.</summary>
    public bool TryKeyword(ReadOnlySpan<byte> word)
    {
        var rest = Rest;
        if (rest.Length < word.Length || !Ascii.EqualsIgnoreCase(rest[..word.Length], word))
            return false;
        if (rest.Length > word.Length && IsAtomByte(rest[word.Length]))
            return false;
        _at += word.Length;
        return true;
    }

    /// <summary><c>atom = 1*ATOM-CHAR</c>.</summary>
    public bool TryAtom(out string atom) => TryRun(IsAtomByte, out atom);

    /// <summary><c>tag = 1*&lt;any ASTRING-CHAR except "+"&gt;</c>.</summary>
    public bool TryTag(out string tag) => TryRun(static b => b != '+' && IsAstringByte(b), out tag);

    /// <summary><c>astring = 1*ASTRING-CHAR / string</c>, as bytes.</summary>
    public bool TryAstring(out byte[] value)
    {
        if (TryString(out value))
            return true;
        if (!TryRun(IsAstringByte, out var atom))
            return false;
        value = Encoding.ASCII.GetBytes(atom);
        return true;
    }

    /// <summary><c>list-mailbox</c>: as an astring, <c>*</c> and <c>%</c> allowed in the bare form.</summary>
    public bool TryListMailbox(out byte[] value)
    {
        if (TryString(out value))
            return true;
        if (!TryRun(static b => IsAstringByte(b) || b is (byte)'*' or (byte)'%', out var atom))
            return false;
        value = Encoding.ASCII.GetBytes(atom);
        return true;
    }

    /// <summary>An astring as text in UTF-8; false when it is not valid UTF-8.</summary>
    public bool TryAstringText(out string value)
    {
        var start = _at;
        value = "";
        if (!TryAstring(out var bytes))
            return false;
        try
        {
            value = StrictUtf8.GetString(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            _at = start;
            return false;
        }
    }

    /// <summary><c>string = quoted / literal</c> (and literal8, RFC 9051 §9).</summary>
    public bool TryString(out byte[] value)
    {
        value = [];
        return Peek switch
        {
            (byte)'"' => TryQuoted(out value),
            (byte)'{' or (byte)'~' => TryLiteral(out value),
            _ => false,
        };
    }

    /// <summary><c>nstring = string / nil</c>; null is NIL.</summary>
    public bool TryNstring(out byte[]? value)
    {
        value = null;
        if (TryKeyword("NIL"u8))
            return true;
        if (!TryString(out var bytes))
            return false;
        value = bytes;
        return true;
    }

    /// <summary><c>number</c>: up to 4,294,967,295.</summary>
    public bool TryNumber(out uint number)
    {
        number = 0;
        var start = _at;
        if (!TryNumber64(out var wide) || wide > uint.MaxValue)
        {
            _at = start;
            return false;
        }

        number = (uint)wide;
        return true;
    }

    /// <summary><c>number64</c>: up to 2^63-1.</summary>
    public bool TryNumber64(out long number)
    {
        var rest = Rest;
        var end = 0;
        while (end < rest.Length && end < 20 && rest[end] is >= (byte)'0' and <= (byte)'9')
            end++;
        if (!long.TryParse(rest[..end], NumberStyles.None, CultureInfo.InvariantCulture, out number))
            return false;
        _at += end;
        return true;
    }

    /// <summary><c>sequence-set</c>, bounded by L23.</summary>
    public bool TrySequenceSet(out SequenceSet set)
    {
        var start = _at;
        set = new SequenceSet([], IsSavedResult: true);
        if (TryByte((byte)'$'))
            return true;
        var ranges = new List<(uint, uint)>(1);
        do
        {
            if (ranges.Count == SequenceSet.MaxRanges)
                return Exceeds("L23");
            if (!TrySequenceNumber(out var first))
                return Back(start);
            var last = first;
            if (TryByte((byte)':') && !TrySequenceNumber(out last))
                return Back(start);
            ranges.Add((first, last));
        } while (TryByte((byte)','));
        set = new SequenceSet(ranges, IsSavedResult: false);
        return true;
    }

    /// <summary>A flag list in parentheses. Flags with a backslash that we do not know, \Recent too, are passed over.</summary>
    public bool TryFlagList(out MessageFlags flags)
    {
        var start = _at;
        flags = MessageFlags.None;
        if (!TryOpen())
            return false;
        var (system, keywords) = (SystemFlags.None, new List<string>());
        for (var first = true; !TryClose(); first = false)
        {
            if (!first && !TrySpace())
                return Back(start);
            if (!TryFlag(ref system, keywords))
                return Back(start);
        }

        flags = new MessageFlags(system, keywords);
        return true;
    }

    /// <summary>One flag, added to what is there.</summary>
    public bool TryFlag(ref SystemFlags system, List<string> keywords)
    {
        var start = _at;
        var isSystem = TryByte((byte)'\\');
        if (keywords.Count > 256 || !TryAtom(out var name))
            return Back(start);
        if (!isSystem)
            keywords.Add(name);
        else
            system |= name.ToUpperInvariant() switch
            {
                "SEEN" => SystemFlags.Seen,
                "ANSWERED" => SystemFlags.Answered,
                "FLAGGED" => SystemFlags.Flagged,
                "DELETED" => SystemFlags.Deleted,
                "DRAFT" => SystemFlags.Draft,
                _ => SystemFlags.None,
            };
        return true;
    }

    internal static bool IsAtomByte(byte b) => b is > 0x20 and < 0x7F && !"(){%*\"\\]"u8.Contains(b);

    private static bool IsAstringByte(byte b) => b == ']' || IsAtomByte(b);

    private bool TrySequenceNumber(out uint number)
    {
        number = SequenceSet.Star;
        return TryByte((byte)'*') || (Peek is >= (byte)'1' and <= (byte)'9' && TryNumber(out number));
    }

    private bool TryRun(Func<byte, bool> accepts, out string text)
    {
        var rest = Rest;
        var end = 0;
        while (end < rest.Length && accepts(rest[end]))
            end++;
        text = Encoding.ASCII.GetString(rest[..end]);
        _at += end;
        return end > 0;
    }

    private bool TryQuoted(out byte[] value)
    {
        value = [];
        var rest = Rest[1..];
        var end = rest.IndexOfAny(QuotedStops);
        if (end >= 0 && rest[end] == '"')
        {
            value = rest[..end].ToArray();
            _at += end + 2;
            return true;
        }

        return end >= 0 && rest[end] == '\\' && TryEscaped(rest, out value);
    }

    private bool TryEscaped(ReadOnlySpan<byte> rest, out byte[] value)
    {
        value = [];
        var result = new ArrayBufferWriter<byte>(rest.Length);
        while (rest.IndexOfAny(QuotedStops) is >= 0 and var stop)
        {
            result.Write(rest[..stop]);
            if (rest[stop] == '"')
            {
                value = result.WrittenSpan.ToArray();
                _at = command.Length - rest.Length + stop + 1;
                return true;
            }

            // RFC 9051 §9: quoted-specials, and nothing else, stand behind a backslash.
            if (rest[stop] != '\\' || stop + 1 == rest.Length || rest[stop + 1] is not ((byte)'"' or (byte)'\\'))
                break;
            result.Write(rest.Slice(stop + 1, 1));
            rest = rest[(stop + 2)..];
        }

        return false;
    }

    private bool TryLiteral(out byte[] value)
    {
        value = [];
        var start = _at;
        TryByte((byte)'~');
        if (!TryByte((byte)'{') || !TryNumber64(out var length))
            return Back(start);
        TryByte((byte)'+');
        if (!TryByte((byte)'}') || !TryByte((byte)'\r') || !TryByte((byte)'\n') || length > command.Length - _at)
            return Back(start);
        value = command.Span.Slice(_at, (int)length).ToArray();
        _at += (int)length;
        return true;
    }

    private bool Back(int start)
    {
        _at = start;
        return false;
    }
}
