using System.Globalization;
using System.Text;

namespace Postreiter.Spam.Text.Html;

/// <summary>What Perl's <c>\s</c> and <c>\w</c> match: in characters by Unicode, in octets by ASCII.</summary>
internal static class CharacterClass
{
    public static bool IsSpace(char c, bool isCharacters) =>
        c < 0x80 ? Mail.Octets.IsBlank(c) : isCharacters && char.IsWhiteSpace(c);

    public static bool IsWord(Rune rune, bool isCharacters)
    {
        if (rune.IsAscii)
            return Rune.IsLetterOrDigit(rune) || rune.Value == '_';
        if (!isCharacters)
            return false;
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter
            or UnicodeCategory.LowercaseLetter
            or UnicodeCategory.TitlecaseLetter
            or UnicodeCategory.ModifierLetter
            or UnicodeCategory.OtherLetter
            or UnicodeCategory.NonSpacingMark
            or UnicodeCategory.SpacingCombiningMark
            or UnicodeCategory.EnclosingMark
            or UnicodeCategory.DecimalDigitNumber
            or UnicodeCategory.LetterNumber
            or UnicodeCategory.ConnectorPunctuation => true,
            // Zero-width joiners, and circled letters.
            _ => rune.Value is 0x200C or 0x200D or (>= 0x24B6 and <= 0x24E9),
        };
    }

    /// <summary>Neither white space nor ASCII punctuation: what words are made of.</summary>
    public static bool IsInWord(Rune rune, bool isCharacters)
    {
        if (!rune.IsAscii)
            return !rune.IsBmp || !IsSpace((char)rune.Value, isCharacters);
        var c = (char)rune.Value;
        return !Mail.Octets.IsBlank(c)
            && c is not ((>= '!' and <= '/') or (>= ':' and <= '@') or (>= '[' and <= '`') or (>= '{' and <= '~'));
    }
}
