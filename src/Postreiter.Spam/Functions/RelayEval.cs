using Postreiter.Spam.Mail;
using static Postreiter.Spam.Functions.CallArguments;

namespace Postreiter.Spam.Functions;

/// <summary>Functions of SpamAssassin's RelayEval: what the relays of a mail say of themselves and of each other.</summary>
internal static class RelayEval
{
    private static readonly FunctionPattern BigSites = new(
        @"(?:\.|^)(lycos\.com|lycos\.co\.uk|hotmail\.com|localhost\.com|excite\.com|caramail\.com|cs\.com|aol\.com|msn\.com|yahoo\.com|drizzle\.com)$",
        "i"
    );

    private static readonly FunctionPattern HostName = new(@"^\w+(?:[\w.-]+\.)+\w+$");
    private static readonly FunctionPattern Numbers = new(@"^(\d+\.\d+)\.\d+\.\d+$");
    private static readonly FunctionPattern LongTop = new(@"\S{3,}|ie|fr|de");

    /// <summary>Relays there are, and every one is trusted and was understood.</summary>
    [RuleFunction("check_all_trusted")]
    internal static int AreAllTrusted(RuleCall call) =>
        Hits(call.Mail.Received is { Trusted.Count: > 0, Untrusted.Count: 0, Unparseable: 0 });

    /// <summary>No relay at all.</summary>
    [RuleFunction("check_no_relays")]
    internal static int HasNone(RuleCall call) =>
        Hits(call.Mail.Received is { Trusted.Count: 0, Untrusted.Count: 0, Unparseable: 0 });

    /// <summary>A Received field tells of a handover in no known form.</summary>
    [RuleFunction("check_relays_unparseable")]
    internal static int IsUnparseable(RuleCall call) => Hits(call.Mail.Received.Unparseable > 0);

    /// <summary>An untrusted client called itself by a public address.</summary>
    [RuleFunction("check_for_numeric_helo")]
    internal static int IsHeloAddress(RuleCall call)
    {
        foreach (var relay in call.Mail.Received.Untrusted)
        {
            var length =
                relay.Helo.Length > 0 && char.IsAsciiDigit(relay.Helo[0]) ? AddressText.Match(relay.Helo, 0) : 0;
            // Private ones count, as in the original, whose look at that sees nothing.
            if (
                length > 0
                && relay.Helo.AsSpan(0, length).IndexOf(':') < 0
                && (
                    length == relay.Helo.Length
                    || relay.Helo[length] is <= ' ' or ',' or ';' or '[' or '(' or ')' or '<' or '>'
                )
            )
                return 1;
        }

        return 0;
    }

    /// <summary>Never: there is no such rule any more, but old rulesets have it.</summary>
    [RuleFunction("check_for_illegal_ip")]
    internal static int IsIllegal(RuleCall call) => 0;

    /// <summary>An untrusted client called itself by an address of another network.</summary>
    [RuleFunction("helo_ip_mismatch")]
    internal static int IsHeloOfOther(RuleCall call)
    {
        foreach (var relay in call.Mail.Received.Untrusted)
        {
            if (
                IsPublic(relay.Helo)
                && IsPublic(relay.Ip)
                && !relay.Ip.StartsWith(relay.Helo[..(relay.Helo.LastIndexOf('.') + 1)], StringComparison.Ordinal)
            )
                return 1;
        }

        return 0;
    }

    /// <summary>The first client of the mail has a name in the DNS, and a public address.</summary>
    [RuleFunction("check_for_sender_no_reverse")]
    internal static int IsNamed(RuleCall call) =>
        Hits(
            call.Mail.Received.Untrusted is [.., { IsPrivate: false } last]
                && last.Rdns.Contains('.', StringComparison.Ordinal)
        );

    /// <summary>The author's domain is that of both ends of a handover: domain, `true` or `false`.</summary>
    [RuleFunction("check_for_from_domain_in_received_headers")]
    internal static int IsDomainInReceived(RuleCall call)
    {
        var domain = call.Argument(0) ?? "";
        var wanted = call.Argument(1) == "true";
        if (!IsDomainIn(call.Mail.FirstAddress("From"), domain))
            return 0;
        var escaped = FunctionPattern.Quote(domain).Replace("\\.", ".", StringComparison.Ordinal);
        var pattern = new FunctionPattern($@" rdns=\S*\b{escaped} [^\]]*by=\S*\b{escaped} ");
        var isIn =
            pattern.IsMatch(ReceivedTrail.Describe(call.Mail.Received.Trusted))
            || pattern.IsMatch(ReceivedTrail.Describe(call.Mail.Received.Untrusted));
        return Hits(isIn == wanted);
    }

    /// <summary>The nearest public client that calls itself one of some large sites has no name in the DNS.</summary>
    [RuleFunction("check_for_no_rdns_dotcom_helo")]
    internal static int IsBigSiteNameless(RuleCall call)
    {
        // Each relay takes back what the one before it said.
        var last = call.Mail.Received.Untrusted.LastOrDefault(static relay => !relay.IsPrivate);
        return Hits(last is { HasNoReverseDns: true } && BigSites.IsMatch(last.Helo));
    }

    /// <summary>Two handovers or more where one server did not come from where the next says.</summary>
    [RuleFunction("check_for_forged_received_trail")]
    internal static int IsTrailForged(RuleCall call) => Hits(call.Facts.Shared(Trail.Of).WrongNames > 1);

    /// <summary>A client called itself by a public address of a network far from its own.</summary>
    [RuleFunction("check_for_forged_received_ip_helo")]
    internal static int IsHeloForged(RuleCall call) => Hits(call.Facts.Shared(Trail.Of).WrongAddresses > 0);

    private static bool IsPublic(string text) =>
        text.Length > 0
        && char.IsAsciiDigit(text[0])
        && !text.Contains(':', StringComparison.Ordinal)
        && AddressText.Match(text, 0) == text.Length
        && !AddressText.IsPrivate(text);

    private static bool IsDomainIn(string address, string domain)
    {
        for (
            var at = address.IndexOf(domain, StringComparison.OrdinalIgnoreCase);
            at >= 0 && domain.Length > 0;
            at = address.IndexOf(domain, at + 1, StringComparison.OrdinalIgnoreCase)
        )
        {
            if (at == 0 ? Octets.IsWord(address[0]) : Octets.IsWord(address[at - 1]) != Octets.IsWord(address[at]))
                return true;
        }

        return false;
    }

    // The part of a host name that a company has: two labels, or three where the last one is a country's.
    private static string Site(string host)
    {
        host = Octets.Lower(host);
        if (!host.AsSpan().ContainsAnyInRange('a', 'z'))
            return host;
        var labels = host.TrimEnd('.').Split('.');
        if (labels.Length > 1 && LongTop.IsMatch(labels[^1]))
            return string.Join('.', labels[^2..]);
        return labels.Length > 2 ? string.Join('.', labels[^3..]) : host;
    }

    private sealed record Trail(int WrongNames, int WrongAddresses)
    {
        public static Trail Of(MailFacts facts)
        {
            var relays = facts.Mail.Received.Untrusted;
            var (names, addresses) = (0, 0);
            var before = "";
            foreach (var relay in relays)
            {
                var by = Site(relay.By);
                var from = Site(relay.Rdns);
                var isNamed = HostName.IsMatch(by);
                if (isNamed && from is "localhost" or "localhost.localdomain" && relay.Ip == "127.0.0.1")
                    from = "";
                if (isNamed)
                {
                    addresses += IsFar(Site(relay.Helo), relay.Ip) ? 1 : 0;
                    // MSN is Hotmail.
                    names +=
                        by != before && HostName.IsMatch(before) && (by, before) != ("msn.com", "hotmail.com") ? 1 : 0;
                }

                before = from;
            }

            return new Trail(names, addresses);
        }

        private static bool IsFar(string helo, string address) =>
            Numbers.Find(helo) is { } network
            && Numbers.Find(address) is { } own
            && network != own
            && !IsPrivateAddress(helo);

        private static bool IsPrivateAddress(string text) =>
            AddressText.Match(text, 0) == text.Length && AddressText.IsPrivate(text);
    }
}
