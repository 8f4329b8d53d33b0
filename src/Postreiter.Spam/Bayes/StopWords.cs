using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Bayes;

/// <summary>Words that say nothing, by the patterns of `bayes_stopword_XX` for the languages of `bayes_stopword_languages`. For any thread.</summary>
internal sealed class StopWords
{
    /// <summary>Words that a pattern may stand for; one that stands for more is asked each time.</summary>
    private const int MaxWords = 20_000;

    // Where the rules have no line for English, as in SpamAssassin.
    private const string English =
        "(?:able|all|already|and|any|are|because|both|can|come|each|email|even|few|first|for|from|give|has|have|http|information|into|it's"
        + "|just|know|like|long|look|made|mail(?:ing|to)?|make|many|more|most|much|need|not|now|number|off|one|only|out|own|people|place|right|same"
        + "|see|such|that|the|this|through|time|using|web|where|why|with(?:out)?|work|world|years?|you(?:'re|r)?)";

    private readonly HashSet<string> _words = new(StringComparer.Ordinal);
    private readonly HashSet<string> _exact = new(StringComparer.Ordinal);
    private readonly List<OctetPattern> _patterns = [];
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _folded;
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _asWritten;
    private readonly int _longest;

    // Which lengths the words have that begin with an octet: most others need not be looked up.
    private readonly ulong[] _lengths = new ulong[256];

    /// <summary>Reads the patterns of a ruleset.</summary>
    public StopWords(Settings settings)
    {
        (_folded, _asWritten) = (
            _words.GetAlternateLookup<ReadOnlySpan<char>>(),
            _exact.GetAlternateLookup<ReadOnlySpan<char>>()
        );
        var languages = Octets.Lower(string.Join(' ', settings.Words("bayes_stopword_languages"))).Split(' ', ',');
        foreach (var language in languages.Where(static l => l.Length == 2 && l.All(char.IsAsciiLetterLower)))
            Add(Pattern(settings, language));
        foreach (var word in _words.Concat(_exact).Where(static word => word.Length > 0))
        {
            _longest = Math.Max(_longest, word.Length);
            _lengths[First(word[0])] |= 1UL << (word.Length & 63);
        }
    }

    /// <summary>Whether a word is one of them.</summary>
    public bool Contains(ReadOnlySpan<char> word)
    {
        if (word.Length <= Math.Min(_longest, 64) && (_lengths[First(word[0])] & (1UL << (word.Length & 63))) != 0)
        {
            Span<char> lower = stackalloc char[64];
            for (var i = 0; i < word.Length; i++)
                lower[i] = word[i] is >= 'A' and <= 'Z' ? (char)(word[i] | 0x20) : word[i];
            if (_folded.Contains(lower[..word.Length]) || (_exact.Count > 0 && _asWritten.Contains(word)))
                return true;
        }

        foreach (var pattern in _patterns)
        {
            if (pattern.IsMatch(word))
                return true;
        }

        return false;
    }

    private static byte First(char c) => (byte)Glob.Fold(c);

    // The last word of the last line counts.
    private static string Pattern(Settings settings, string language)
    {
        var lines = settings.Words("bayes_stopword_" + language);
        return lines.Count > 0 && Perl.Words(lines[^1]).LastOrDefault() is { } pattern ? pattern
            : language == "en" ? English
            : "";
    }

    private void Add(string source)
    {
        // The whole word has to match in any case.
        if (source.EndsWith('$') && !source.EndsWith("\\$", StringComparison.Ordinal))
            source = source[..^1];
        // A group that resets the modifiers knows no /i.
        var isExact = source.StartsWith("(?^:", StringComparison.Ordinal);
        if (isExact)
            source = "(?:" + source[4..];
        if (source.Length == 0 || !OctetPattern.TryParse(source, "", out var pattern, out _))
            return;
        if (Words(pattern.Tree) is { } words)
        {
            foreach (var word in words)
                _ = isExact ? _exact.Add(word) : _words.Add(Octets.Lower(word));
        }
        else if (OctetPattern.TryParse($"^(?:{source})$", isExact ? "" : "i", out var anchored, out _))
        {
            _patterns.Add(anchored);
        }
    }

    // All that a pattern matches; null where that is without end, too much, or not to be told from the pattern alone.
    private static List<string>? Words(PatternNode node)
    {
        switch (node)
        {
            case SetNode { Set: var set } when set.Count <= 64:
                return [.. Enumerable.Range(0, 256).Where(set.Contains).Select(static o => ((char)o).ToString())];
            case CaptureNode capture:
                return Words(capture.Body);
            case AlternationNode alternation:
                return Bounded(
                    alternation.Branches.Select(Words).ToList(),
                    static lists => lists.SelectMany(static l => l)
                );
            case SequenceNode sequence:
                List<string>? ends = [""];
                foreach (var part in sequence.Parts)
                {
                    if (Words(part) is not { } next || (long)ends.Count * next.Count > MaxWords)
                        return null;
                    ends = [.. ends.SelectMany(start => next.Select(end => start + end))];
                }

                return ends;
            case RepeatNode { Max: <= 4 } repeat when Words(repeat.Body) is { } body:
                var all = new List<string>();
                List<string> times = [""];
                for (var i = 0; i <= repeat.Max && all.Count <= MaxWords; i++)
                {
                    if (i >= repeat.Min)
                        all.AddRange(times);
                    if ((long)times.Count * body.Count > MaxWords)
                        return null;
                    times = [.. times.SelectMany(start => body.Select(end => start + end))];
                }

                return all;
            default:
                return null;
        }
    }

    private static List<string>? Bounded(
        List<List<string>?> lists,
        Func<IEnumerable<List<string>>, IEnumerable<string>> join
    ) =>
        lists.Any(static l => l is null) || lists.Sum(static l => (long)l!.Count) > MaxWords ? null : [.. join(lists!)];
}
