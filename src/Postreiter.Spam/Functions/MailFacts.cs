using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Functions;

/// <summary>What the rule functions share about one mail. One thread at a time.</summary>
/// <param name="mail">The mail.</param>
/// <param name="ruleset">The ruleset in force.</param>
/// <param name="settings">Its settings, with the user's preferences laid over them.</param>
public sealed partial class MailFacts(SpamMail mail, Ruleset ruleset, Settings settings)
{
    private readonly Dictionary<Type, object> _shared = [];
    private readonly Dictionary<string, string> _descriptions = new(StringComparer.Ordinal);

    /// <summary>The mail.</summary>
    public SpamMail Mail { get; } = mail;

    /// <summary>The ruleset in force.</summary>
    public Ruleset Ruleset { get; } = ruleset;

    /// <summary>Settings and lists, with the user's preferences.</summary>
    public Settings Settings { get; } = settings;

    /// <summary>Whether rules may ask the network.</summary>
    public bool IsNetworkWanted { get; init; }

    /// <summary>Texts that functions added to the descriptions of rules, by rule name.</summary>
    public IReadOnlyDictionary<string, string> Descriptions => _descriptions;

    /// <summary>Something computed once a mail, by the first that asks for it.</summary>
    /// <typeparam name="T">Its type, which also is its key.</typeparam>
    public T Shared<T>(Func<MailFacts, T> compute)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(compute);
        if (!_shared.TryGetValue(typeof(T), out var value))
            _shared[typeof(T)] = value = compute(this);
        return (T)value;
    }

    private readonly List<string> _furtherHits = [];

    /// <summary>Makes another rule hit than the one that calls, e.g. one that is only declared.</summary>
    /// <param name="rule">Its name; nothing happens when no such rule runs.</param>
    public void HitToo(string rule) => _furtherHits.Add(rule);

    internal IReadOnlyList<string> TakeFurtherHits()
    {
        if (_furtherHits.Count == 0)
            return [];
        string[] taken = [.. _furtherHits];
        _furtherHits.Clear();
        return taken;
    }

    internal void Describe(Rule rule, string text) =>
        _descriptions[rule.Name] = _descriptions.TryGetValue(rule.Name, out var known) ? known + text : text;
}
