namespace Postreiter.Spam.Configuration;

/// <summary>What follows from the dependencies between rules: priorities, the flag `net`, cycles.</summary>
internal static class RuleOrder
{
    /// <summary>The priority of rules that ask the network, unless a line or a dependency says otherwise.</summary>
    public const int NetPriority = -100;

    /// <summary>Works them out for all rules.</summary>
    /// <param name="rules">Rules by name; their expressions get their `rules_matching()` names.</param>
    /// <param name="priorities">What `priority` lines say.</param>
    /// <param name="warn">Told about cycles.</param>
    public static void Complete(
        IReadOnlyDictionary<string, Rule> rules,
        IReadOnlyDictionary<string, int> priorities,
        Action<string, int, string> warn
    )
    {
        var dependencies = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var rule in rules.Values)
        {
            rule.Priority = priorities.GetValueOrDefault(rule.Name);
            if (rule.Expression is { } expression)
                dependencies[rule.Name] =
                [
                    .. expression.Names,
                    .. expression.Globs.SelectMany(glob => Matching(rules, glob, rule.Name)),
                ];
        }
        BreakCycles(rules, dependencies, warn);
        LowerPriorities(rules, dependencies);
        foreach (var (name, direct) in dependencies)
        {
            var rule = rules[name];
            if (!rule.Flags.IsNet && direct.Exists(one => rules.TryGetValue(one, out var other) && other.Flags.IsNet))
                rule.Flags = new RuleFlags(rule.Flags.Text.Length == 0 ? "net" : rule.Flags.Text + " net");
        }
        foreach (var rule in rules.Values)
        {
            if (rule.Priority == 0 && rule.Flags.IsNet)
                rule.Priority = NetPriority;
        }
    }

    /// <summary>Rules whose names fit a glob, but for the one that asks.</summary>
    public static IEnumerable<string> Matching(IReadOnlyDictionary<string, Rule> rules, string glob, string self) =>
        rules.Keys.Where(name => name != self && Matches(glob, name));

    /// <summary>Whether a name fits a glob of `rules_matching()`.</summary>
    public static bool Matches(string glob, string name) => Glob.Matches(glob, name) && MatchesCase(glob, name);

    // Names of rules know their case, addresses do not.
    private static bool MatchesCase(string glob, string name)
    {
        var literal = glob.Split('*', '?');
        var at = 0;
        foreach (var part in literal)
        {
            at = name.IndexOf(part, at, StringComparison.Ordinal);
            if (at < 0)
                return false;
            at += part.Length;
        }
        return true;
    }

    // In ascending order; a dependency that was lowered lowers its own in turn.
    private static void LowerPriorities(
        IReadOnlyDictionary<string, Rule> rules,
        Dictionary<string, List<string>> dependencies
    )
    {
        var queue = new PriorityQueue<string, int>(dependencies.Keys.Select(name => (name, rules[name].Priority)));
        while (queue.TryDequeue(out var name, out var priority))
        {
            if (rules[name].Priority != priority)
                continue;
            foreach (var dependency in dependencies[name])
            {
                if (!rules.TryGetValue(dependency, out var other) || other.Priority <= priority)
                    continue;
                var lowered = priority < NetPriority && other.Flags.IsNet ? NetPriority : priority;
                if (other.Priority == lowered)
                    continue;
                other.Priority = lowered;
                if (dependencies.ContainsKey(dependency))
                    queue.Enqueue(dependency, lowered);
            }
        }
    }

    // A meta in a cycle, or that needs one in a cycle, can never be worked out: it is 0.
    private static void BreakCycles(
        IReadOnlyDictionary<string, Rule> rules,
        Dictionary<string, List<string>> dependencies,
        Action<string, int, string> warn
    )
    {
        var open = dependencies.ToDictionary(
            static pair => pair.Key,
            pair => pair.Value.Where(dependencies.ContainsKey).ToHashSet(StringComparer.Ordinal),
            StringComparer.Ordinal
        );
        var users = dependencies.Keys.ToDictionary(
            static name => name,
            static _ => new List<string>(),
            StringComparer.Ordinal
        );
        foreach (var (name, needs) in open)
        {
            foreach (var need in needs)
                users[need].Add(name);
        }
        var ready = new Queue<string>(open.Where(static pair => pair.Value.Count == 0).Select(static pair => pair.Key));
        while (ready.TryDequeue(out var name))
        {
            open.Remove(name);
            foreach (var user in users[name])
            {
                if (open.TryGetValue(user, out var left) && left.Remove(name) && left.Count == 0)
                    ready.Enqueue(user);
            }
        }
        foreach (var name in open.Keys)
        {
            var rule = rules[name];
            warn(
                rule.File,
                rule.Line,
                $"{name} depends on itself, through {string.Join(", ", open[name])}; it never hits"
            );
            rule.Expression = new MetaExpression([new MetaStep(MetaOperation.Number, 0, 0)], [], []);
            dependencies[name] = [];
        }
    }
}
