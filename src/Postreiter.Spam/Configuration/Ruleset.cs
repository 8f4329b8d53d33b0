using System.Diagnostics.CodeAnalysis;

namespace Postreiter.Spam.Configuration;

/// <summary>Everything that a set of rule files says, in force. Never changed after it is read; safe for use by many threads.</summary>
public sealed class Ruleset
{
    private readonly IReadOnlyDictionary<string, Rule> _rules;

    internal Ruleset(
        IReadOnlyDictionary<string, Rule> rules,
        Settings settings,
        IReadOnlySet<string> plugins,
        IReadOnlyList<ConfigurationWarning> warnings
    )
    {
        _rules = rules;
        Settings = settings;
        Plugins = plugins;
        Warnings = warnings;
    }

    /// <summary>All rules, in order of name (octets).</summary>
    public IEnumerable<Rule> Rules => _rules.Values;

    /// <summary>Number of rules.</summary>
    public int Count => _rules.Count;

    /// <summary>Settings and lists.</summary>
    public Settings Settings { get; }

    /// <summary>Points that lines gave, in the four score sets, also where no rule has the name.</summary>
    public IReadOnlyDictionary<string, double[]> Scores { get; internal init; } = new Dictionary<string, double[]>();

    /// <summary>Where each of <see cref="Plugins"/> is loaded.</summary>
    public IReadOnlyDictionary<string, (string File, int Line)> PluginLines { get; internal init; } =
        new Dictionary<string, (string, int)>();

    /// <summary>Plugins that the `.pre` files load, without the common prefix (`FreeMail`, `MIMEEval`).</summary>
    public IReadOnlySet<string> Plugins { get; }

    /// <summary>Lines that are not in force as written.</summary>
    public IReadOnlyList<ConfigurationWarning> Warnings { get; }

    /// <summary>Looks a rule up.</summary>
    public bool TryGetRule(string name, [NotNullWhen(true)] out Rule? rule) => _rules.TryGetValue(name, out rule);
}
