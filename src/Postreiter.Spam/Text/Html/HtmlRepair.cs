using System.Buffers;
using System.Text;

namespace Postreiter.Spam.Text.Html;

/// <summary>What is made of HTML before it is read: what every mail program understands and the tokenizer would not.</summary>
internal static class HtmlRepair
{
    /// <summary>A hard space is a space, <c>&lt;br/&gt;</c> is <c>&lt;br&gt;</c>, a curly quote is a quote.</summary>
    public static string Apply(string text, bool isCharacters)
    {
        text = text.Replace("&nbsp;", " ", StringComparison.Ordinal);
        if (text.Contains("/>", StringComparison.Ordinal))
            text = WithoutEmptyTags(text, isCharacters);
        return isCharacters ? text.Replace('\u201C', '"').Replace('\u201D', '"') : text;
    }

    private static string WithoutEmptyTags(string text, bool isCharacters)
    {
        var to = new StringBuilder(text.Length);
        var copied = 0;
        for (var open = text.IndexOf('<', StringComparison.Ordinal); open >= 0; open = text.IndexOf('<', open + 1))
        {
            var end = open + 1;
            while (
                end < text.Length
                && Rune.DecodeFromUtf16(text.AsSpan(end), out var rune, out var length) == OperationStatus.Done
                && CharacterClass.IsWord(rune, isCharacters)
            )
                end += length;
            var slash = end;
            while (slash < text.Length && CharacterClass.IsSpace(text[slash], isCharacters))
                slash++;
            if (end == open + 1 || string.CompareOrdinal(text, slash, "/>", 0, 2) != 0)
                continue;
            to.Append(text, copied, end - copied).Append('>');
            copied = slash + 2;
        }

        return copied == 0 ? text : to.Append(text, copied, text.Length - copied).ToString();
    }
}
