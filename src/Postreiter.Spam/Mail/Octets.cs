using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Postreiter.Spam.Mail;

/// <summary>
/// Text as octets: a char of a mail's text is one octet, U+0000 to U+00FF, and is never decoded to anything else. What Perl calls a
/// blank, a word character or a lower-case letter is ASCII only there; the methods of .NET know more and must not be used.
/// </summary>
internal static class Octets
{
    /// <summary>What <c>\s</c> matches in a string of octets.</summary>
    public static readonly SearchValues<char> Blanks = SearchValues.Create(" \t\n\v\f\r");

    private static readonly SearchValues<char> High = SearchValues.Create([
        .. Enumerable.Range(0x80, 0x80).Select(static c => (char)c),
    ]);

    private static readonly Encoding StrictUtf8 = new UTF8Encoding(false, throwOnInvalidBytes: false);

    public static bool IsBlank(char c) => c is ' ' or (>= '\t' and <= '\r');

    public static bool IsWord(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    public static bool HasHigh(ReadOnlySpan<char> text) => text.ContainsAny(High);

    public static ReadOnlySpan<char> TrimEnd(ReadOnlySpan<char> text)
    {
        var last = text.LastIndexOfAnyExcept(Blanks);
        return text[..(last + 1)];
    }

    public static ReadOnlySpan<char> TrimStart(ReadOnlySpan<char> text)
    {
        var first = text.IndexOfAnyExcept(Blanks);
        return first < 0 ? [] : text[first..];
    }

    public static ReadOnlySpan<char> Trim(ReadOnlySpan<char> text) => TrimStart(TrimEnd(text));

    /// <summary>Lower case as Perl's <c>lc</c> has it for octets: A to Z.</summary>
    public static string Lower(string text) =>
        text.AsSpan().ContainsAnyInRange('A', 'Z')
            ? string.Create(
                text.Length,
                text,
                static (to, from) =>
                {
                    for (var i = 0; i < to.Length; i++)
                        to[i] = from[i] is >= 'A' and <= 'Z' ? (char)(from[i] | 0x20) : from[i];
                }
            )
            : text;

    public static bool StartsIgnoreCase(ReadOnlySpan<char> text, ReadOnlySpan<char> start) =>
        text.Length >= start.Length && EqualsIgnoreCase(text[..start.Length], start);

    public static bool EqualsIgnoreCase(ReadOnlySpan<char> a, ReadOnlySpan<char> b)
    {
        if (a.Length != b.Length)
            return false;
        for (var i = 0; i < a.Length; i++)
        {
            if (a[i] != b[i] && (a[i] | 0x20) != (b[i] | 0x20))
                return false;
            if (a[i] != b[i] && !char.IsAsciiLetter(a[i]))
                return false;
        }

        return true;
    }

    /// <summary>Each char as the octet it stands for, UTF-8 read from them: characters. Broken sequences become U+FFFD.</summary>
    public static string FromUtf8(ReadOnlySpan<char> octets)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(Math.Max(1, octets.Length));
        var n = Encoding.Latin1.GetBytes(octets, bytes);
        var text = StrictUtf8.GetString(bytes, 0, n);
        ArrayPool<byte>.Shared.Return(bytes);
        return text;
    }

    /// <summary>Characters as their UTF-8 octets, one char each.</summary>
    public static string ToUtf8(ReadOnlySpan<char> characters)
    {
        if (System.Text.Ascii.IsValid(characters))
            return characters.ToString();
        var bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(characters.Length));
        var n = Encoding.UTF8.GetBytes(characters, bytes);
        var octets = Encoding.Latin1.GetString(bytes, 0, n);
        ArrayPool<byte>.Shared.Return(bytes);
        return octets;
    }

    /// <summary>Names of header fields: alike when they differ in the case of ASCII letters only.</summary>
    internal sealed class NameComparer
        : IEqualityComparer<string>,
            IAlternateEqualityComparer<ReadOnlySpan<char>, string>
    {
        public static readonly NameComparer Instance = new();

        public bool Equals(string? x, string? y) => x is not null && y is not null && EqualsIgnoreCase(x, y);

        public int GetHashCode([DisallowNull] string obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<char> alternate, string other) => EqualsIgnoreCase(alternate, other);

        public int GetHashCode(ReadOnlySpan<char> alternate)
        {
            var hash = 5381u;
            foreach (var c in alternate)
                hash = (hash * 33) ^ (char.IsAsciiLetterUpper(c) ? (uint)(c | 0x20) : c);
            return (int)hash;
        }

        public string Create(ReadOnlySpan<char> alternate) => alternate.ToString();
    }
}
