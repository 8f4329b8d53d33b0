using Postreiter.Core;
using Postreiter.Spam.Configuration;

namespace Postreiter.Spam.Network;

/// <summary>What a ruleset says of its questions: which may be asked, how long they are waited for, which rules tell that a list is tired of us.</summary>
internal sealed class LookupPolicy
{
    private const int MostLabels = 20;
    private readonly Dictionary<string, bool> _denied = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> _blocking = new(StringComparer.Ordinal);
    private readonly HashSet<string> _blockable = new(StringComparer.Ordinal);
    private readonly IReadOnlyDictionary<string, (double Longest, double Least)> _timeouts;

    /// <summary>Reads the settings of a ruleset.</summary>
    public LookupPolicy(Settings settings)
    {
        foreach (var (word, zone) in settings.Words("dns_query_restriction").Select(Perl.SplitOnce))
            _denied[zone] = word == "deny";
        foreach (var (rule, zone) in settings.Words("dns_block_rule").Select(Perl.SplitOnce))
        {
            if (!_blocking.TryGetValue(rule, out var zones))
                _blocking.Add(rule, zones = []);
            zones.Add(zone);
            _blockable.Add(zone);
        }
        BlockTime = TimeSpan.FromSeconds(Math.Clamp(settings.Number("dns_block_time"), 0, 86_400 * 365));
        _timeouts = settings.LookupTimeouts;
        IsAvailable = settings.Text("dns_available") is not "no";
        WantsRelays = IsAvailable && !settings.IsOn("skip_rbl_checks");
        WantsUris = IsAvailable && !settings.IsOn("skip_uribl_checks");
    }

    /// <summary>Whether the rules may ask anything (`dns_available`).</summary>
    public bool IsAvailable { get; }

    /// <summary>Whether lists are asked for relays and senders (`skip_rbl_checks`).</summary>
    public bool WantsRelays { get; }

    /// <summary>Whether lists are asked for URIs (`skip_uribl_checks`).</summary>
    public bool WantsUris { get; }

    /// <summary>How long a list is left alone (`dns_block_time`).</summary>
    public TimeSpan BlockTime { get; }

    /// <summary>Rules whose hit says that a list answers us no more, with its zones (`dns_block_rule`).</summary>
    public IReadOnlyDictionary<string, List<string>> Blocking => _blocking;

    /// <summary>Whether a name is not to be asked for: the nearest of its parents that a line speaks of decides, `*` in the end.</summary>
    public bool IsDenied(DomainName name, BlockedZones blocked)
    {
        if (_denied.Count == 0 && _blockable.Count == 0)
            return false;
        string? zone = null;
        foreach (var parent in Parents(name.Ascii).Append("*"))
        {
            if (_denied.TryGetValue(parent, out var isDenied))
            {
                if (isDenied)
                    return true;
                break;
            }
            if (_blockable.Contains(parent))
                zone = parent;
        }
        return zone is not null && blocked.IsBlocked(zone);
    }

    /// <summary>Seconds that an answer is waited for: the longest, and the least when nearly all others have come.</summary>
    public (double Longest, double Least) Timeout(DomainName name)
    {
        var (longest, least) = (15.0, -1.0);
        foreach (var zone in _timeouts.Count == 0 ? [] : Parents(name.Ascii).Append(""))
        {
            if (!_timeouts.TryGetValue(zone, out var found))
                continue;
            (longest, least) = found;
            if (least < 0 && _timeouts.TryGetValue("", out var all))
                least = all.Least;
            break;
        }
        if (least < 0)
            least = 0.2 * longest;
        return (Math.Max(longest, least), least);
    }

    private static IEnumerable<string> Parents(string name)
    {
        for (var extra = name.AsSpan().Count('.') + 1 - MostLabels; extra > 0; extra--)
            name = name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..];
        for (var at = 0; ; at = name.IndexOf('.', at) + 1)
        {
            yield return name[at..];
            if (name.IndexOf('.', at) < 0)
                yield break;
        }
    }
}
