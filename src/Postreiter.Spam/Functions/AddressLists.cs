using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;
using static Postreiter.Spam.Functions.CallArguments;

namespace Postreiter.Spam.Functions;

/// <summary>Functions of SpamAssassin's WLBLEval that compare senders and recipients with lists of addresses.</summary>
internal static class AddressLists
{
    /// <summary>A sender of `blocklist_from`.</summary>
    [RuleFunction("check_from_in_blocklist")]
    [RuleFunction("check_from_in_blacklist")]
    internal static int IsSenderBlocked(RuleCall call) => From(call, call.Settings.Addresses("blocklist_from"));

    /// <summary>A recipient of `blocklist_to`.</summary>
    [RuleFunction("check_to_in_blocklist")]
    [RuleFunction("check_to_in_blacklist")]
    internal static int IsRecipientBlocked(RuleCall call) => To(call, call.Settings.Addresses("blocklist_to"));

    /// <summary>A recipient of `welcomelist_to`.</summary>
    [RuleFunction("check_to_in_welcomelist")]
    [RuleFunction("check_to_in_whitelist")]
    internal static int IsRecipientWelcome(RuleCall call) => To(call, call.Settings.Addresses("welcomelist_to"));

    /// <summary>A recipient of `more_spam_to`.</summary>
    [RuleFunction("check_to_in_more_spam")]
    internal static int DoesRecipientWantMore(RuleCall call) => To(call, call.Settings.Addresses("more_spam_to"));

    /// <summary>A recipient of `all_spam_to`.</summary>
    [RuleFunction("check_to_in_all_spam")]
    internal static int DoesRecipientWantAll(RuleCall call) => To(call, call.Settings.Addresses("all_spam_to"));

    /// <summary>A sender of a list by its name.</summary>
    [RuleFunction("check_from_in_list")]
    internal static int IsSenderInList(RuleCall call) => From(call, Named(call));

    /// <summary>A recipient of a list by its name.</summary>
    [RuleFunction("check_to_in_list")]
    internal static int IsRecipientInList(RuleCall call) => To(call, Named(call));

    /// <summary>The first address of Reply-To is of a list by its name.</summary>
    [RuleFunction("check_replyto_in_list")]
    internal static int IsReplyToInList(RuleCall call) =>
        Hits(call.Mail.FirstAddress("Reply-To") is { Length: > 0 } address && Named(call).Matches(address));

    /// <summary>A sender of `welcomelist_from`, or of `welcomelist_from_rcvd` from the host it has to come from.</summary>
    [RuleFunction("check_from_in_welcomelist")]
    [RuleFunction("check_from_in_whitelist")]
    internal static int IsSenderWelcome(RuleCall call) => Hits(call.Facts.Shared(Welcome.Of).Own > 0);

    /// <summary>A sender of `def_welcomelist_from_rcvd` from the host it has to come from.</summary>
    [RuleFunction("check_from_in_default_welcomelist")]
    [RuleFunction("check_from_in_default_whitelist")]
    internal static int IsSenderWelcomeByDefault(RuleCall call) => Hits(call.Facts.Shared(Welcome.Of).Default > 0);

    /// <summary>A sender of `welcomelist_from_rcvd` from elsewhere.</summary>
    [RuleFunction("check_forged_in_welcomelist")]
    [RuleFunction("check_forged_in_whitelist")]
    internal static int IsSenderForged(RuleCall call) =>
        Hits(call.Facts.Shared(Welcome.Of) is { Own: < 0, Default: 0 });

    /// <summary>A sender of `def_welcomelist_from_rcvd` from elsewhere.</summary>
    [RuleFunction("check_forged_in_default_welcomelist")]
    [RuleFunction("check_forged_in_default_whitelist")]
    internal static int IsSenderForgedByDefault(RuleCall call) =>
        Hits(call.Facts.Shared(Welcome.Of) is { Own: 0, Default: < 0 });

    /// <summary>The envelope's sender is of the same registered domain as the host that handed the mail over.</summary>
    [RuleFunction("check_mailfrom_matches_rcvd")]
    internal static int IsSenderOfRelay(RuleCall call)
    {
        var sender = call.Mail.FirstAddress("EnvelopeFrom");
        var at = sender.LastIndexOf('@');
        var host = at < 0 ? "" : sender[(at + 1)..];
        if (host.Length < 3 || host.IndexOf('.', 1, host.Length - 2) < 0)
            return 0;
        var domain = call.Facts.Domains.RegisteredDomain(host);
        return Hits(
            Handovers(call.Mail)
                .Any(relay => relay.Rdns.Length > 0 && call.Facts.Domains.RegisteredDomain(relay.Rdns) == domain)
        );
    }

    private static AddressList Named(RuleCall call) => call.Settings.NamedAddresses(call.Argument(0) ?? "");

    private static int From(RuleCall call, AddressList list) =>
        Hits(list.Count > 0 && MailAddresses.Of(call.Facts).From.Any(address => list.Matches(address)));

    private static int To(RuleCall call, AddressList list) =>
        Hits(list.Count > 0 && MailAddresses.Of(call.Facts).To.Any(address => list.Matches(address)));

    // The one that brought the mail to a trusted server; or, where every one is trusted, all.
    private static IReadOnlyList<Relay> Handovers(SpamMail mail) =>
        mail.Received.Untrusted is [var first, ..] ? [first] : mail.Received.Trusted;

    /// <summary>1: on the list; -1: on the list, but from elsewhere; 0: not on it.</summary>
    private sealed record Welcome(int Own, int Default)
    {
        public static Welcome Of(MailFacts facts)
        {
            var settings = facts.Settings;
            var own = 0;
            foreach (var address in MailAddresses.Of(facts).From)
            {
                var found = settings.Addresses("welcomelist_from").Matches(address)
                    ? 1
                    : From(facts, settings.Addresses("welcomelist_from_rcvd"), address);
                if (found > 0)
                {
                    own = 1;
                    break;
                }

                own = Math.Min(own, found);
            }

            var byDefault = 0;
            foreach (var address in MailAddresses.Of(facts).From)
            {
                var found = From(facts, settings.Addresses("def_welcomelist_from_rcvd"), address);
                byDefault = found > 0 ? 1 : Math.Min(byDefault, found);
                if (found > 0)
                    break;
            }

            return new Welcome(own, byDefault);
        }

        private static int From(MailFacts facts, AddressList list, string address)
        {
            var relays = Handovers(facts.Mail);
            if (list.Count == 0 || relays.Count == 0)
                return 0;
            var found = 0;
            foreach (var entry in list.FindAll(address))
            {
                foreach (var host in entry.Domains)
                {
                    if (relays.Any(relay => IsFrom(relay, host)))
                        return 1;
                    found = -1;
                }
            }

            return found < 0 && facts.Settings.Addresses("welcomelist_allows_relays").Matches(address) ? 0 : found;
        }

        // A name or a parent domain of it, or an address or network in brackets.
        private static bool IsFrom(Relay relay, string host)
        {
            if (!host.StartsWith('['))
                return IsName(relay.Rdns, host);
            var close = host.LastIndexOf(']');
            if (close < 0)
                return IsName(relay.Rdns, host);
            var network = string.Concat(host.AsSpan(1, close - 1), host.AsSpan(close + 1));
            if (relay.Ip.Length == 0)
                return false;
            if (network.All(static c => char.IsAsciiDigit(c) || c == '.'))
            {
                // 192.168 is all that begins so, up to a dot.
                return network.Count('.') == 3 && network[^1] != '.'
                    ? network == relay.Ip
                    : relay.Ip.StartsWith(network.TrimEnd('.') + ".", StringComparison.Ordinal);
            }

            return NetworkSet.Parse([network], out _).Contains(relay.Ip);
        }

        private static bool IsName(string name, string host) =>
            name.EndsWith(host, StringComparison.OrdinalIgnoreCase)
            && (name.Length == host.Length || name[name.Length - host.Length - 1] == '.');
    }
}
