using Postreiter.Spam.Configuration;

namespace Postreiter.Spam.Rules;

/// <summary>Which rules of a set run: those that cannot matter are left out.</summary>
internal sealed class RuleSelection
{
    private readonly Ruleset _ruleset;
    private readonly SpamEngineOptions _options;
    private readonly IReadOnlyDictionary<string, RuleFunction> _functions;
    private readonly Dictionary<string, bool> _decidable = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);

    /// <summary>Selects.</summary>
    public RuleSelection(
        Ruleset ruleset,
        SpamEngineOptions options,
        IReadOnlyDictionary<string, RuleFunction> functions
    )
    {
        (_ruleset, _options, _functions) = (ruleset, options, functions);
        var wanted = new Stack<Rule>(
            ruleset.Rules.Where(rule => IsActive(rule) && (options.KeepsAllSubRules || !rule.IsSub))
        );
        if (
            wanted.Any(static rule => rule.Templates.Count > 0)
            || ruleset.Rules.Any(static rule => rule.Templates.Count > 0)
        )
        {
            foreach (var rule in ruleset.Rules.Where(rule => RuleDefinition.HasCapture(rule) && IsActive(rule)))
                wanted.Push(rule);
        }
        var selected = new HashSet<string>(StringComparer.Ordinal);
        while (wanted.TryPop(out var rule))
        {
            if (!selected.Add(rule.Name))
                continue;
            foreach (var name in Dependencies(rule))
            {
                if (ruleset.TryGetRule(name, out var dependency) && IsActive(dependency))
                    wanted.Push(dependency);
            }
        }
        Rules = [.. ruleset.Rules.Where(rule => selected.Contains(rule.Name))];
        for (var i = 0; i < Rules.Count; i++)
            _index.Add(Rules[i].Name, i);
    }

    /// <summary>The rules that would run if every function were there.</summary>
    public static IReadOnlyList<Rule> Wanted(Ruleset ruleset, SpamEngineOptions options)
    {
        var functions = new Dictionary<string, RuleFunction>(StringComparer.Ordinal);
        foreach (var rule in ruleset.Rules)
            functions.TryAdd(rule.Function, static _ => 0);
        return new RuleSelection(ruleset, options, functions).Rules;
    }

    /// <summary>The rules that run; their place is their number.</summary>
    public IReadOnlyList<Rule> Rules { get; }

    /// <summary>The number of a rule; -1 when it does not run.</summary>
    public int IndexOf(string name) => _index.GetValueOrDefault(name, -1);

    /// <summary>The rules a meta names, those of `rules_matching()` too.</summary>
    public IEnumerable<string> Dependencies(Rule rule) =>
        rule.Expression is { } expression
            ? expression.Names.Concat(expression.Globs.SelectMany(glob => Matching(glob, rule)))
        : rule.Function == "check_rbl_sub" ? Asking(rule)
        : [];

    // A check_rbl_sub tests what others of its set are answered.
    private IEnumerable<string> Asking(Rule rule) =>
        _ruleset
            .Rules.Where(other =>
                other.Kind == RuleKind.BlocklistFunction
                && other.Function != "check_rbl_sub"
                && other.Arguments is [var set, ..]
                && rule.Arguments is [var wanted, ..]
                && set == wanted
            )
            .Select(static other => other.Name);

    /// <summary>The rules that a glob of a meta stands for.</summary>
    public IEnumerable<string> Matching(string glob, Rule rule) =>
        _ruleset.Rules.Select(static one => one.Name).Where(name => name != rule.Name && RuleOrder.Matches(glob, name));

    private bool IsActive(Rule rule)
    {
        if (rule.Scores[_options.ScoreSet] == 0)
            return false;
        return rule.Kind switch
        {
            RuleKind.Declared => true,
            RuleKind.AskDns => _options.IsNetworkWanted,
            RuleKind.BlocklistFunction => _options.IsNetworkWanted && _functions.ContainsKey(rule.Function),
            RuleKind.HeaderFunction or RuleKind.BodyFunction or RuleKind.RawBodyFunction or RuleKind.FullFunction => (
                !rule.Flags.IsNet || _options.IsNetworkWanted
            )
                && (!rule.Flags.IsLearn || _options.IsBayesUsable)
                && _functions.ContainsKey(rule.Function),
            RuleKind.Meta => IsDecidable(rule),
            _ => true,
        };
    }

    // As in the original: a meta waits for every rule it names. One that never runs counts as 0 at the end, unless it is itself a meta:
    // a meta without points is never decided, and whatever waits for it is not either.
    private bool IsDecidable(Rule rule)
    {
        if (_decidable.TryGetValue(rule.Name, out var known))
            return known;
        _decidable[rule.Name] = false;
        return _decidable[rule.Name] = Dependencies(rule)
            .All(name =>
                !_ruleset.TryGetRule(name, out var other)
                || other.Kind != RuleKind.Meta
                || (other.Scores[_options.ScoreSet] != 0 && IsDecidable(other))
            );
    }
}
