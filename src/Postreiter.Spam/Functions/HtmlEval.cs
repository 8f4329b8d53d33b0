using System.Buffers;
using Postreiter.Spam.Mail;
using static Postreiter.Spam.Functions.CallArguments;

namespace Postreiter.Spam.Functions;

/// <summary>Functions of SpamAssassin's HTMLEval: what was found in the HTML parts of a mail; one part is enough.</summary>
internal static class HtmlEval
{
    /// <summary>How often an element is open at the end: element, comparison such as `!= 0`.</summary>
    [RuleFunction("html_tag_balance")]
    internal static int IsBalance(RuleCall call)
    {
        var comparison = Comparison.Read(call.Argument(1));
        var tag = call.Argument(0) ?? "";
        foreach (var html in call.Mail.Html)
        {
            if (html.Inside.TryGetValue(tag, out var open) && comparison?.Holds(open) == true)
                return 1;
        }

        return 0;
    }

    /// <summary>A picture, and HTML of so many characters: more than, up to.</summary>
    [RuleFunction("html_image_only")]
    internal static int IsImageOnly(RuleCall call)
    {
        foreach (var html in call.Mail.Html)
        {
            if (html.Inside.ContainsKey("img") && html.Length > call.Number(0) && html.Length <= call.Number(1))
                return 1;
        }

        return 0;
    }

    /// <summary>Characters of text by square pixels of pictures: more than, up to.</summary>
    [RuleFunction("html_image_ratio")]
    internal static int IsImageRatio(RuleCall call)
    {
        foreach (var html in call.Mail.Html)
        {
            var ratio = html.NonSpaceLength / html.ImageArea;
            if (html.ImageArea > 0 && ratio > call.Number(0) && ratio <= call.Number(1))
                return 1;
        }

        return 0;
    }

    /// <summary>Never: SpamAssassin looks for the charsets where it does not put them, and rules are scored for that.</summary>
    [RuleFunction("html_charset_faraway")]
    internal static int IsCharsetFaraway(RuleCall call) => 0;

    /// <summary>An element was seen.</summary>
    [RuleFunction("html_tag_exists")]
    internal static int HasTag(RuleCall call)
    {
        var tag = call.Argument(0) ?? "";
        foreach (var html in call.Mail.Html)
        {
            if (html.Inside.ContainsKey(tag))
                return 1;
        }

        return 0;
    }

    /// <summary>Something is so, by its name.</summary>
    [RuleFunction("html_test")]
    internal static int IsSo(RuleCall call)
    {
        foreach (var html in call.Mail.Html)
        {
            if (HtmlValues.Is(html, call.Argument(0)))
                return 1;
        }

        return 0;
    }

    /// <summary>A number by its name, and a comparison such as `&lt; 512`.</summary>
    [RuleFunction("html_eval")]
    internal static int Compares(RuleCall call)
    {
        var comparison = Comparison.Read(call.Argument(1));
        foreach (var html in call.Mail.Html)
        {
            if (HtmlValues.Number(html, call.Argument(0)) is { } number && comparison?.Holds(number) == true)
                return 1;
        }

        return 0;
    }

    /// <summary>A number by its name: more than, up to; `inf` is no bound.</summary>
    [RuleFunction("html_range")]
    internal static int IsInRange(RuleCall call)
    {
        var (least, most) = (call.Number(1), call.Argument(2) is null ? double.PositiveInfinity : call.Number(2));
        foreach (var html in call.Mail.Html)
        {
            if (HtmlValues.Number(html, call.Argument(0)) is { } number && number > least && number <= most)
                return 1;
        }

        return 0;
    }

    /// <summary>A text of a kind (`anchor`, `title`, `comment`, `script`) fits a pattern.</summary>
    [RuleFunction("html_text_match", PatternArgument = 1)]
    internal static int HasText(RuleCall call) => HasText(call, isWanted: true);

    /// <summary>A text of a kind does not fit a pattern.</summary>
    [RuleFunction("html_text_not_match", PatternArgument = 1)]
    internal static int HasOtherText(RuleCall call) => HasText(call, isWanted: false);

    /// <summary>Characters of the longest title by octets of the subject: more than.</summary>
    [RuleFunction("html_title_subject_ratio")]
    internal static int IsTitleLong(RuleCall call)
    {
        var subject = call.Mail.Joined("Subject");
        if (subject.Length == 0)
            return 0;
        foreach (var title in call.Mail.Html.SelectMany(static html => html.Titles))
        {
            if ((double)HtmlValues.OctetPerCharacter(title).Length / subject.Length > call.Number(0))
                return 1;
        }

        return 0;
    }

    /// <summary>A frame in the text that shows another page.</summary>
    [RuleFunction("check_iframe_src")]
    internal static int HasFrame(RuleCall call) =>
        Hits(call.Mail.Html.Any(static html => html.Links.Any(static link => link.Types.Contains("iframe"))));

    private static int HasText(RuleCall call, bool isWanted)
    {
        if (call.Pattern(1) is not { } pattern)
            return 0;
        foreach (var html in call.Mail.Html)
        {
            foreach (var text in HtmlValues.Texts(html, call.Argument(0)) ?? [])
            {
                if (call.IsMatch(pattern, HtmlValues.OctetPerCharacter(text)) == isWanted)
                    return 1;
            }
        }

        return 0;
    }

    /// <summary>What stands behind a number: `&lt;`, `&lt;=`, `==`, `!=`, `&gt;=`, `&gt;` or `&lt;=&gt;`, and sums of numbers.</summary>
    private sealed record Comparison(string Operator, double Number)
    {
        private static readonly SearchValues<char> Operators = SearchValues.Create("<>=!");
        private static readonly SearchValues<char> Allowed = SearchValues.Create("<>=!-+ 0123456789");

        public static Comparison? Read(string? text)
        {
            var rest = Octets.Trim(text);
            var length = rest.IndexOfAnyExcept(Operators);
            if (length <= 0 || rest.ContainsAnyExcept(Allowed))
                return null;
            var operation = rest[..length].ToString();
            var sum = 0.0;
            rest = Octets.TrimStart(rest[length..]);
            while (!rest.IsEmpty)
            {
                var sign = 1;
                while (rest is ['+' or '-', ..])
                {
                    sign = rest[0] == '-' ? -sign : sign;
                    rest = Octets.TrimStart(rest[1..]);
                }

                var digits = rest.IndexOfAnyExceptInRange('0', '9');
                digits = digits < 0 ? rest.Length : digits;
                if (digits == 0)
                    return null;
                sum += sign * CallArguments.Read(rest[..digits].ToString());
                rest = Octets.TrimStart(rest[digits..]);
                if (rest is not ([] or ['+' or '-', ..]))
                    return null;
            }

            return new Comparison(operation, sum);
        }

        public bool Holds(double value) =>
            Operator switch
            {
                "<" => value < Number,
                "<=" => value <= Number,
                ">" => value > Number,
                ">=" => value >= Number,
                "==" => value == Number,
                "!=" or "<=>" => value != Number,
                _ => false,
            };
    }
}
