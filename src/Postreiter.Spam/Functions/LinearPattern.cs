using System.Text.RegularExpressions;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Functions;

/// <summary>
/// A pattern that a function of this library looks for in octets: `\s`, `\w`, `\d` and `\b` are ASCII's. Its time grows with the length of the
/// text and with nothing else, for it never goes back; so there is neither look-around nor back-reference in it.
/// </summary>
/// <param name="pattern">The pattern, ASCII.</param>
/// <param name="options">IgnoreCase, Multiline.</param>
internal sealed class LinearPattern(string pattern, RegexOptions options = RegexOptions.None)
{
    private readonly Lazy<Regex> _regex = new(() =>
        new Regex(
            pattern,
            options | RegexOptions.NonBacktracking | RegexOptions.CultureInvariant,
            Regex.InfiniteMatchTimeout
        )
    );

    /// <summary>Whether it is found in the text.</summary>
    public bool IsMatch(ReadOnlySpan<char> text)
    {
        using var mapped = OctetText.Map(text);
        return _regex.Value.IsMatch(mapped.Span);
    }

    /// <summary>The group of that number in the first match; null without a match.</summary>
    public string? Find(string text, int group = 1)
    {
        var match = _regex.Value.Match(OctetText.Map(text));
        return match.Success ? OctetText.Unmap(match.Groups[group].Value) : null;
    }

    /// <summary>Where each match ends, in order.</summary>
    public IEnumerable<int> Ends(string text)
    {
        for (var match = _regex.Value.Match(OctetText.Map(text)); match.Success; match = match.NextMatch())
            yield return match.Index + match.Length;
    }

    /// <summary>The groups of each match, in order; the first is the whole.</summary>
    public IEnumerable<string[]> All(string text)
    {
        for (var match = _regex.Value.Match(OctetText.Map(text)); match.Success; match = match.NextMatch())
            yield return [.. match.Groups.Values.Select(static group => OctetText.Unmap(group.Value))];
    }
}
