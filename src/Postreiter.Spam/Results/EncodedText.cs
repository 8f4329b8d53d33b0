using System.Text;

namespace Postreiter.Spam.Results;

/// <summary>Text of our own in a header field.</summary>
public static class EncodedText
{
    /// <summary>Makes text ASCII: words with other characters become encoded words (RFC 2047 §2) in UTF-8.</summary>
    public static string Ascii(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return EncodedField.Encode(Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text)));
    }
}
