using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;
using static Postreiter.Spam.Functions.CallArguments;

namespace Postreiter.Spam.Functions;

/// <summary>
/// Functions of SpamAssassin's FromNameSpoof: an author's name that is itself an address, and whose. Lists of
/// <c>fns_add_addrlist (NAME)</c> say which addresses are one owner's.
/// </summary>
internal static class FromNameSpoof
{
    /// <summary>The name shows another address than the mail is from, by <c>fns_check</c>: 0 another address, 1 another owner's, 2 of another domain.</summary>
    [RuleFunction("check_fromname_spoof", IsOfSender = true)]
    internal static int IsSpoofed(RuleCall call)
    {
        var facts = Facts.Of(call.Facts);
        var level = call.Argument(0) is "0" or "1" or "2" ? call.Number(0) : call.Settings.Number("fns_check");
        return Hits(
            facts.IsOtherAddress
                && level switch
                {
                    0 => true,
                    1 => facts.IsOtherOwner,
                    _ => facts.IsOtherDomain,
                }
        );
    }

    [RuleFunction("check_fromname_different", IsOfSender = true)]
    internal static int IsOtherAddress(RuleCall call) => Hits(Facts.Of(call.Facts).IsOtherAddress);

    [RuleFunction("check_fromname_domain_differ", IsOfSender = true)]
    internal static int IsOtherDomain(RuleCall call) => Hits(Facts.Of(call.Facts).IsOtherDomain);

    [RuleFunction("check_fromname_owners_differ", IsOfSender = true)]
    internal static int IsOtherOwner(RuleCall call) => Hits(Facts.Of(call.Facts).IsOtherOwner);

    [RuleFunction("check_fromname_contains_email", IsOfSender = true)]
    internal static int HasAddress(RuleCall call) => Hits(Facts.Of(call.Facts).HasAddress);

    [RuleFunction("check_fromname_equals_to", IsOfSender = true)]
    internal static int IsRecipient(RuleCall call) => Hits(Facts.Of(call.Facts).IsRecipient);

    [RuleFunction("check_fromname_equals_replyto", IsOfSender = true)]
    internal static int IsReplyTo(RuleCall call) => Hits(Facts.Of(call.Facts).IsReplyTo);

    /// <summary>The last address in a name that is written in lower case; null where there is none.</summary>
    internal static string? AddressIn(string name)
    {
        for (var at = name.IndexOf('@', StringComparison.Ordinal); at >= 0; at = name.IndexOf('@', at + 1))
        {
            var start = at;
            while (start > 0 && IsLocal(name[start - 1]))
                start--;
            // A word's edge begins it.
            while (start < at && Octets.IsWord(name[start]) == (start > 0 && Octets.IsWord(name[start - 1])))
                start++;
            var end = DomainEnd(name, at + 1);
            if (start < at && end > 0)
                return name[start..end];
        }

        return null;
    }

    // A label, a dot, and then all that may stand in a name; it has to end with a letter or a digit.
    private static int DomainEnd(string name, int start)
    {
        var at = start;
        if (at >= name.Length || !Octets.IsWord(name[at]))
            return -1;
        while (at < name.Length && (Octets.IsWord(name[at]) || name[at] == '-'))
            at++;
        if (at + 2 >= name.Length || name[at] != '.' || !Octets.IsWord(name[at + 1]))
            return -1;
        var end = at + 2;
        while (end < name.Length && (Octets.IsWord(name[end]) || name[end] is '-' or '.'))
            end++;
        return end > at + 2 && Octets.IsWord(name[end - 1]) ? end : -1;
    }

    private static bool IsLocal(char c) =>
        Octets.IsWord(c) || ".!#$%&'*+/=?^`{|}~-".Contains(c, StringComparison.Ordinal);

    /// <summary>What the name of the author says, looked at once a mail.</summary>
    private sealed record Facts(
        bool HasAddress,
        bool IsOtherAddress = false,
        bool IsOtherDomain = false,
        bool IsOtherOwner = false,
        bool IsRecipient = false,
        bool IsReplyTo = false
    )
    {
        public static Facts Of(MailFacts facts) => facts.Shared(Read);

        private static Facts Read(MailFacts facts)
        {
            var nothing = new Facts(HasAddress: false);
            var (mail, settings) = (facts.Mail, facts.Settings);
            var trusted = settings.Words("fns_ignore_dkim");
            if (facts.Tag("DKIMDOMAIN").Any(d => trusted.Contains(d, StringComparer.OrdinalIgnoreCase)))
                return nothing;
            if (settings.Words("fns_ignore_headers").Any(name => mail.HeaderValues(name).Count > 0))
                return nothing;
            var author = Octets.Lower(mail.FirstAddress("From"));
            var name = Octets.Lower(
                mail.HeaderValues("From", HeaderForm.Name) is [var first, ..] ? first.TrimEnd('\n') : ""
            );
            if (
                DomainOf(facts, author) is not { } authorDomain
                || AddressIn(name) is not { } shown
                || DomainOf(facts, shown) is not { } shownDomain
            )
                return nothing;
            // How much else is in the name: letters and digits once, other octets twice.
            var others = Others(name) - Others(shown);
            if (name.Length + others - shown.Length > settings.Number("fns_extrachars"))
                return new Facts(HasAddress: true);
            var (shownOwner, authorOwner) = (
                Owner(settings, shown, shownDomain),
                Owner(settings, author, authorDomain)
            );
            var found = new Facts(
                HasAddress: true,
                IsOtherAddress: shown != author,
                IsOtherDomain: shownDomain != authorDomain,
                IsOtherOwner: shownOwner != authorOwner,
                IsRecipient: MailAddresses.Of(facts).To.Contains(shown),
                IsReplyTo: shown == Octets.Lower(mail.FirstAddress("Reply-To"))
            );
            if (found.IsOtherAddress || found.IsOtherOwner)
            {
                facts.SetTag("FNSFNAMEADDR", shown);
                facts.SetTag("FNSFNAMEDOMAIN", shownDomain);
                facts.SetTag("FNSFNAMEOWNER", shownOwner);
                facts.SetTag("FNSFADDRADDR", author);
                facts.SetTag("FNSFADDRDOMAIN", authorDomain);
                facts.SetTag("FNSFADDROWNER", authorOwner);
            }

            return found;
        }

        private static string? DomainOf(MailFacts facts, string address) =>
            facts.Domains.Find("mailto:" + address)?.Domain;

        private static int Others(string text) =>
            text.Count(static c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c));

        // The list an address is in, then its address in the registered domain, else the first label of that.
        private static string Owner(Settings settings, string address, string domain)
        {
            foreach (var (name, list) in settings.OwnerLists)
            {
                if (list.Matches(address))
                    return name;
            }

            var at = address.IndexOf('@', StringComparison.Ordinal);
            if (
                at > 0
                && address[(at + 1)..] != domain
                && address[(at + 1)..].Contains('@', StringComparison.Ordinal) is false
            )
            {
                var inDomain = address[..(at + 1)] + domain;
                foreach (var (name, list) in settings.OwnerLists)
                {
                    if (list.Matches(inDomain))
                        return name;
                }
            }

            var dot = domain.IndexOf('.', StringComparison.Ordinal);
            return dot > 0 ? domain[..dot] : domain;
        }
    }
}
