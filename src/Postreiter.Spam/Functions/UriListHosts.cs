using System.Runtime.CompilerServices;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Uris;

namespace Postreiter.Spam.Functions;

/// <summary>The hosts of a mail that lists are asked about: those of its URIs, the likeliest to matter first, at most `uridnsbl_max_domains`.</summary>
internal sealed class UriListHosts
{
    private static readonly ConditionalWeakTable<Settings, HashSet<string>> Skipped = [];

    private UriListHosts(IReadOnlyDictionary<string, string> hosts) => Hosts = hosts;

    /// <summary>Hosts, each with its registered domain.</summary>
    public IReadOnlyDictionary<string, string> Hosts { get; }

    /// <summary>Those of a mail; sets the tags URIHOSTS and URIDOMAINS.</summary>
    public static UriListHosts Of(MailFacts facts) => facts.Shared(Find);

    /// <summary>Whether `uridnsbl_skip_domain` has it; lower case.</summary>
    public static bool IsSkipped(Settings settings, string name) =>
        Skipped
            .GetValue(
                settings,
                static one => one.Words("uridnsbl_skip_domain").Select(Octets.Lower).ToHashSet(StringComparer.Ordinal)
            )
            .Contains(name);

    private static UriListHosts Find(MailFacts facts)
    {
        var most = (int)Math.Clamp(facts.Settings.Number("uridnsbl_max_domains"), 0, 1000);
        var skipsMail = facts.Settings.IsOn("uridnsbl_skip_mailto");
        var hosts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        // Within a rank the original draws lots; ours are the first.
        foreach (
            var uri in facts
                .Uris.All.Where(uri => !skipsMail || !uri.Raw.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase))
                .OrderBy(Rank)
        )
        {
            foreach (var (host, domain) in uri.Hosts)
            {
                if (
                    hosts.Count < most
                    && !hosts.ContainsKey(host)
                    && !IsSkipped(facts.Settings, domain)
                    && !IsSkipped(facts.Settings, host)
                )
                    hosts.Add(host, domain);
            }
        }
        facts.SetTag("URIHOSTS", [.. hosts.Keys]);
        facts.SetTag("URIDOMAINS", [.. hosts.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
        return new UriListHosts(hosts);
    }

    // A link with a text, a form, a picture, something else, plain text, a link that shows nothing.
    private static int Rank(FoundUri uri) =>
        uri.Types switch
        {
            var types when types.Contains("a") => uri.Texts.Any(static text => text.Length > 0) ? 0 : 5,
            var types when types.Contains("form") => 1,
            var types when types.Contains("img") => 2,
            ["parsed"] => 4,
            _ => 3,
        };
}
