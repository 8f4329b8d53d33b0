using Postreiter.Spam.Configuration;
using Postreiter.Spam.Matching;
using Postreiter.Spam.Uris;

namespace Postreiter.Spam.Rules;

/// <summary>Matches uri_detail rules: all conditions must hold for one URI.</summary>
internal static class UriMatch
{
    /// <summary>Matches one.</summary>
    public static void Run(SingleRule single, IRuleTexts texts, IMatchSink sink)
    {
        foreach (var uri in texts.FoundUris)
        {
            if (single.Rule.Conditions.All(condition => Holds(condition, uri)))
            {
                sink.Hit(single.Index, 1);
                return;
            }
        }
    }

    // One of the values must fulfil it; so a negated one holds when any value does not match.
    private static bool Holds(UriCondition condition, FoundUri uri)
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
            if (condition.Pattern.IsMatch(value) != condition.IsNegated)
                return true;
        }
        return false;
    }
}
