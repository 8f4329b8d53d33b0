using System.Runtime.CompilerServices;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Matching;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Uris;

/// <summary>`redirector_pattern`: what a URI that leads to another one looks like; the first group is where it leads. For any thread.</summary>
internal sealed class Redirectors
{
    private const int StepsForUri = 200_000;
    private static readonly ConditionalWeakTable<IReadOnlyList<OctetPattern>, Redirectors> Known = [];

    private readonly (OctetPattern Pattern, bool HasText)[] _patterns;
    private readonly LiteralAutomaton _texts;

    private Redirectors(IReadOnlyList<OctetPattern> patterns)
    {
        var texts = new List<(byte[], int)>();
        _patterns = new (OctetPattern, bool)[patterns.Count];
        for (var i = 0; i < _patterns.Length; i++)
        {
            var required = RequiredLiterals.Of(patterns[i].Tree);
            _patterns[i] = (patterns[i], required is not null);
            foreach (var text in required ?? [])
                texts.Add((text, i));
        }

        _texts = new LiteralAutomaton(texts);
    }

    /// <summary>Those of a ruleset, made ready once.</summary>
    public static Redirectors Of(IReadOnlyList<OctetPattern> patterns) =>
        Known.GetValue(patterns, static some => new Redirectors(some));

    /// <summary>Where a URI leads by the first pattern that matches it and whose group has a dot; null for nowhere.</summary>
    /// <param name="uri">The URI.</param>
    /// <param name="isCharacters">Whether it is characters, not octets; so is the answer.</param>
    public string? Target(string uri, bool isCharacters)
    {
        var octets = isCharacters ? Octets.ToUtf8(uri) : uri;
        // A text that each match of a pattern has: without any of them those patterns need not be tried.
        var candidates = _texts.IsIn(octets) ? new CandidateSet(_patterns.Length) : null;
        if (candidates is not null)
            _texts.Find(octets, candidates);
        for (var i = 0; i < _patterns.Length; i++)
        {
            var (pattern, needsText) = _patterns[i];
            if (needsText && candidates?.Items.Contains(i) != true)
                continue;
            // A pattern that needs more steps for this URI finds nothing in it.
            using var run = new PatternRun(pattern.GroupProgram, octets, StepsForUri);
            if (!run.Next() || run.Group(1) is not var (begin, end) || !octets.AsSpan(begin, end - begin).Contains('.'))
                continue;
            return isCharacters ? Octets.FromUtf8(octets.AsSpan(begin, end - begin)) : octets[begin..end];
        }

        return null;
    }
}
