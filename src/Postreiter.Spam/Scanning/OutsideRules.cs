using Postreiter.Spam.Configuration;
using Postreiter.Spam.Rules;

namespace Postreiter.Spam.Scanning;

/// <summary>
/// Which rules of a set turn on what is not in the mail: on answers of the DNS, and on what the session found of the sender. A meta that names
/// one of them is one too. Later nobody knows any more what they would have said.
/// </summary>
public sealed class OutsideRules
{
    private readonly HashSet<string> _names;

    /// <summary>Finds them.</summary>
    /// <param name="ruleset">The rules.</param>
    public OutsideRules(Ruleset ruleset)
    {
        ArgumentNullException.ThrowIfNull(ruleset);
        _names = [.. ruleset.Rules.Where(IsOutside).Select(static rule => rule.Name)];
        var metas = ruleset.Rules.Where(static rule => rule.Expression is not null).ToList();
        // As deep as metas name metas, a pass each.
        for (var before = -1; before != _names.Count; )
        {
            before = _names.Count;
            foreach (var meta in metas.Where(meta => Names(meta.Expression!)))
                _names.Add(meta.Name);
        }
    }

    /// <summary>Whether a rule is one of them.</summary>
    /// <param name="rule">Its name.</param>
    public bool Contains(string rule) => _names.Contains(rule);

    private static bool IsOutside(Rule rule) =>
        rule.Flags.IsNet
        || rule.Kind is RuleKind.AskDns or RuleKind.BlocklistFunction or RuleKind.UriBlocklist
        || RuleFunctions.OfSenders.Contains(rule.Function)
        || RuleFunctions.Awaited.Contains(rule.Function);

    private bool Names(MetaExpression expression) =>
        expression.Names.Any(_names.Contains)
        || expression.Globs.Any(glob => _names.Any(name => Glob.Matches(glob, name)));
}
