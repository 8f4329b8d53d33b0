using System.Text;

namespace Postreiter.Spam.Text;

/// <summary>Reads text of one code page.</summary>
internal sealed class CharsetDecoder
{
    private readonly Encoding _strict;
    private readonly Encoding _lenient;

    public CharsetDecoder(int codePage)
    {
        var encoding = CodePagesEncodingProvider.Instance.GetEncoding(codePage) ?? Encoding.GetEncoding(codePage);
        _strict = (Encoding)encoding.Clone();
        _strict.DecoderFallback = DecoderFallback.ExceptionFallback;
        _lenient = (Encoding)encoding.Clone();
        _lenient.DecoderFallback = new DecoderReplacementFallback("\uFFFD");
    }

    /// <summary>The characters; null if it is read strictly and something in it is none.</summary>
    public string? Decode(ReadOnlySpan<char> octets, bool strict)
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
