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

    public override string? Decode(ReadOnlySpan<char> octets, bool strict)
    {
        var bytes = Encoding.Latin1.GetBytes(octets.ToArray());
        if (!strict)
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
    public SingleOctetCharset(int codePage, bool isWindows)
    {
        _table = Find(codePage).GetChars([.. Enumerable.Range(0, 256).Select(static i => (byte)i)]);
        for (var i = 0x80; i < 256; i++)
        {
            if (_table[i] is >= '\uE000' and <= '\uF8FF' || (isWindows && _table[i] < '\u00A0'))
                _table[i] = '\uFFFD';
        }
    }

    /// <param name="high">The characters of 0x80 to 0xFF; those below are ASCII.</param>
    public SingleOctetCharset(string high)
    {
        _table = new char[256];
        for (var i = 0; i < 256; i++)
            _table[i] = i < 0x80 ? (char)i : high[i - 0x80];
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
