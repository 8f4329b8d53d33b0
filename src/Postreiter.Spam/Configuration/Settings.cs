using System.Globalization;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Configuration;

/// <summary>What the lines of a ruleset set, other than rules. Every accessor takes the name of today (`welcomelist_…`, never `whitelist_…`).</summary>
/// <remarks>Not changed once the ruleset is read; a user's preferences make a copy.</remarks>
public sealed partial class Settings
{
    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> _words = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, string>> _maps = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AddressList> _addresses = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AddressList> _named = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AddressList> _owners = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, bool>> _hosts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NetworkList> _networks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<OctetPattern>> _patterns = new(StringComparer.Ordinal);
    private readonly Dictionary<string, UriBlocklist> _uriBlocklists = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (double Longest, double Least)> _timeouts = new(StringComparer.Ordinal);
    private readonly List<Directive> _marks = [];

    // Containers that are not shared with others; null = none is.
    private readonly HashSet<object>? _own;

    internal Settings() { }

    // What is the site's is shared until a line changes it: a user's lists are a few lines, the site's some thousand.
    internal Settings(Settings other)
    {
        _own = new HashSet<object>(ReferenceEqualityComparer.Instance);
        _texts = new(other._texts, StringComparer.Ordinal);
        _words = new(other._words, StringComparer.Ordinal);
        _maps = new(other._maps, StringComparer.Ordinal);
        _addresses = new(other._addresses, StringComparer.Ordinal);
        _named = new(other._named, StringComparer.Ordinal);
        _owners = new(other._owners, StringComparer.Ordinal);
        _hosts = new(other._hosts, StringComparer.Ordinal);
        _networks = new(other._networks, StringComparer.Ordinal);
        _patterns = new(other._patterns, StringComparer.Ordinal);
        _uriBlocklists = new(other._uriBlocklists, StringComparer.Ordinal);
        _timeouts = new(other._timeouts, StringComparer.Ordinal);
        _marks = [.. other._marks];
    }

    /// <summary>Lines about marks and reports (`add_header`, `report`, `rewrite_header`, `report_safe`, …) in the order of the files.</summary>
    public IReadOnlyList<Directive> Marks => _marks;

    /// <summary>A string setting, e.g. `envelope_sender_header`, `ok_locales`; null when there is neither a line nor a default.</summary>
    /// <exception cref="ArgumentException">No directive has this name.</exception>
    public string? Text(string name) =>
        _texts.TryGetValue(name, out var text) ? text
        : Entry(name).Default is { Length: > 0 } standard ? standard
        : null;

    /// <summary>A number, e.g. `required_score`, `body_part_scan_size`; durations in seconds.</summary>
    /// <exception cref="ArgumentException">No directive has this name, or it is no number and has no default.</exception>
    public double Number(string name) =>
        double.TryParse(Text(name), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new ArgumentException($"{name} is not set and has no default", nameof(name));

    /// <summary>A switch, e.g. `use_bayes`.</summary>
    /// <exception cref="ArgumentException">No directive has this name.</exception>
    public bool IsOn(string name) => Text(name) is "1";

    /// <summary>
    /// The words of a list in order, e.g. `freemail_domains`, `url_shortener`, `util_rb_2tld`, `originating_ip_headers`; or the whole
    /// values of the lines of `asn_lookup`, `bayes_stopword_en` and the like. As written: those that know no case are to be folded.
    /// </summary>
    /// <exception cref="ArgumentException">No directive has this name.</exception>
    public IReadOnlyList<string> Words(string name)
    {
        if (_words.TryGetValue(name, out var words))
            return words;
        return Entry(name).Default is { Length: > 0 } standard ? standard.Split(' ') : [];
    }

    /// <summary>Keys with their values, e.g. `adsp_override` (domain → nxdomain, unknown, all, discardable, custom_low, …).</summary>
    /// <exception cref="ArgumentException">No directive has this name.</exception>
    public IReadOnlyDictionary<string, string> Map(string name) =>
        _maps.TryGetValue(name, out var map) ? map
        : Entry(name) is not null ? new Dictionary<string, string>()
        : throw Unknown(name);

    /// <summary>
    /// Address patterns of a directive: `welcomelist_from`, `blocklist_to`, `welcomelist_from_rcvd` (with the hosts), `def_welcomelist_from_dkim`
    /// (with the signing domains), `welcomelist_bounce_relays`; `welcomelist_subject` and `blocklist_subject` hold patterns of subjects.
    /// </summary>
    /// <exception cref="ArgumentException">No directive has this name.</exception>
    public AddressList Addresses(string name) =>
        _addresses.TryGetValue(name, out var list) ? list
        : Entry(name) is not null ? AddressList.Empty
        : throw Unknown(name);

    /// <summary>
    /// The list that functions such as `check_from_in_list('NAME')` ask for: of `enlist_addrlist (NAME)`, which for the names of
    /// directives (`welcomelist_from`, `blocklist_to`, …) is the directive's own list.
    /// </summary>
    public AddressList NamedAddresses(string list) =>
        DirectiveTable.Find(list)?.Kind is DirectiveKind.Addresses or DirectiveKind.Received or DirectiveKind.Signed
            ? Addresses(DirectiveTable.Find(list)!.Name)
        : _named.TryGetValue(list, out var found) ? found
        : AddressList.Empty;

    /// <summary>Lists of `fns_add_addrlist (NAME)`: addresses that are one owner's, by the owner in lower case.</summary>
    public IReadOnlyDictionary<string, AddressList> OwnerLists => _owners;

    /// <summary>
    /// Hosts of `enlist_uri_host (NAME)`, lower case: true for a listed host, false for an exception (`!host`). `blocklist_uri_host` is
    /// the list BLOCK, `welcomelist_uri_host` the list WELCOME.
    /// </summary>
    public IReadOnlyDictionary<string, bool> UriHosts(string list) =>
        _hosts.TryGetValue(list, out var hosts) ? hosts : new Dictionary<string, bool>();

    /// <summary>`trusted_networks`, `internal_networks` or `msa_networks`.</summary>
    /// <exception cref="ArgumentException">No directive has this name.</exception>
    public NetworkList Networks(string name) =>
        _networks.TryGetValue(name, out var list) ? list
        : Entry(name).Kind == DirectiveKind.Networks ? new NetworkList()
        : throw Unknown(name);

    /// <summary>What `urirhssub` and its kin say, by the rule's name.</summary>
    internal IReadOnlyDictionary<string, UriBlocklist> UriBlocklists => _uriBlocklists;

    /// <summary>
    /// `rbl_timeout`: seconds that a question is waited for, and the least when nearly all others are answered (negative = a fifth of the
    /// longest), by zone in lower case; "" for all.
    /// </summary>
    internal IReadOnlyDictionary<string, (double Longest, double Least)> LookupTimeouts => _timeouts;

    /// <summary>Patterns of `redirector_pattern`, in order.</summary>
    /// <exception cref="ArgumentException">No directive has this name.</exception>
    public IReadOnlyList<OctetPattern> Patterns(string name) =>
        _patterns.TryGetValue(name, out var patterns) ? patterns
        : Entry(name).Kind == DirectiveKind.Patterns ? []
        : throw Unknown(name);

    private static DirectiveEntry Entry(string name) => DirectiveTable.Find(name) ?? throw Unknown(name);

    private static ArgumentException Unknown(string name) => new($"no directive is called {name}", nameof(name));
}
