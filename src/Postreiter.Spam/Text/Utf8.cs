using System.Text;

namespace Postreiter.Spam.Text;

/// <summary>UTF-8 (RFC 3629) in octets that are chars.</summary>
internal static class Utf8
{
    /// <summary>Whether all of it is well-formed, without surrogates and without the code points that are no characters (U+FFFE, U+FDD0…).</summary>
    public static bool IsValid(ReadOnlySpan<char> octets)
    {
        for (var at = 0; at < octets.Length; )
        {
            var length = octets[at] < 0x80 ? 1 : Sequence(octets, at, out _);
            if (length == 0)
                return false;
            at += length;
        }

        return true;
    }

    /// <summary>Characters, with one U+FFFD for a lead octet and those that follow it where they are no character.</summary>
    public static string DecodeLeniently(ReadOnlySpan<char> octets)
    {
        var to = new StringBuilder(octets.Length);
        for (var at = 0; at < octets.Length; )
        {
            if (octets[at] < 0x80)
            {
                to.Append(octets[at++]);
                continue;
            }

            var length = Sequence(octets, at, out var rune);
            to.Append((length == 0 ? Rune.ReplacementChar : rune).ToString());
            at += length == 0 ? Broken(octets, at) : length;
        }

        return to.ToString();
    }

    /// <summary>The length of the character that begins here, 0 if it is none.</summary>
    private static int Sequence(ReadOnlySpan<char> octets, int at, out Rune rune)
    {
        rune = default;
        var lead = octets[at];
        var length = lead switch
        {
            >= '\xC2' and <= '\xDF' => 2,
            >= '\xE0' and <= '\xEF' => 3,
            >= '\xF0' and <= '\xF4' => 4,
            _ => 0,
        };
        if (length == 0 || at + length > octets.Length)
            return 0;
        var value = lead & (0xFF >> (length + 1));
        for (var i = 1; i < length; i++)
        {
            if ((octets[at + i] & 0xC0) != 0x80)
                return 0;
            value = (value << 6) | (octets[at + i] & 0x3F);
        }

        var least = length switch
        {
            2 => 0x80,
            3 => 0x800,
            _ => 0x10000,
        };
        if (value < least || !Rune.TryCreate(value, out rune))
            return 0;
        return (value & 0xFFFE) == 0xFFFE || value is >= 0xFDD0 and <= 0xFDEF ? 0 : length;
    }

    // A lead octet takes as many that follow as it says, in the longer forms of old too.
    private static int Broken(ReadOnlySpan<char> octets, int at)
    {
        var most = octets[at] switch
        {
            < '\xC0' => 1,
            < '\xE0' => 2,
            < '\xF0' => 3,
            < '\xF8' => 4,
            < '\xFC' => 5,
            < '\xFE' => 6,
            '\xFE' => 7,
            _ => 13,
        };
        var length = 1;
        while (length < most && at + length < octets.Length && (octets[at + length] & 0xC0) == 0x80)
            length++;
        return length;
    }
}
