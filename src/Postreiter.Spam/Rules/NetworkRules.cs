using Postreiter.Spam.Configuration;
using Postreiter.Spam.Functions;
using Postreiter.Spam.Network;

namespace Postreiter.Spam.Rules;

/// <summary>The rules of a program that ask the DNS by themselves, and what its settings say of that.</summary>
internal sealed class NetworkRules
{
    private readonly FunctionRule[] _functions;
    private readonly UriListRule[] _uriLists;
    private readonly Rule[] _questions;

    /// <summary>Finds them.</summary>
    public NetworkRules(Ruleset ruleset, IReadOnlyList<Rule> rules, IReadOnlyDictionary<string, RuleFunction> functions)
    {
        Policy = new LookupPolicy(ruleset.Settings);
        _functions =
        [
            .. rules
                .Select(static (rule, index) => new SingleRule(index, rule))
                .Where(static one => one.Rule.Kind == RuleKind.BlocklistFunction)
                .Select(one => new FunctionRule(one.Index, one.Rule, functions[one.Rule.Function])),
        ];
        _uriLists =
        [
            .. rules
                .Where(rule => ruleset.Settings.UriBlocklists.ContainsKey(rule.Name))
                .Select(rule => new UriListRule(rule, ruleset.Settings.UriBlocklists[rule.Name])),
        ];
        _questions = [.. rules.Where(static rule => rule.Kind == RuleKind.AskDns)];
    }

    /// <summary>Which questions may be asked.</summary>
    public LookupPolicy Policy { get; }

    /// <summary>Asks all that can be asked at the beginning.</summary>
    public void Begin(MailFacts facts)
    {
        if (Policy.WantsRelays)
        {
            foreach (ref readonly var function in _functions.AsSpan())
                function.Function(new RuleCall(function.Rule, facts));
        }
        if (Policy.WantsUris)
            UriLists.Ask(facts, _uriLists);
        foreach (var rule in _questions)
            facts.Lookups?.When(() => AskDns.TryAsk(facts, rule));
    }

    /// <summary>Takes the answers that are there, and asks what could not be asked before.</summary>
    public static void Continue(MailFacts facts)
    {
        facts.Lookups?.TakeAnswers();
        facts.Lookups?.Retry();
    }
}
