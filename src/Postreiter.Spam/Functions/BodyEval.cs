using Postreiter.Spam.Mail;
using static Postreiter.Spam.Functions.CallArguments;

namespace Postreiter.Spam.Functions;

/// <summary>Functions of SpamAssassin's BodyEval: lengths, blanks, words of stock market tips.</summary>
internal static class BodyEval
{
    private static readonly FunctionPattern StockWord = new(
        @"(^trad(?:e|ing)date|company(?:name)?|s\w?(?:t\w?o\w?c\w?k|y\w?m(?:\w?b\w?o\w?l)?)|t(?:arget|icker)|(?:opening|current)p(?:rice)?"
            + @"|p(?:rojected|osition)|expectations|weeks?high|marketperformance|(?:year|week|month|day|price)(?:target|estimates?)|sector"
            + @"|r(?:ecommendation|ating))$"
    );

    /// <summary>Blank lines among those of the text parts, per cent: above (0: no bound), up to, of so many lines at least.</summary>
    [RuleFunction("check_blank_line_ratio")]
    internal static int HasBlankLines(RuleCall call)
    {
        var (blank, lines) = call.Facts.Shared(BlankLines.Of);
        var least = Math.Max(1, call.Number(2));
        var share = lines < least ? -1 : 100.0 * blank / lines;
        return Hits((call.Number(0) == 0 || share > call.Number(0)) && share <= call.Number(1));
    }

    /// <summary>Blanks by other octets of the paragraph that has most of them, per cent: least, below which; 100 takes in all.</summary>
    [RuleFunction("tvd_vertical_words")]
    internal static int HasVerticalWords(RuleCall call)
    {
        var most = -1;
        foreach (var line in call.Facts.Body)
        {
            if (line.Length <= 5)
                continue;
            var spaces = line.Span.Count(' ');
            var others = line.Length - spaces;
            most = Math.Max(most, spaces > others || others == 0 ? 100 : 100 * spaces / others);
        }

        var below = call.Number(1);
        return Hits(most >= call.Number(0) && most < (below >= 100 ? 101 : below));
    }

    /// <summary>Different words such as "Symbol:" and "Current Price:" in the first plain text: least.</summary>
    [RuleFunction("check_stock_info")]
    internal static int HasStockWords(RuleCall call) =>
        Hits(call.Number(0) == 0 || call.Facts.Shared(StockWords.Of).Words.Count >= call.Number(0));

    /// <summary>Octets of the body: most.</summary>
    [RuleFunction("check_body_length")]
    internal static int IsBodyShort(RuleCall call) => Hits(call.Mail.PristineBody.Length <= call.Number(0));

    /// <summary>Octets of the first plain text without its signature: least, most.</summary>
    [RuleFunction("plaintext_body_length")]
    internal static int IsTextInRange(RuleCall call) => Hits(IsInRange(call, call.Facts.Shared(Signature.Of).Body));

    /// <summary>Octets of its signature: least, most.</summary>
    [RuleFunction("plaintext_sig_length")]
    internal static int IsSignatureInRange(RuleCall call) =>
        Hits(IsInRange(call, call.Facts.Shared(Signature.Of).Length));

    /// <summary>Octets of the text by those of its signature, a million without one: least, most.</summary>
    [RuleFunction("plaintext_body_sig_ratio")]
    internal static int IsSignatureRatioInRange(RuleCall call)
    {
        var (body, length) = call.Facts.Shared(Signature.Of);
        var ratio = length > 0 ? (double?)body / length : 1_000_000;
        return Hits(
            body is not null
                && ratio >= call.Number(0)
                && ratio <= (call.Argument(1) is null ? 1_000_000 : call.Number(1))
        );
    }

    private static bool IsInRange(RuleCall call, int? length) =>
        length >= call.Number(0) && (call.Argument(1) is null || length <= call.Number(1));

    private sealed record BlankLines(int Blank, int All)
    {
        public static BlankLines Of(MailFacts facts)
        {
            var (blank, all) = (0, 0);
            foreach (var piece in facts.Mail.RawBody)
            {
                for (var at = 0; at < piece.Length; all++)
                {
                    var line = HeaderSection.LineAt(piece.Span, at);
                    blank += Octets.Trim(line).IsEmpty ? 1 : 0;
                    at += line.Length;
                }
            }

            return new BlankLines(blank, all);
        }
    }

    // The text in front of the last line "-- " that more than four octets follow, and what follows it.
    private sealed record Signature(int? Body, int? Length)
    {
        public static Signature Of(MailFacts facts)
        {
            var part = facts.Mail.Parts.FirstOrDefault(static p =>
                p.Type.StartsWith("text/plain", StringComparison.Ordinal)
            );
            if (part?.Decoded is not { } text)
                return new Signature(null, null);
            var (body, length) = (text.Length, 0);
            for (var at = 0; at < text.Length; )
            {
                var line = HeaderSection.LineAt(text, at);
                var mark = line.TrimEnd('\n');
                if (mark is [.., '\r'])
                    mark = mark[..^1];
                var end = at + line.TrimEnd('\n').Length;
                if (mark is "--" or "-- " && text.Length - end > 4)
                    (body, length) = (at, text.Length - end);
                at += line.Length;
            }

            return new Signature(body, length);
        }
    }

    private sealed record StockWords(HashSet<string> Words)
    {
        private const int LongestName = 30;

        public static StockWords Of(MailFacts facts)
        {
            var words = new HashSet<string>(StringComparer.Ordinal);
            var part = facts.Mail.Parts.FirstOrDefault(static p => p.Type == "text/plain");
            if (part is null || facts.Mail.TextOf(part) is not { } text)
                return new StockWords(words);
            foreach (var line in text.All.Split('\n'))
            {
                if (Name(line) is { } name && StockWord.Find(name) is { } word)
                    words.Add(word);
            }

            return new StockWords(words);
        }

        // What stands in front of the first colon, 3 to 30 characters and blanks, its letters in lower case.
        private static string? Name(ReadOnlySpan<char> line)
        {
            line = line.TrimStart();
            var colon = line.IndexOf(':');
            if (colon < 3 || line[(colon + 1)..].Trim().IsEmpty)
                return null;
            if (!line[Math.Min(LongestName, colon)..colon].Trim().IsEmpty)
                return null;
            return string.Concat(
                line[..colon].ToString().Where(char.IsAsciiLetter).Select(static c => (char)(c | 0x20))
            );
        }
    }
}
