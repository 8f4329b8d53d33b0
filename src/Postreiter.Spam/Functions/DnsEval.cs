using System.Buffers;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Functions;

/// <summary>Functions of SpamAssassin's DNSEval: lists in the DNS are asked about relays and senders.</summary>
/// <remarks>They return 0; a hit comes with the answer. Without a network they do nothing.</remarks>
internal static class DnsEval
{
    private static readonly SearchValues<char> HostEnds = SearchValues.Create("@ \t\n\v\f\r");

    /// <summary>Asks for the addresses of relays: set, zone, test.</summary>
    [RuleFunction("check_rbl", IsAwaited = true)]
    internal static int AskForRelays(RuleCall call) => AskRelays(call, "A");

    /// <summary>As check_rbl, for texts.</summary>
    [RuleFunction("check_rbl_txt", IsAwaited = true)]
    internal static int AskForTexts(RuleCall call) => AskRelays(call, "TXT");

    /// <summary>Asks nothing: tests what the others of its set are answered.</summary>
    [RuleFunction("check_rbl_sub", IsAwaited = true)]
    internal static int Test(RuleCall call) => 0;

    /// <summary>As check_rbl, where the mail names somebody who vouches for it: set, zone, test, accreditor.</summary>
    [RuleFunction("check_rbl_accreditor", IsAwaited = true)]
    internal static int AskForAccredited(RuleCall call) =>
        call.Argument(3) is { } accreditor && call.Facts.Shared(DnsAccreditors.Of).Names.Contains(accreditor)
            ? AskRelays(call, "A")
            : 0;

    /// <summary>Asks for the host of each sender's address.</summary>
    [RuleFunction("check_rbl_from_host", IsAwaited = true)]
    internal static int AskForSenderHosts(RuleCall call) => AskAddresses(call, MailAddresses.Of(call.Facts).From);

    /// <summary>Asks for the registered domain of each sender's address.</summary>
    [RuleFunction("check_rbl_from_domain", IsAwaited = true)]
    internal static int AskForSenderDomains(RuleCall call) =>
        AskAddresses(
            call,
            MailAddresses
                .Of(call.Facts)
                .From.Select(address => call.Facts.Domains.Find(address)?.Domain)
                .OfType<string>()
                .Select(static domain => "@" + domain)
        );

    /// <summary>Asks for the host of the envelope's sender.</summary>
    [RuleFunction("check_rbl_envfrom", IsAwaited = true)]
    internal static int AskForEnvelopeHost(RuleCall call) =>
        AskAddresses(call, call.Mail.AddressesOf("EnvelopeFrom").Take(1));

    /// <summary>Asks for the hosts that headers name: set, zone, test, names of headers (else those of `rbl_headers`).</summary>
    [RuleFunction("check_rbl_headers", IsAwaited = true)]
    internal static int AskForHeaders(RuleCall call)
    {
        if (DnsLists.Of(call) is not { } list)
            return 0;
        var names = call.Argument(3) ?? call.Settings.Text("rbl_headers") ?? "";
        foreach (var name in names.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var address = call.Mail.FirstAddress(name);
            if (HostOf(address) is not null)
                AskAddresses(call, [address]);
            else
                AskHosts(call, list, (call.Mail.Header(name) ?? "").Split('\n'));
        }
        return 0;
    }

    /// <summary>Asks for the address and the names of the first relay in time.</summary>
    [RuleFunction("check_rbl_rcvd", IsAwaited = true)]
    internal static int AskForFirstRelay(RuleCall call)
    {
        if (DnsLists.Of(call) is { } list && call.Mail.Received.Untrusted is [.., var first])
        {
            string[] names = [first.Ip, first.By, first.Helo, first.Rdns];
            AskHosts(call, list, names.Distinct(StringComparer.Ordinal).Select(static name => name.TrimEnd('.')));
        }
        return 0;
    }

    /// <summary>
    /// Asks for the first name server of the zone in which the envelope's sender is, where that host is no zone itself: the negative
    /// answer for its name servers says it.
    /// </summary>
    [RuleFunction("check_rbl_ns_from", IsAwaited = true)]
    internal static int AskForNameServer(RuleCall call)
    {
        if (DnsLists.Of(call) is not { } list || HostOf(call.Mail.FirstAddress("EnvelopeFrom")) is not { } host)
            return 0;
        call.Facts.Lookups!.Ask(
            "NS",
            Squeezed(host),
            reply =>
            {
                if (reply.PrimaryServer is { } server && HostName.IsValid(server))
                    list.Ask(server);
            }
        );
        return 0;
    }

    /// <summary>
    /// Never: SpamAssassin 4.0.1 takes a failure for one only when records came with it, which no failure has. Rules are scored for that.
    /// </summary>
    [RuleFunction("check_dns_sender", IsAwaited = true)]
    internal static int IsSenderUnknown(RuleCall call) => 0;

    private static int AskRelays(RuleCall call, string type)
    {
        if (DnsLists.Of(call) is not { } list)
            return 0;
        foreach (var ip in DnsRelays.Of(call.Facts).Of(call.Argument(0)!, call.Rule.Flags.IsNice))
        {
            if (HeaderQuery.Reverse(ip) is { } reversed)
                list.Ask(reversed, type);
        }
        return 0;
    }

    private static int AskAddresses(RuleCall call, IEnumerable<string> addresses)
    {
        if (DnsLists.Of(call) is not { } list)
            return 0;
        var hosts = addresses
            .Select(HostOf)
            .OfType<string>()
            .Select(static host => Octets.Lower(Squeezed(host)))
            .Where(static host => host.Contains('.', StringComparison.Ordinal))
            .Distinct(StringComparer.Ordinal);
        AskHosts(call, list, hosts);
        return 0;
    }

    private static void AskHosts(RuleCall call, DnsLists list, IEnumerable<string> hosts)
    {
        foreach (var host in hosts)
        {
            if (host.Length > 0 && AddressText.Match(host, 0) == host.Length)
            {
                if (!call.Rule.Flags.Has("domains_only") && HeaderQuery.Reverse(host) is { } reversed)
                    list.Ask(reversed);
            }
            else if (!call.Rule.Flags.Has("ips_only") && HostName.IsValid(host) && call.Facts.Domains.IsValid(host))
            {
                list.Ask(host);
            }
        }
    }

    // What follows the first at sign, up to a blank or the next one.
    private static string? HostOf(string address)
    {
        for (var at = address.IndexOf('@', StringComparison.Ordinal); at >= 0; at = address.IndexOf('@', at + 1))
        {
            var rest = address.AsSpan(at + 1);
            var end = rest.IndexOfAny(HostEnds);
            var host = end < 0 ? rest : rest[..end];
            if (host.Length > 0)
                return host.ToString();
        }
        return null;
    }

    // No dots at the ends, and one dot for several.
    private static string Squeezed(string host) =>
        string.Join('.', host.Split('.', StringSplitOptions.RemoveEmptyEntries));
}
