using System.Text;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Text;
using Postreiter.Spam.Text.Html;
using static Postreiter.Spam.Functions.CallArguments;

namespace Postreiter.Spam.Functions;

/// <summary>How far the plain text of a mail is from the HTML that it is offered for.</summary>
internal sealed class AlternativeDifference
{
    private double _perCent;
    private int _html;
    private int _text;

    private AlternativeDifference(SpamMail mail)
    {
        if (IsInvitation(mail.Root))
            return;
        foreach (var part in mail.Parts)
        {
            if (IsAlternative(part.Type))
                Compare(mail, part);
        }
    }

    /// <summary>Words of the HTML that the text lacks, per cent: above (0: no bound), up to.</summary>
    [RuleFunction("multipart_alternative_difference")]
    internal static int IsDifferent(RuleCall call)
    {
        var difference = call.Facts.Shared(Of)._perCent;
        return Hits((call.Number(0) == 0 || difference > call.Number(0)) && !(difference > call.Limit(1)));
    }

    /// <summary>Different words of the text by those of the HTML: above; with more words of the HTML than.</summary>
    [RuleFunction("multipart_alternative_difference_count")]
    internal static int HasMoreWords(RuleCall call)
    {
        var difference = call.Facts.Shared(Of);
        return Hits(
            difference._html > call.Number(1)
                && difference._html > 0
                && (double)difference._text / difference._html > call.Number(0)
        );
    }

    private static AlternativeDifference Of(MailFacts facts) => new(facts.Mail);

    private static bool IsAlternative(string type) =>
        type.StartsWith("multipart/alternative", StringComparison.Ordinal)
        && (type.Length == 21 || !Octets.IsWord(type[21]));

    // HTML and a calendar: the text is in the calendar.
    private static bool IsInvitation(MimePart root) =>
        root.Type == "multipart/alternative"
        && root.Children is [{ Type: "text/html", Children.Count: 0 }, { Type: "text/calendar", Children.Count: 0 }];

    private void Compare(SpamMail mail, MimePart alternative)
    {
        var html = new Dictionary<string, int>(StringComparer.Ordinal);
        var text = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var part in alternative.Tree())
        {
            if (!part.Type.StartsWith("text/", StringComparison.Ordinal) || mail.TextOf(part) is not { } shown)
                continue;
            Count(shown, shown.IsHtml ? html : text);
            // A picture is worth a word.
            if (shown is { IsHtml: true, Html: { } found } && html.Count == 0 && found.Inside.ContainsKey("img"))
                html["\n"] = 1;
        }

        if (html.Count == 0)
            return;
        (_html, _text) = (html.Count, text.Count);
        var missing = html.Count(word => !text.TryGetValue(word.Key, out var count) || count < word.Value);
        _perCent = Math.Max(_perCent, (double)missing / html.Count * 100);
    }

    private static void Count(PartText shown, Dictionary<string, int> words)
    {
        var counts = words.GetAlternateLookup<ReadOnlySpan<char>>();
        var text = shown.All.AsSpan();
        for (var at = 0; at < text.Length; )
        {
            var end = at;
            var isWord = false;
            while (end < text.Length && !CharacterClass.IsSpace(text[end], shown.IsCharacters))
            {
                Rune.DecodeFromUtf16(text[end..], out var rune, out var length);
                isWord |= CharacterClass.IsWord(rune, shown.IsCharacters);
                end += length;
            }

            if (isWord)
                counts[text[at..end]] = counts.TryGetValue(text[at..end], out var count) ? count + 1 : 1;
            at = end + 1;
        }
    }
}
