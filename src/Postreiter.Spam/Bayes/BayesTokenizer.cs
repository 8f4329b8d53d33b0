using System.Collections.Concurrent;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Functions;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Bayes;

/// <summary>
/// Divides mails into the tokens that SpamAssassin 4.0.1 counts, so that its databases can be used and made. For any thread.
/// </summary>
/// <remarks>
/// Deviations: the tokens of a mail have 4 MiB together at most (<see cref="TokenSet.MaxOctets"/>). Of the limits of 50,000 tokens of the body
/// and 10,000 of URIs and headers, the last counts fields in their order; SpamAssassin's order is that of a hash.
/// </remarks>
public sealed class BayesTokenizer
{
    private const int MaxBody = 50_000;
    private const int MaxOthers = 10_000;
    private readonly HeaderTokens _headers;
    private readonly StopWords _stopWords;
    private readonly int _maxLength;
    private readonly ConcurrentBag<LineTokens> _lines = [];
    private readonly HashSet<string> _sources;

    /// <summary>Reads what a ruleset says about tokens.</summary>
    /// <param name="settings">Its settings.</param>
    public BayesTokenizer(Settings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        _headers = new HeaderTokens(settings);
        _stopWords = new StopWords(settings);
        _maxLength = (int)settings.Number("bayes_max_token_length");
        _sources = Sources(settings);
    }

    /// <summary>Adds the tokens of a mail to a set.</summary>
    /// <param name="facts">The mail and its URIs.</param>
    /// <param name="withSenders">Whether the domains of author and sender count: in a scan, not where a mail is learned.</param>
    /// <param name="set">The set.</param>
    public void Tokenize(MailFacts facts, bool withSenders, TokenSet set)
    {
        ArgumentNullException.ThrowIfNull(facts);
        ArgumentNullException.ThrowIfNull(set);
        if (!_lines.TryTake(out var lines))
            lines = new LineTokens(_stopWords, _maxLength);
        if (_sources.Contains("visible"))
            Add(facts.Mail.VisibleBody, "", TextRegion.Body, MaxBody);
        if (_sources.Contains("uri"))
            AddUris();
        if (_sources.Contains("invisible"))
            Add(facts.Mail.InvisibleBody, "I*:", TextRegion.Body, MaxBody);
        if (_sources.Contains("header"))
        {
            var found = 0;
            foreach (var (prefix, value) in _headers.Of(facts.Mail, withSenders))
            {
                found += lines.Add(value, prefix, TextRegion.Header, set);
                if (found >= MaxOthers)
                    break;
            }
        }

        if (lines.IsSmall)
            _lines.Add(lines);

        // A link of HTML is characters, an address in a text octets: so the original looks at them.
        void AddUris()
        {
            var found = 0;
            foreach (
                var (uri, text) in facts.Uris.All.SelectMany(static uri => uri.Cleaned.Select(text => (uri, text)))
            )
            {
                var isCharacters = Octets.HasHigh(text) && !uri.Types.Contains("parsed");
                found += lines.Add(isCharacters ? Octets.FromUtf8(text) : text, "", TextRegion.Uri, set, isCharacters);
                if (found >= MaxOthers)
                    break;
            }
        }

        void Add(IEnumerable<ReadOnlyMemory<char>> texts, string prefix, TextRegion region, int most)
        {
            var found = 0;
            foreach (var text in texts)
            {
                found += lines.Add(text.Span, prefix, region, set);
                if (found >= most)
                    break;
            }
        }
    }

    // header, visible, invisible, uri; with "no" in front without. mimepart (digests of whole parts) is not counted here.
    private static HashSet<string> Sources(Settings settings)
    {
        string[] all = ["header", "visible", "invisible", "uri"];
        var sources = new HashSet<string>(all, StringComparer.Ordinal);
        foreach (
            var word in settings.Words("bayes_token_sources").SelectMany(static line => Perl.Words(Octets.Lower(line)))
        )
        {
            if (word is "none" or "noall")
                sources.Clear();
            else if (word == "all")
                sources.UnionWith(all);
            else if (word.StartsWith("no", StringComparison.Ordinal))
                sources.Remove(word[2..]);
            else
                sources.Add(word);
        }

        return sources;
    }
}
