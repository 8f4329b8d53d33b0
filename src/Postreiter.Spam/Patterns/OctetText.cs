using System.Buffers;

namespace Postreiter.Spam.Patterns;

/// <summary>
/// Maps octets for .NET's engine: below 0x80 as they are, from there U+F780…U+F7FF. Those are private-use characters, neither letters nor
/// blanks nor cased, so that .NET's own `\w \s \d \b` mean ASCII.
/// </summary>
internal ref struct OctetText
{
    /// <summary>What is added to an octet from 0x80.</summary>
    public const int Offset = 0xF700;

    private char[]? _rented;

    /// <summary>The mapped text, as long as this lives.</summary>
    public ReadOnlySpan<char> Span { get; private set; }

    /// <summary>Maps a text; pure ASCII is used as it stands.</summary>
    public static OctetText Map(ReadOnlySpan<char> text)
    {
        if (System.Text.Ascii.IsValid(text))
            return new OctetText { Span = text };
        var rented = ArrayPool<char>.Shared.Rent(text.Length);
        Map(text, rented);
        return new OctetText { _rented = rented, Span = rented.AsSpan(0, text.Length) };
    }

    /// <summary>Maps a text into a string of its own.</summary>
    public static string Map(string text) =>
        System.Text.Ascii.IsValid(text) ? text : string.Create(text.Length, text, static (to, from) => Map(from, to));

    /// <summary>Maps into a buffer at least as long.</summary>
    public static void Map(ReadOnlySpan<char> text, Span<char> to)
    {
        for (var i = 0; i < text.Length; i++)
            to[i] = text[i] < 0x80 ? text[i] : (char)(text[i] + Offset);
    }

    /// <summary>The octets of a mapped text.</summary>
    public static string Unmap(string mapped) =>
        System.Text.Ascii.IsValid(mapped)
            ? mapped
            : string.Create(
                mapped.Length,
                mapped,
                static (to, from) =>
                {
                    for (var i = 0; i < to.Length; i++)
                        to[i] = from[i] < Offset ? from[i] : (char)(from[i] - Offset);
                }
            );

    /// <summary>Gives the buffer back.</summary>
    public void Dispose()
    {
        if (_rented is not null)
            ArrayPool<char>.Shared.Return(_rented);
        _rented = null;
        Span = default;
    }
}
