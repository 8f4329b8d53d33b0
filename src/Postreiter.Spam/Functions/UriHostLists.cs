using System.Net;

namespace Postreiter.Spam.Functions;

/// <summary>Functions of SpamAssassin's WLBLEval that look hosts of URIs up in lists (`enlist_uri_host`).</summary>
internal static class UriHostLists
{
    // Labels from the right that are looked up.
    private const int MostLabels = 11;

    /// <summary>A host of the list BLOCK.</summary>
    [RuleFunction("check_uri_host_in_blocklist")]
    [RuleFunction("check_uri_host_in_blacklist")]
    internal static int IsBlocked(RuleCall call) => IsListed(call, "BLOCK");

    /// <summary>A host of the list WELCOME.</summary>
    [RuleFunction("check_uri_host_in_welcomelist")]
    [RuleFunction("check_uri_host_in_whitelist")]
    internal static int IsWelcome(RuleCall call) => IsListed(call, "WELCOME");

    /// <summary>A host of a list by its name: itself or a parent domain, the longest name that is listed decides.</summary>
    [RuleFunction("check_uri_host_listed")]
    internal static int IsListed(RuleCall call) => IsListed(call, call.Argument(0) ?? "");

    private static int IsListed(RuleCall call, string list)
    {
        var listed = call.Settings.UriHosts(list);
        if (listed.Count == 0)
            return 0;
        foreach (var host in call.Facts.Shared(Hosts.Of).All)
        {
            foreach (var name in host.Names)
            {
                if (!listed.TryGetValue(name, out var isListed))
                    continue;
                if (isListed)
                {
                    call.Describe(name == host.Name ? $" [URI: {host.Name}]" : $" [URI: {host.Name} ({name})]");
                    return 1;
                }

                break;
            }
        }

        return 0;
    }

    private sealed record Hosts(IReadOnlyList<Host> All)
    {
        public static Hosts Of(MailFacts facts) =>
            new([
                .. facts
                    .Uris.All.Where(static uri => !uri.Raw.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase))
                    .SelectMany(static uri => uri.Hosts.Keys)
                    .Distinct(StringComparer.Ordinal)
                    .Select(static name => new Host(name, [.. Names(name)])),
            ]);

        private static IEnumerable<string> Names(string host)
        {
            if (host is ['[', .. var inner, ']'])
                return [inner];
            if (IPAddress.TryParse(host, out _))
                return [host];
            var labels = host.Split('.');
            return Enumerable
                .Range(0, labels.Length)
                .Select(first => string.Join('.', labels[first..]))
                .Skip(Math.Max(0, labels.Length - MostLabels));
        }
    }

    private sealed record Host(string Name, IReadOnlyList<string> Names);
}
