using System.Globalization;

namespace Postreiter.Spam.Configuration;

/// <summary>Rules as they are being read: a later line about a rule replaces an earlier one.</summary>
/// <param name="warn">Told what is wrong at the end: file, line, message.</param>
/// <param name="site">Rules that a user's lines are about; null for those of a site itself.</param>
internal sealed class RuleTable(Action<string, int, string> warn, Ruleset? site = null)
{
    private readonly SortedDictionary<string, Rule> _rules = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double[]> _scores = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _flags = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _descriptions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _priorities = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _shortCircuits = new(StringComparer.Ordinal);

    /// <summary>Points that lines gave.</summary>
    public IReadOnlyDictionary<string, double[]> Scores => _scores;

    /// <summary>Descriptions that lines gave.</summary>
    public IReadOnlyDictionary<string, string> Descriptions => _descriptions;

    /// <summary>Puts a line about a rule in force.</summary>
    /// <returns>Null, or what is wrong with the line.</returns>
    public string? Apply(Directive line) =>
        line.Key switch
        {
            "score" => Score(line.Value),
            "tflags" => Named(_flags, line),
            "describe" => Named(_descriptions, line),
            "priority" => Priority(line.Value),
            "shortcircuit" => ShortCircuit(line.Value),
            "reuse" => Reuse(line),
            _ => Define(line),
        };

    /// <summary>Everything that needs all lines: default scores, metas, priorities, tags.</summary>
    public IReadOnlyDictionary<string, Rule> Complete(Settings settings)
    {
        foreach (var rule in _rules.Values)
        {
            rule.Flags = _flags.TryGetValue(rule.Name, out var flags) ? new RuleFlags(flags) : RuleFlags.None;
            rule.Description = _descriptions.GetValueOrDefault(rule.Name, "");
            rule.ShortCircuit = _shortCircuits.GetValueOrDefault(rule.Name);
            rule.IsScored = _scores.TryGetValue(rule.Name, out var scores);
            rule.Scores = scores ?? Enumerable.Repeat(StandardScore(rule), 4).ToArray();
        }
        RuleOrder.Complete(_rules, _priorities, warn);
        ReplaceTags.Apply(_rules, settings, warn);
        return _rules;
    }

    private static double StandardScore(Rule rule)
    {
        var points = rule.Name.StartsWith("T_", StringComparison.Ordinal) ? 0.01 : 1.0;
        return rule.Flags.IsNice ? -points : points;
    }

    private string? Define(Directive line)
    {
        var (name, definition) = Perl.SplitOnce(line.Value);
        if (definition.Length == 0)
            return $"{line.Key} takes a name and a definition";
        if (!Perl.IsRuleName(name))
            return $"{name} is no name for a rule: letters, digits and _, no digit first; the rule is left out";
        if (name.Length > 100)
            return $"{name} is longer than 100; the rule is left out";
        var rule = RuleDefinition.Read(line, name, definition, out var fault);
        if (rule is null)
            return $"{name}: {fault}; the rule is left out";
        // A group with a name in capitals gives its text to other rules: it runs before all of them.
        if (RuleDefinition.HasCapture(rule))
            _priorities[name] = -10_000;
        _rules[name] = rule;
        return null;
    }

    private string? Reuse(Directive line)
    {
        var name = Perl.SplitOnce(line.Value).First;
        if (!Perl.IsRuleName(name))
            return "reuse takes names of rules";
        _rules.TryAdd(
            name,
            new Rule
            {
                Name = name,
                Kind = RuleKind.Declared,
                Definition = "",
                File = line.File,
                Line = line.Line,
            }
        );
        return null;
    }

    private static string? Named(Dictionary<string, string> table, Directive line)
    {
        var (name, value) = Perl.SplitOnce(line.Value);
        if (value.Length == 0)
            return $"{line.Key} takes a rule and a text";
        table[name] = value;
        return null;
    }

    private string? Score(string value)
    {
        var words = Perl.Words(value).ToArray();
        if (words.Length is not (2 or 5))
            return "score takes a rule and one or four numbers";
        var scores = new double[4];
        var isRelative = false;
        for (var set = 0; set < 4; set++)
        {
            var word = words[words.Length == 2 ? 1 : set + 1];
            if (word.Length > 2 && word[0] == '(' && word[^1] == ')')
                (word, isRelative) = (word[1..^1], true);
            if (!Perl.IsNumber(word) || word[0] == '+' || word[^1] == '.')
                return $"{word} is no number of points";
            scores[set] = double.Parse(word, CultureInfo.InvariantCulture);
        }
        if (isRelative)
        {
            if ((_scores.GetValueOrDefault(words[0]) ?? OfSite(words[0])) is not { } known)
                return $"a score in brackets is added to an earlier one, and {words[0]} has none";
            for (var set = 0; set < 4; set++)
                scores[set] += known[set];
        }
        _scores[words[0]] = scores;
        return null;
    }

    private double[]? OfSite(string name) =>
        site is not null && site.TryGetRule(name, out var rule) && rule.IsScored ? [.. rule.Scores] : null;

    private string? Priority(string value)
    {
        var (name, number) = Perl.SplitOnce(value);
        if (
            !Perl.IsRuleName(name)
            || !int.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var priority)
        )
            return "priority takes a rule and a whole number";
        _priorities[name] = priority;
        return null;
    }

    private string? ShortCircuit(string value)
    {
        var (name, kind) = Perl.SplitOnce(value);
        switch (kind)
        {
            case "ham" or "spam":
                _shortCircuits[name] = kind;
                if (_priorities.GetValueOrDefault(name) == 0)
                    _priorities[name] = -200;
                _flags[name] = (
                    _flags.GetValueOrDefault(name, "") + (kind == "ham" ? " nice noautolearn" : " noautolearn")
                ).Trim();
                return null;
            case "on":
                _shortCircuits[name] = kind;
                return null;
            case "off":
                _shortCircuits.Remove(name);
                return null;
            default:
                return "shortcircuit takes a rule and on, off, spam or ham";
        }
    }
}
