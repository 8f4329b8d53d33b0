using Postreiter.Spam.Configuration;
using Postreiter.Spam.Matching;

namespace Postreiter.Spam.Rules;

/// <summary>A ruleset made ready to run: the rules that matter, in stages, as flat arrays.</summary>
internal sealed class EngineProgram
{
    private readonly RuleSelection _selection;

    /// <summary>Builds it.</summary>
    public EngineProgram(
        Ruleset ruleset,
        SpamEngineOptions options,
        IReadOnlyDictionary<string, RuleFunction> functions
    )
    {
        (Ruleset, Options) = (ruleset, options);
        _selection = new RuleSelection(ruleset, options, functions);
        Rules = [.. _selection.Rules];
        Points = [.. Rules.Select(rule => rule.Scores[options.ScoreSet])];
        (LeastPoints, MostPoints) = (Bound("shortcircuit_min_ham_score"), Bound("shortcircuit_max_spam_score"));
        IsShortCircuiting =
            Array.Exists(Rules, static rule => rule.ShortCircuit is not null)
            || LeastPoints is not null
            || MostPoints is not null;
        var priorities = Rules.Select(Priority).Append(Last).Distinct().Order().ToArray();
        var metas = DecideMetas(priorities);
        Stages = [.. priorities.Select(priority => Stage(priority, functions, metas[priority]))];
        var namers = new List<int>[Rules.Length];
        foreach (var meta in Stages.SelectMany(static stage => stage.Metas))
        {
            foreach (var name in meta.Names.Concat(meta.Sums.SelectMany(static sum => sum)).Distinct())
            {
                if (name >= 0)
                    (namers[name] ??= []).Add(meta.Index);
            }
        }

        Namers = [.. namers.Select(static all => all is null ? [] : all.ToArray())];
        Questions = new NetworkRules(ruleset, Rules, functions);
        FirstAsking = Array.FindIndex(
            priorities,
            priority => priority >= (IsShortCircuiting ? RuleOrder.NetPriority : -1)
        );
    }

    private const int Last = int.MaxValue;

    // What stands in most URIs.
    private static readonly string[] UriTexts = ["http://", "https://", "mailto:"];

    /// <summary>The ruleset.</summary>
    public Ruleset Ruleset { get; }

    /// <summary>How it is run.</summary>
    public SpamEngineOptions Options { get; }

    /// <summary>The rules that run; a rule's place is its number.</summary>
    public Rule[] Rules { get; }

    /// <summary>Points of each in the score set.</summary>
    public double[] Points { get; }

    /// <summary>Points below which the scan ends; null = none.</summary>
    public double? LeastPoints { get; }

    /// <summary>Points above which the scan ends; null = none.</summary>
    public double? MostPoints { get; }

    /// <summary>Whether a hit may end the scan.</summary>
    public bool IsShortCircuiting { get; }

    /// <summary>The stages in order. The last one has metas alone: those that wait for the network, or for rules that do not run.</summary>
    public ScanStage[] Stages { get; }

    /// <summary>For each rule the metas that name it.</summary>
    public int[][] Namers { get; }

    /// <summary>Rules that ask the DNS.</summary>
    public NetworkRules Questions { get; }

    /// <summary>The stage before which they ask: the first of priority -100 or more.</summary>
    public int FirstAsking { get; }

    private double? Bound(string name) => Ruleset.Settings.Text(name) is null ? null : Ruleset.Settings.Number(name);

    /// <summary>The number of a rule; -1 when it does not run.</summary>
    public int IndexOf(string name) => _selection.IndexOf(name);

    // The order shows only where a hit ends the scan, where a rule gives its text to others, and where a function of priority 0 changes
    // the body. Otherwise the rules of many priorities run as one stage, and each text is looked at once.
    private int Priority(Rule rule) =>
        IsShortCircuiting ? rule.Priority
        : rule.Priority <= -10_000 ? -10_000
        : rule.Priority < 0 ? -1
        : 0;

    private ScanStage Stage(int priority, IReadOnlyDictionary<string, RuleFunction> functions, MetaRule[] metas)
    {
        var rules = Rules
            .Select(static (rule, index) => new SingleRule(index, rule))
            .Where(one => Priority(one.Rule) == priority)
            .ToArray();
        var singles = rules
            .Where(static one => IsSingle(one.Rule))
            .Select(static one => one with { Needed = SingleMatch.Needed(one.Rule) })
            .ToArray();
        var many = rules.Where(static one => !IsSingle(one.Rule)).ToArray();
        FunctionRule[] Functions(RuleKind kind) =>
            [
                .. rules
                    .Where(one => one.Rule.Kind == kind)
                    .Select(one => new FunctionRule(one.Index, one.Rule, functions[one.Rule.Function])),
            ];
        return new ScanStage
        {
            Singles = singles,
            Headers = new HeaderMatcher(many.Where(static one => one.Rule.Kind == RuleKind.Header)),
            HeaderFunctions = Functions(RuleKind.HeaderFunction),
            Body = Lines(many, RuleKind.Body),
            Uri = Lines(many, RuleKind.Uri),
            BodyFunctions = Functions(RuleKind.BodyFunction),
            PartRules =
            [
                .. rules
                    .Where(static one => one.Rule.Kind == RuleKind.MimeHeader)
                    .Select(static one => one with { Needed = SingleMatch.Needed(one.Rule) }),
            ],
            UriRules = [.. rules.Where(static one => one.Rule.Kind == RuleKind.UriDetail)],
            RawBody = Lines(many, RuleKind.RawBody),
            RawBodyFunctions = Functions(RuleKind.RawBodyFunction),
            Full = Lines(many, RuleKind.Full),
            FullFunctions = Functions(RuleKind.FullFunction),
            Metas = metas,
        };
    }

    private static bool IsSingle(Rule rule) =>
        rule.Kind != RuleKind.MimeHeader
        && rule.Pattern is not null
        && (rule.Templates.Count > 0 || RuleDefinition.HasCapture(rule));

    private static LineMatcher? Lines(IEnumerable<SingleRule> rules, RuleKind kind)
    {
        var patterns = rules
            .Where(one => one.Rule.Kind == kind)
            .Select(static one => new MatchedPattern(
                one.Index,
                one.Rule.Pattern!,
                one.Rule.Flags.IsMultiple,
                one.Rule.Flags.MaxHits,
                one.Rule.Kind == RuleKind.Body && one.Rule.Flags.Has("nosubject")
            ))
            .ToArray();
        return patterns.Length > 0 ? new LineMatcher(patterns, kind == RuleKind.Uri ? UriTexts : null) : null;
    }

    // A meta is decided after the last of the rules it names; one that names a rule which does not run, at the end.
    private Dictionary<int, MetaRule[]> DecideMetas(int[] priorities)
    {
        var stages = new int[Rules.Length];
        Array.Fill(stages, int.MinValue);
        var ordered = new List<int>();
        for (var i = 0; i < Rules.Length; i++)
            Decide(i, stages, ordered);
        var metas = ordered
            .GroupBy(index => stages[index])
            .ToDictionary(static group => group.Key, group => group.Select(Meta).ToArray());
        return priorities.ToDictionary(static priority => priority, priority => metas.GetValueOrDefault(priority, []));
    }

    private int Decide(int index, int[] stages, List<int> ordered)
    {
        if (stages[index] != int.MinValue)
            return stages[index];
        var rule = Rules[index];
        if (rule.Kind != RuleKind.Meta)
            return stages[index] =
                rule.Kind is RuleKind.Declared or RuleKind.AskDns or RuleKind.BlocklistFunction
                || RuleFunctions.Awaited.Contains(rule.Function)
                    ? Last
                    : Priority(rule);
        // Cycles were broken when the ruleset was read; the depth is that of the longest chain of metas.
        var stage = Rules.Min(Priority);
        foreach (var name in _selection.Dependencies(rule))
        {
            var dependency = IndexOf(name);
            stage = Math.Max(stage, dependency < 0 ? Last : Decide(dependency, stages, ordered));
        }
        ordered.Add(index);
        return stages[index] = stage;
    }

    private MetaRule Meta(int index)
    {
        var expression = Rules[index].Expression!;
        int[] names = [.. expression.Names.Select(IndexOf)];
        int[][] sums =
        [
            .. expression.Globs.Select(glob =>
                _selection.Matching(glob, Rules[index]).Select(IndexOf).Where(static one => one >= 0).ToArray()
            ),
        ];
        var alone = MetaEvaluation.Evaluate(
            expression.Steps,
            names,
            sums,
            new double[Rules.Length],
            !Options.IsNetworkWanted
        );
        return new MetaRule(index, expression.Steps, names, sums, alone == 0);
    }
}
