using System.Text.RegularExpressions;

namespace Postreiter.Spam.Results;

/// <summary>Fills the tags of a template: <c>_NAME_</c> and <c>_NAME(argument)_</c>. What nobody knows stays as it is.</summary>
internal static partial class TagTemplate
{
    /// <summary>Fills.</summary>
    /// <param name="template">A text of the ruleset.</param>
    /// <param name="value">Gives the value of a tag by name and argument, which is null when none is given; null for an unknown tag.</param>
    public static string Fill(string template, Func<string, string?, string?> value) =>
        Tag()
            .Replace(
                template,
                match =>
                    value(match.Groups["name"].Value, match.Groups["argument"] is { Success: true } a ? a.Value : null)
                    ?? match.Value
            );

    /// <summary>The tags of a text with their arguments, without their underscores, each once: <c>SENDERDOMAIN</c>, <c>HEADER(X-Client)</c>.</summary>
    public static IReadOnlyList<string> Names(string text) =>
        [.. Tag().Matches(text).Select(static match => match.Value[1..^1]).Distinct(StringComparer.Ordinal)];

    // Templates are the operator's, never a peer's.
    [GeneratedRegex(
        @"_(?<name>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)(?:\((?<argument>.*?)\))?_",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Tag();
}
