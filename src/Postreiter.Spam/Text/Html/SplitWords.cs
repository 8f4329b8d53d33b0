using System.Text;

namespace Postreiter.Spam.Text.Html;

/// <summary>How much of a word stands at either side of a tag, up to seven characters.</summary>
internal static class SplitWords
{
    private const int Most = 7;

    /// <summary>The most of these characters up to the border of a word; 0 for none.</summary>
    /// <param name="text">Characters from the tag away; eight if there are as many.</param>
    /// <param name="isCharacters">Whether they are characters, or octets.</param>
    public static int Length(ReadOnlySpan<Rune> text, bool isCharacters)
    {
        for (var length = Run(text, isCharacters); length > 0; length--)
        {
            var outside = length < text.Length && CharacterClass.IsWord(text[length], isCharacters);
            if (CharacterClass.IsWord(text[length - 1], isCharacters) != outside)
                return length;
        }

        return 0;
    }

    private static int Run(ReadOnlySpan<Rune> text, bool isCharacters)
    {
        var length = 0;
        while (length < Math.Min(text.Length, Most) && CharacterClass.IsInWord(text[length], isCharacters))
            length++;
        return length;
    }
}
