using System.Globalization;

namespace Postreiter.Spam.Functions;

/// <summary>Arguments of rules as numbers, read as Perl reads them: what the text begins with, 0 where it begins with none.</summary>
internal static class CallArguments
{
    /// <summary>An argument as a number; 0 where the rule gives none.</summary>
    /// <param name="call">The call.</param>
    /// <param name="index">From 0.</param>
    public static double Number(this RuleCall call, int index) => Read(call.Argument(index));

    /// <summary>A limit; null where it is missing or `undef`.</summary>
    /// <param name="call">The call.</param>
    /// <param name="index">From 0.</param>
    public static double? Limit(this RuleCall call, int index) =>
        call.Argument(index) is null or "undef" ? null : call.Number(index);

    /// <summary>1 for a hit, else 0.</summary>
    public static int Hits(bool isHit) => isHit ? 1 : 0;

    /// <summary>The number a text begins with.</summary>
    public static double Read(string? text)
    {
        var digits = text.AsSpan().TrimStart(" \t\n\v\f\r");
        if (digits.StartsWith("inf", StringComparison.OrdinalIgnoreCase))
            return double.PositiveInfinity;
        var length = Length(digits);
        return
            length > 0
            && double.TryParse(digits[..length], NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;
    }

    private static int Length(ReadOnlySpan<char> text)
    {
        var at = text is ['+' or '-', ..] ? 1 : 0;
        var start = at;
        while (at < text.Length && (char.IsAsciiDigit(text[at]) || (text[at] == '.' && !text[start..at].Contains('.'))))
            at++;
        if (at == start || (at == start + 1 && text[start] == '.'))
            return 0;
        var exponent = at + 1;
        if (at >= text.Length || text[at] is not ('e' or 'E'))
            return at;
        if (exponent < text.Length && text[exponent] is '+' or '-')
            exponent++;
        var end = exponent;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
            end++;
        return end > exponent ? end : at;
    }
}
