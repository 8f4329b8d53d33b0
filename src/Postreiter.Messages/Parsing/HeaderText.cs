using System.Text;

namespace Postreiter.Messages.Parsing;

/// <summary>Bytes of header fields as text.</summary>
internal static class HeaderText
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>UTF-8 (RFC 6532) where the bytes are that, otherwise each byte a Latin-1 character.</summary>
    public static string Read(ReadOnlySpan<byte> bytes) =>
        Ascii.IsValid(bytes) || System.Text.Unicode.Utf8.IsValid(bytes)
            ? Strict.GetString(bytes)
            : Encoding.Latin1.GetString(bytes);

    /// <summary>The value without its line ends (RFC 5322 §2.2.3) and without white space around it; NULs are gone.</summary>
    public static string Unfold(ReadOnlySpan<byte> value)
    {
        var text = Read(value).Trim(' ', '\t', '\r', '\n');
        return text.AsSpan().ContainsAny('\r', '\n', '\0')
            ? text.Replace("\r", "", StringComparison.Ordinal)
                .Replace("\n", "", StringComparison.Ordinal)
                .Replace("\0", "", StringComparison.Ordinal)
            : text;
    }
}
