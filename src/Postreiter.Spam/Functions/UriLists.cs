using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Network;

namespace Postreiter.Spam.Functions;

/// <summary>A rule of URIDNSBL and the list it asks.</summary>
internal readonly record struct UriListRule(Rule Rule, UriBlocklist List);

/// <summary>The rules of SpamAssassin's URIDNSBL: lists are asked about the hosts of URIs, their addresses and their name servers.</summary>
internal sealed class UriLists
{
    private const int MostNameServers = 16;
    private const int MostAddresses = 16;
    private readonly MailFacts _facts;
    private readonly MailLookups _lookups;
    private readonly HashSet<(string Rule, string Name)> _asked = [];
    private readonly HashSet<string> _resolved = new(StringComparer.Ordinal);
    private readonly UriListRule[] _domains;
    private readonly UriListRule[] _serverDomains;
    private readonly UriListRule[] _servers;
    private readonly UriListRule[] _addresses;
    private readonly bool _asksServers;

    private UriLists(MailFacts facts, MailLookups lookups, IReadOnlyList<UriListRule> rules)
    {
        (_facts, _lookups) = (facts, lookups);
        _domains = [.. rules.Where(static one => one.List.Lookup == UriLookup.Domain)];
        _serverDomains = [.. rules.Where(static one => one.List.Lookup == UriLookup.NameServerDomain)];
        _servers = [.. rules.Where(static one => one.List.Lookup == UriLookup.NameServer)];
        var byAddress = rules.Where(static one => one.List.Lookup == UriLookup.Address).ToList();
        _addresses = [.. byAddress.Where(static one => one.Rule.Flags.Has("a"))];
        _asksServers =
            _serverDomains.Length + _servers.Length > 0
            || byAddress.Exists(static one => one.Rule.Flags.Has("ns") || !one.Rule.Flags.Has("a"));
    }

    /// <summary>Placeholder of a rule in a ruleset: `body RULE eval:check_uridnsbl('RULE')`. What makes it hit is asked for all rules together.</summary>
    [RuleFunction("check_uridnsbl", IsAwaited = true)]
    internal static int Check(RuleCall call) => 0;

    /// <summary>Asks for all hosts of a mail.</summary>
    /// <param name="facts">The mail.</param>
    /// <param name="rules">The rules that run.</param>
    public static void Ask(MailFacts facts, IReadOnlyList<UriListRule> rules)
    {
        // The tags are there for other rules even where no list is asked.
        var hosts = UriListHosts.Of(facts).Hosts;
        if (rules.Count == 0 || hosts.Count == 0 || facts.Lookups is not { } lookups)
            return;
        var lists = new UriLists(facts, lookups, rules);
        foreach (var (host, domain) in hosts)
            lists.AskHost(Octets.Lower(host), Octets.Lower(domain));
    }

    private void AskHost(string host, string domain)
    {
        var isAddress = host.StartsWith('[') || NumberTest.IsFourNumbers(host);
        if (isAddress)
        {
            // One in brackets is IPv6, which these lists do not have.
            if (!NumberTest.TryReadAddress(host, out _) || AddressText.IsPrivate(host))
                return;
            domain = host;
        }
        else
        {
            if (_asksServers && _resolved.Add("NS " + domain))
                _lookups.Ask("NS", domain, AskServers);
            AskAddressesOf(host);
        }
        foreach (var rule in _domains)
        {
            if (IsFor(rule.Rule.Flags, isAddress))
                AskList(rule, rule.Rule.Flags.Has("notrim") ? host : domain, origin: null);
        }
    }

    // With both flags ips_only holds.
    private static bool IsFor(RuleFlags flags, bool isAddress) =>
        flags.Has("ips_only") ? isAddress : !isAddress || !flags.Has("domains_only");

    private void AskServers(DnsReply reply)
    {
        foreach (var record in reply.Records.Take(MostNameServers))
        {
            var server = Octets.Lower(record.TrimEnd('.'));
            if (!HostName.IsValid(server))
                continue;
            // Of the addresses of name servers the original asks those rules alone that have the flag "a": so it is in 4.0.1.
            AskAddressesOf(server);
            foreach (var rule in _serverDomains)
                AskList(rule, _facts.Domains.RegisteredDomain(server), origin: null);
            foreach (var rule in _servers)
                AskList(rule, server, origin: null);
        }
    }

    private void AskAddressesOf(string host)
    {
        if (_addresses.Length == 0 || !_resolved.Add("A " + host))
            return;
        _lookups.Ask(
            "A",
            host,
            reply =>
            {
                foreach (var address in reply.Records.Take(MostAddresses))
                {
                    foreach (var rule in _addresses)
                        AskList(rule, address, host);
                }
            }
        );
    }

    private void AskList(UriListRule rule, string name, string? origin)
    {
        if (!_asked.Add((rule.Rule.Name, name)))
            return;
        var asked = NumberTest.TryReadAddress(name, out _) ? HeaderQuery.Reverse(name)! : name;
        _lookups.Ask(
            rule.List.Type,
            asked + "." + rule.List.Zone,
            reply =>
            {
                foreach (var record in reply.Records)
                {
                    var fits = rule.List.Subtest is { } test
                        ? test.Fits(record)
                        : reply.Question.Type == "TXT" || record.StartsWith("127.", StringComparison.Ordinal);
                    if (fits)
                        _facts.Hit(rule.Rule, origin is null ? $"URI: {name}" : $"URI: {origin}/{name}");
                }
            }
        );
    }
}
