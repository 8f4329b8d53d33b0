namespace Postreiter.Spam.Uris;

/// <summary>One URI of a mail, and what rules look at of it.</summary>
/// <param name="raw">As found, with a scheme put in front where a text had none.</param>
public sealed class FoundUri(string raw)
{
    private readonly List<string> _types = [];
    private readonly List<string> _cleaned = [];
    private readonly List<string> _texts = [];
    private readonly Dictionary<string, string> _hosts = new(StringComparer.Ordinal);

    /// <summary>As found, with a scheme put in front where a text had none.</summary>
    public string Raw { get; } = raw;

    /// <summary>Where: `parsed` (in text), names of HTML elements, `domainkeys`; `schemeless` and `unlinked` say how it was written.</summary>
    public IReadOnlyList<string> Types => _types;

    /// <summary>Its canonical forms, which `uri` rules see; none for one that only names a domain.</summary>
    public IReadOnlyList<string> Cleaned => _cleaned;

    /// <summary>Texts of the anchors that lead there.</summary>
    public IReadOnlyList<string> Texts => _texts;

    /// <summary>Hosts, each with its registered domain.</summary>
    public IReadOnlyDictionary<string, string> Hosts => _hosts;

    /// <summary>Registered domains.</summary>
    public IEnumerable<string> Domains => _hosts.Values.Distinct(StringComparer.Ordinal);

    internal void Add(
        IEnumerable<string> types,
        IEnumerable<string> cleaned,
        IEnumerable<(string Domain, string Host)> hosts
    )
    {
        AddNew(_types, types);
        AddNew(_cleaned, cleaned);
        foreach (var (domain, host) in hosts)
            _hosts[host] = domain;
    }

    internal void AddTexts(IEnumerable<string> texts) => AddNew(_texts, texts);

    private static void AddNew(List<string> to, IEnumerable<string> from)
    {
        foreach (var text in from)
        {
            if (!to.Contains(text))
                to.Add(text);
        }
    }
}
