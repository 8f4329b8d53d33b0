using System.Buffers.Text;

namespace Postreiter.Pop3.Syntax;

/// <summary>Numbers in arguments: base 10, digits only (RFC 1939 §4).</summary>
internal static class MessageNumbers
{
    /// <summary>Reads one message number, 1 or more.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out int number) =>
        TryParseNumber(text, out number) && number > 0;

    /// <summary>Reads <c>msg n</c> of TOP: a message number, a space, a count of 0 or more.</summary>
    public static bool TryParseWithCount(ReadOnlySpan<byte> text, out int number, out int count)
    {
        count = 0;
        var space = text.IndexOf((byte)' ');
        if (space < 0)
        {
            number = 0;
            return false;
        }

        return TryParse(text[..space], out number) && TryParseNumber(text[(space + 1)..], out count);
    }

    private static bool TryParseNumber(ReadOnlySpan<byte> text, out int number)
    {
        number = 0;
        return !text.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            && Utf8Parser.TryParse(text, out number, out var used)
            && used == text.Length;
    }
}
