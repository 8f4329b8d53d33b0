using Postreiter.Spam.Configuration;
using Postreiter.Spam.Matching;

namespace Postreiter.Spam.Rules;

/// <summary>A rule and its function.</summary>
internal readonly record struct FunctionRule(int Index, Rule Rule, RuleFunction Function);

/// <summary>A meta ready to be worked out.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Steps">Its expression.</param>
/// <param name="Names">For each name in it, the number of the rule; -1 = never hits.</param>
/// <param name="Sums">For each `rules_matching()`, the numbers of its rules.</param>
/// <param name="IsZeroAlone">Whether it does not hit on a mail on which none of them hits.</param>
internal readonly record struct MetaRule(int Index, MetaStep[] Steps, int[] Names, int[][] Sums, bool IsZeroAlone);

/// <summary>A pattern rule that is matched by itself: with templates, or with groups whose text other rules use.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Rule">The rule.</param>
/// <param name="Needed">Texts of which a line must hold one; null = no such texts are known.</param>
internal readonly record struct SingleRule(int Index, Rule Rule, LiteralAutomaton? Needed = null);

/// <summary>The rules of one priority, in the order in which their kinds run.</summary>
internal sealed class ScanStage
{
    public HeaderMatcher Headers { get; init; } = new([]);
    public FunctionRule[] HeaderFunctions { get; init; } = [];
    public LineMatcher? Body { get; init; }
    public LineMatcher? Uri { get; init; }
    public FunctionRule[] BodyFunctions { get; init; } = [];
    public SingleRule[] PartRules { get; init; } = [];
    public SingleRule[] UriRules { get; init; } = [];
    public LineMatcher? RawBody { get; init; }
    public FunctionRule[] RawBodyFunctions { get; init; } = [];
    public LineMatcher? Full { get; init; }
    public FunctionRule[] FullFunctions { get; init; } = [];

    /// <summary>Rules matched one by one, before the others of the stage.</summary>
    public SingleRule[] Singles { get; init; } = [];

    /// <summary>Metas that are decided after this stage, each after those it needs.</summary>
    public MetaRule[] Metas { get; init; } = [];

    /// <summary>What a scan needs for this stage.</summary>
    internal sealed class Work(ScanStage stage)
    {
        public HeaderMatcher.Work Headers { get; } = new(stage.Headers);
        public LineMatcher.Work? Body { get; } = Of(stage.Body);
        public LineMatcher.Work? Uri { get; } = Of(stage.Uri);
        public LineMatcher.Work? RawBody { get; } = Of(stage.RawBody);
        public LineMatcher.Work? Full { get; } = Of(stage.Full);

        private static LineMatcher.Work? Of(LineMatcher? matcher) => matcher is null ? null : new(matcher);
    }
}
