using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Functions;

/// <summary>What check_hashbl_tag makes of a value by its options.</summary>
internal static class HashTagValue
{
    /// <summary>The value as it is asked for; null = it is not.</summary>
    public static string? Of(string value, HashOptions options, MailFacts facts)
    {
        value = options.Cased(value);
        var isV4 = NumberTest.TryReadAddress(value, out _);
        var isAddress = isV4 || (value.Length > 0 && AddressText.Match(value, 0) == value.Length);
        if (
            (options.Has("ip") && !isAddress)
            || (options.Has("ipv4") && !isV4)
            || (options.Has("ipv6") && (!isAddress || isV4))
        )
            return null;
        if (isAddress)
            return options.Has("revip") ? HeaderQuery.Reverse(value) : value;
        var trims = options.Has("trim");
        var isName = HostName.IsValid(value);
        if ((trims || options.Has("fqdn")) && !isName)
            return null;
        if ((trims || options.Has("tld")) && !facts.Domains.IsValid(value))
            return null;
        if (!isName)
            return value;
        var domain = facts.Domains.RegisteredDomain(value);
        return
            UriListHosts.IsSkipped(facts.Settings, Octets.Lower(value))
            || UriListHosts.IsSkipped(facts.Settings, domain)
            ? null
            : (trims ? domain : value);
    }
}
