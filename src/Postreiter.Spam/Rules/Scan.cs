using System.Collections.Concurrent;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Functions;
using Postreiter.Spam.Matching;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Rules;

/// <summary>One run of a program over one mail. Used by one thread at a time, again and again.</summary>
internal sealed class Scan : IMatchSink
{
    private readonly EngineProgram _program;
    private readonly ConcurrentBag<ScanStage.Work[]> _works;
    private readonly double[] _hits;

    // By meta: whether a rule hit that it names.
    private readonly bool[] _isNamed;
    private readonly List<int> _order = [];
    private readonly List<int> _givenUp = [];
    private readonly CaptureValues _captures = new();
    private ScanClock? _clock;
    private ScanStage.Work[]? _work;
    private string? _shortCircuit;
    private double _shortCircuitPoints;
    private string? _shortCircuitKind;
    private UserPreferences? _user;
    private TimeProvider _time = TimeProvider.System;
    private double _timeLimit;
    private long _began;
    private double _total;
    private bool _isLate;

    /// <summary>Buffers for a program.</summary>
    /// <param name="program">The program.</param>
    /// <param name="works">What the matchers need, for the next scan; the larger part.</param>
    public Scan(EngineProgram program, ConcurrentBag<ScanStage.Work[]> works)
    {
        (_program, _works) = (program, works);
        _hits = new double[program.Rules.Length];
        _isNamed = new bool[program.Rules.Length];
    }

    /// <summary>Whether a rule ended the scan before its time.</summary>
    public bool IsEnded => _shortCircuit is not null || _isLate;

    // Asked between the steps of a scan; each of them has its own bounds.
    private bool IsOver
    {
        get
        {
            if (!IsEnded && _timeLimit > 0 && _time.GetElapsedTime(_began).TotalSeconds > _timeLimit)
                _isLate = true;
            return IsEnded;
        }
    }

    /// <summary>Runs the rules.</summary>
    /// <param name="texts">The mail's texts.</param>
    /// <param name="facts">What functions share.</param>
    /// <param name="clock">Told what took how long.</param>
    public ScanResult Run(IRuleTexts texts, MailFacts facts, ScanClock? clock = null)
    {
        Begin(texts, facts, clock);
        var result = End(facts);
        _clock?.Took(ScanLayer.Result);
        return result;
    }

    /// <summary>Runs all but what waits for answers of the network, which it asks.</summary>
    public void Begin(IRuleTexts texts, MailFacts facts, ScanClock? clock = null)
    {
        _clock = clock;
        clock?.Start();
        if (_work is null && !_works.TryTake(out _work))
            _work = [.. _program.Stages.Select(static stage => new ScanStage.Work(stage))];
        Array.Clear(_hits);
        Array.Clear(_isNamed);
        _order.Clear();
        _givenUp.Clear();
        _captures.Clear();
        (_shortCircuit, _shortCircuitPoints, _shortCircuitKind, _total, _isLate) = (null, 0, null, 0, false);
        (_user, _time) = (facts.User, facts.Time);
        (_timeLimit, _began) = (facts.Settings.Number("time_limit"), facts.Time.GetTimestamp());
        for (var i = 0; i < _program.Stages.Length - 1 && !IsOver; i++)
        {
            if (i == _program.FirstAsking && facts.Lookups is not null)
                _program.Questions.Begin(facts);
            Run(_program.Stages[i], _work[i], texts, facts);
            if (i >= _program.FirstAsking && facts.Lookups is not null)
                NetworkRules.Continue(facts);
            TakeFurtherHits(facts);
        }
    }

    /// <summary>Gives back what the stages needed: a scan that waits for the network keeps little.</summary>
    public void Rest()
    {
        if (_work is not null)
            _works.Add(_work);
        _work = null;
    }

    /// <summary>Takes what the network made hit, and runs the metas that waited for it.</summary>
    public ScanResult End(MailFacts facts)
    {
        TakeFurtherHits(facts);
        if (!IsEnded)
            Decide(_program.Stages[^1]);
        return Result(facts);
    }

    /// <summary>Whether a rule hit.</summary>
    public bool HasHit(string rule) => _program.IndexOf(rule) is var index and >= 0 && _hits[index] != 0;

    /// <inheritdoc/>
    public void Hit(int rule, int count) => Hit(rule, (double)count);

    /// <inheritdoc/>
    public void GaveUp(int rule) => _givenUp.Add(rule);

    // A rule that the user gives no points does not run.
    private bool IsOff(int rule) =>
        _user is not null
        && _user.Scores.TryGetValue(_program.Rules[rule].Name, out var points)
        && points[_program.Options.ScoreSet] == 0;

    private double PointsOf(int rule) =>
        _user is not null && _user.Scores.TryGetValue(_program.Rules[rule].Name, out var points)
            ? points[_program.Options.ScoreSet]
            : _program.Points[rule];

    private void Hit(int rule, double count)
    {
        if (IsOff(rule))
            return;
        if (_hits[rule] != 0)
        {
            if (_program.Rules[rule].Flags.IsMultiple)
                _hits[rule] += count;
            return;
        }
        _hits[rule] = count;
        _order.Add(rule);
        foreach (var meta in _program.Namers[rule])
            _isNamed[meta] = true;
        if (_program.IsShortCircuiting && _shortCircuit is null)
            EndAfter(rule);
    }

    // Points of the hits so far may end a scan too; then the rule itself is not looked at any more.
    private void EndAfter(int index)
    {
        var rule = _program.Rules[index];
        if (!rule.IsSub)
            _total += PointsOf(index);
        if (_total < _program.LeastPoints || _total > _program.MostPoints)
        {
            (_shortCircuit, _shortCircuitKind) = ("", _total < 0 ? "ham" : "spam");
            _shortCircuitPoints = _total < 0 ? -0.001 : 0.001;
        }
        else if (rule.ShortCircuit is { } kind)
        {
            EndAfter(index, kind);
        }
    }

    private void EndAfter(int index, string kind)
    {
        _shortCircuit = _program.Rules[index].Name;
        _shortCircuitKind =
            kind is "ham" or "spam" ? kind
            : PointsOf(index) < 0 ? "ham"
            : "spam";
        var settings = _program.Ruleset.Settings;
        _shortCircuitPoints = kind switch
        {
            "ham" => settings.Number("shortcircuit_ham_score"),
            "spam" => settings.Number("shortcircuit_spam_score"),
            _ => PointsOf(index) < 0 ? -0.0001 : 0.0001,
        };
    }

    private void Run(ScanStage stage, ScanStage.Work work, IRuleTexts texts, MailFacts facts)
    {
        foreach (var single in stage.Singles)
            SingleMatch.Run(single, texts, _captures, this);
        _clock?.Took(ScanLayer.Singles);
        stage.Headers.Match(texts, work.Headers, this);
        _clock?.Took(ScanLayer.Headers);
        if (IsOver)
            return;
        Call(stage.HeaderFunctions, facts);
        _clock?.Took(ScanLayer.Functions);
        if (IsOver)
            return;
        stage.Body?.Match(texts.Body, work.Body!, this);
        _clock?.Took(ScanLayer.Body);
        if (IsOver)
            return;
        stage.Uri?.Match(texts.Uris, work.Uri!, this);
        _clock?.Took(ScanLayer.Uri);
        if (IsOver)
            return;
        Call(stage.BodyFunctions, facts);
        _clock?.Took(ScanLayer.Functions);
        foreach (var rule in stage.PartRules)
            PartMatch.Run(rule, texts, _captures, this);
        _clock?.Took(ScanLayer.PartHeaders);
        foreach (var rule in stage.UriRules)
            UriMatch.Run(rule, texts, this);
        _clock?.Took(ScanLayer.Uri);
        if (IsOver)
            return;
        stage.RawBody?.Match(texts.RawBody, work.RawBody!, this);
        _clock?.Took(ScanLayer.RawBody);
        if (IsOver)
            return;
        Call(stage.RawBodyFunctions, facts);
        _clock?.Took(ScanLayer.Functions);
        if (IsOver)
            return;
        stage.Full?.Match([texts.Full], work.Full!, this);
        _clock?.Took(ScanLayer.Full);
        if (IsOver)
            return;
        Call(stage.FullFunctions, facts);
        _clock?.Took(ScanLayer.Functions);
        if (IsOver)
            return;
        Decide(stage);
    }

    private void Decide(ScanStage stage)
    {
        foreach (ref readonly var meta in stage.Metas.AsSpan())
        {
            // With no hit of a rule that it names its value is that of a mail on which nothing hits.
            if (meta.IsZeroAlone && !_isNamed[meta.Index])
                continue;
            var value = MetaEvaluation.Evaluate(
                meta.Steps,
                meta.Names,
                meta.Sums,
                _hits,
                !_program.Options.IsNetworkWanted
            );
            if (value != 0)
                Hit(meta.Index, value > 0 ? value : 1);
        }

        _clock?.Took(ScanLayer.Metas);
    }

    private void Call(FunctionRule[] functions, MailFacts facts)
    {
        foreach (ref readonly var function in functions.AsSpan())
        {
            facts.PatternSteps = PatternRun.DefaultSteps;
            var count = function.Function(new RuleCall(function.Rule, facts));
            if (facts.PatternSteps == 0)
                GaveUp(function.Index);
            else if (count != 0)
                Hit(function.Index, (double)Math.Max(count, 1));
            TakeFurtherHits(facts);
            if (_timeLimit > 0 && IsOver)
                return;
        }
    }

    private void TakeFurtherHits(MailFacts facts)
    {
        foreach (var other in facts.TakeFurtherHits())
        {
            if (_program.IndexOf(other) is var index and >= 0)
                Hit(index, 1.0);
        }
    }

    private ScanResult Result(MailFacts facts)
    {
        var hits = new List<RuleHit>();
        var subs = new List<RuleHit>();
        var total = 0.0;
        foreach (var index in _order)
        {
            var rule = _program.Rules[index];
            // A pattern that counts gives its points for each match.
            var times = rule.Flags.IsMultiple && rule.Pattern is not null ? _hits[index] : 1;
            var points = PointsOf(index) * times;
            if (rule.IsSub)
            {
                subs.Add(new RuleHit(rule.Name, 0, _hits[index], "", ""));
                continue;
            }
            total += points;
            var description = Description(rule) + facts.Descriptions.GetValueOrDefault(rule.Name, "");
            hits.Add(
                new RuleHit(rule.Name, points, _hits[index], Area(rule), description)
                {
                    Details = facts.Details(rule.Name),
                }
            );
        }
        if (_shortCircuit is not null)
        {
            total += _shortCircuitPoints;
            hits.Add(
                new RuleHit(
                    "SHORTCIRCUIT",
                    _shortCircuitPoints,
                    1,
                    "",
                    "Not all rules were run, due to a shortcircuited rule"
                )
            );
        }
        if (_isLate)
        {
            var points = PointsOfEvent("TIME_LIMIT_EXCEEDED", 0.001);
            total += points;
            hits.Add(new RuleHit("TIME_LIMIT_EXCEEDED", points, 1, "", "Exceeded time limit / deadline"));
        }
        return new ScanResult(
            Rounded(total),
            facts.Settings.Number("required_score"),
            hits,
            subs,
            [.. _givenUp.Distinct().Select(index => _program.Rules[index].Name)],
            _shortCircuit is "" ? null : _shortCircuit
        )
        {
            ShortCircuitKind = _shortCircuitKind,
            IsTimeLimitExceeded = _isLate,
        };
    }

    private string Description(Rule rule) =>
        _user is not null && _user.Descriptions.TryGetValue(rule.Name, out var text) ? text : rule.Description;

    // What no rule of the set looks for may have its points there.
    private double PointsOfEvent(string name, double standard) =>
        _user is not null && _user.Scores.TryGetValue(name, out var points) ? points[_program.Options.ScoreSet]
        : _program.Ruleset.Scores.TryGetValue(name, out var site) ? site[_program.Options.ScoreSet]
        : standard;

    // The exact binary value is rounded, half to even: as printf does.
    private static double Rounded(double total) =>
        double.Parse(
            total.ToString("F3", System.Globalization.CultureInfo.InvariantCulture),
            System.Globalization.CultureInfo.InvariantCulture
        );

    private static string Area(Rule rule) =>
        rule.Kind switch
        {
            RuleKind.BlocklistFunction => rule.Function == "check_dns_sender" ? "DNS: " : "RBL: ",
            _ when RuleFunctions.Awaited.Contains(rule.Function) => "",
            RuleKind.Body or RuleKind.BodyFunction or RuleKind.UriDetail => "BODY: ",
            RuleKind.RawBody or RuleKind.RawBodyFunction => "RAW: ",
            RuleKind.Uri => "URI: ",
            RuleKind.Full or RuleKind.FullFunction => "FULL: ",
            RuleKind.AskDns => "ASKDNS: ",
            _ => "",
        };
}
