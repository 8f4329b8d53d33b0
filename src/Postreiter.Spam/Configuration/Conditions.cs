using System.Collections.Frozen;

namespace Postreiter.Spam.Configuration;

/// <summary>Decides the `if` and `ifplugin` lines of a ruleset.</summary>
internal sealed class Conditions
{
    private const string Prefix = "Mail::SpamAssassin::";
    private const string PluginPrefix = Prefix + "Plugin::";

    private static readonly FrozenSet<string> Features = EmbeddedTable
        .Lines("features.tsv")
        .Select(static line => line.Replace('\t', ':'))
        .ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> KnownPlugins = EmbeddedTable
        .Lines("plugins.tsv")
        .ToFrozenSet(StringComparer.Ordinal);

    private readonly HashSet<string> _plugins = new(StringComparer.Ordinal);
    private readonly HashSet<string> _compatibilities = new(StringComparer.Ordinal);

    /// <summary>Whether the network is off.</summary>
    public bool IsLocal { get; init; }

    /// <summary>Plugins loaded, without the common prefix.</summary>
    public IReadOnlySet<string> Plugins => _plugins;

    /// <summary>`loadplugin`.</summary>
    /// <returns>False when this engine has no such plugin.</returns>
    public bool TryLoad(string name)
    {
        var plugin = Short(name);
        if (plugin is null || !KnownPlugins.Contains(plugin))
            return false;
        _plugins.Add(plugin);
        return true;
    }

    /// <summary>`enable_compat`.</summary>
    public void EnableCompatibility(string name) => _compatibilities.Add(name);

    /// <summary>Decides a condition.</summary>
    /// <param name="text">The expression behind `if`.</param>
    /// <param name="error">What is wrong with it, for people; it then counts as false.</param>
    public bool Decide(string text, out string error)
    {
        error = "";
        var tokens = ExpressionLexer.Tokens(text);
        var plain = new List<string>();
        for (var i = 0; i < tokens.Count; i++)
        {
            switch (tokens[i])
            {
                case "plugin"
                or "can"
                or "has" when i + 3 < tokens.Count && tokens[i + 1] == "(" && tokens[i + 3] == ")":
                    plain.Add(Holds(tokens[i], tokens[i + 2]) ? "1" : "0");
                    i += 3;
                    break;
                case "version":
                    plain.Add("4.000001");
                    break;
                case "perl_version":
                    plain.Add("5.036000");
                    break;
                case "local_tests_only":
                    plain.Add(IsLocal ? "1" : "0");
                    break;
                default:
                    plain.Add(tokens[i]);
                    break;
            }
        }
        if (plain.Exists(token => Perl.IsRuleName(token)))
        {
            error = $"the condition {text} names something unknown";
            return false;
        }
        var expression = MetaCompiler.Compile(plain, [], out error);
        return expression is not null && MetaEvaluation.Evaluate(expression.Steps, [], [], [], IsLocal) != 0;
    }

    private bool Holds(string question, string name)
    {
        if (question == "plugin")
            return Short(name) is { } plugin && _plugins.Contains(plugin);
        var end = name.LastIndexOf("::", StringComparison.Ordinal);
        if (end < 0)
            return false;
        var (module, feature) = (name[..end], name[(end + 2)..]);
        if (module == Prefix + "Conf")
        {
            return Features.Contains("Conf:" + feature)
                || (feature.StartsWith("compat_", StringComparison.Ordinal) && _compatibilities.Contains(feature[7..]));
        }
        return Short(module) is { } owner && _plugins.Contains(owner) && Features.Contains(owner + ":" + feature);
    }

    // Two plugins had other names before.
    private static string? Short(string name) =>
        !name.StartsWith(PluginPrefix, StringComparison.Ordinal)
            ? null
            : name[PluginPrefix.Length..] switch
            {
                "Dmarc" => "DMARC",
                "WhiteListSubject" => "WelcomeListSubject",
                var plugin => plugin,
            };
}
