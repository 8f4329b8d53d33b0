using System.Buffers;
using System.Text;

namespace Postreiter.Net.Sasl;

/// <summary>Prepares names and passwords for comparison (RFC 4013).</summary>
/// <remarks>
/// Deviation: RFC 4013 §2.5: code points that Unicode 3.2 had not assigned are let through, as newer text needs them.
/// Bidirectional checks (§2.4) are left out: they protect the eye, not the comparison.
/// </remarks>
public static class SaslPrep
{
    // RFC 3454 table B.1: mapped to nothing.
    private static readonly SearchValues<char> Nothing = SearchValues.Create(
        "\u00AD\u034F\u1806\u180B\u180C\u180D\u200B\u200C\u200D\u2060\uFE00\uFE01\uFE02\uFE03\uFE04\uFE05\uFE06\uFE07"
            + "\uFE08\uFE09\uFE0A\uFE0B\uFE0C\uFE0D\uFE0E\uFE0F\uFEFF"
    );

    // RFC 3454 table C.1.2: mapped to space (U+200B is mapped to nothing first).
    private static readonly SearchValues<char> Spaces = SearchValues.Create(
        "\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u202F\u205F\u3000"
    );

    /// <summary>Maps and normalises (NFKC).</summary>
    /// <returns>Null when the text holds what RFC 4013 §2.3 prohibits, or is empty afterwards.</returns>
    public static string? Prepare(string text)
    {
        if (Ascii.IsValid(text))
            return text.Length > 0 && !text.AsSpan().ContainsAnyInRange('\0', '\u001F') && !text.Contains('\u007F')
                ? text
                : null;
        var mapped = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (Spaces.Contains(c))
                mapped.Append(' ');
            else if (!Nothing.Contains(c))
                mapped.Append(c);
        }

        try
        {
            var prepared = mapped.ToString().Normalize(NormalizationForm.FormKC);
            return prepared.Length > 0 && IsAllowed(prepared) ? prepared : null;
        }
        catch (ArgumentException)
        {
            // A lone surrogate: RFC 4013 §2.3 (table C.5).
            return null;
        }
    }

    private static bool IsAllowed(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            var value = rune.Value;
            var prohibited =
                value is < 0x20 or (>= 0x7F and <= 0x9F) // C.2
                || value is 0x06DD or 0x070F or 0x180E or 0x2028 or 0x2029 or (>= 0x2061 and <= 0x2063)
                || value is (>= 0x206A and <= 0x206F) or (>= 0xFFF9 and <= 0xFFFD) or (>= 0x1D173 and <= 0x1D17A)
                || value is (>= 0xE000 and <= 0xF8FF) or >= 0xF0000 // C.3
                || value is (>= 0xFDD0 and <= 0xFDEF)
                || (value & 0xFFFE) == 0xFFFE // C.4
                || value is (>= 0x2FF0 and <= 0x2FFB) or 0x0340 or 0x0341 or 0x200E or 0x200F // C.7, C.8
                || value is (>= 0x202A and <= 0x202E) or (>= 0xE0000 and <= 0xE007F); // C.8, C.9
            if (prohibited)
                return false;
        }

        return true;
    }
}
