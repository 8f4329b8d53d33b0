using Postreiter.Spam.Configuration;
using Postreiter.Spam.Matching;
using Postreiter.Spam.Patterns;
using Postreiter.Spam.Uris;

namespace Postreiter.Spam.Rules;

/// <summary>Matches uri_detail rules: all conditions must hold for one URI.</summary>
internal static class UriMatch
{
    /// <summary>Matches one.</summary>
    public static void Run(SingleRule single, IRuleTexts texts, IMatchSink sink)
    {
        var steps = PatternRun.DefaultSteps;
        foreach (var uri in texts.FoundUris)
        {
            var holds = true;
            foreach (var condition in single.Rule.Conditions)
                holds = holds && Holds(condition, uri, ref steps);
            if (steps == 0)
            {
                sink.GaveUp(single.Index);
                return;
            }
            if (holds)
            {
                sink.Hit(single.Index, 1);
                return;
            }
        }
    }

    // One of the values must fulfil it; so a negated one holds when any value does not match.
    private static bool Holds(UriCondition condition, FoundUri uri, ref int steps)
    {
        IEnumerable<string> values = condition.Field switch
        {
            "raw" => [uri.Raw],
            "type" => uri.Types,
            "cleaned" => uri.Cleaned,
            "text" => uri.Texts,
            "domain" => uri.Domains,
            _ => uri.Hosts.Keys,
        };
        foreach (var value in values)
        {
            if (condition.Pattern.IsMatch(value, ref steps) != condition.IsNegated)
                return true;
        }
        return false;
    }
}
