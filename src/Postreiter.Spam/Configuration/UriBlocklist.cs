using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Configuration;

/// <summary>What of a URI's host a list is asked for.</summary>
internal enum UriLookup
{
    /// <summary>Its registered domain, or its address (`urirhsbl`, `urirhssub`).</summary>
    Domain,

    /// <summary>The registered domains of the name servers of its domain (`urinsrhsbl`, `urinsrhssub`).</summary>
    NameServerDomain,

    /// <summary>The name servers of its domain (`urifullnsrhsbl`, `urifullnsrhssub`).</summary>
    NameServer,

    /// <summary>Addresses: of the name servers of its domain, or of the host with the tflag `a` (`uridnsbl`, `uridnssub`).</summary>
    Address,
}

/// <summary>A list that is asked for the hosts of URIs.</summary>
/// <param name="Rule">The rule that hits.</param>
/// <param name="Lookup">What is looked up.</param>
/// <param name="Zone">The zone of the list, lower case.</param>
/// <param name="Type">`A` or `TXT`.</param>
/// <param name="Subtest">What the answer must be; null = any.</param>
internal sealed record UriBlocklist(string Rule, UriLookup Lookup, string Zone, string Type, NumberTest? Subtest)
{
    /// <summary>Reads `RULE ZONE TYPE [SUBTEST]`.</summary>
    /// <param name="key">The directive.</param>
    /// <param name="value">Its value.</param>
    /// <param name="fault">What is wrong, for people.</param>
    public static UriBlocklist? Read(string key, string value, out string fault)
    {
        var words = Perl.Words(value).ToList();
        var hasSubtest = key.EndsWith("sub", StringComparison.Ordinal);
        NumberTest? subtest = null;
        fault = hasSubtest
            ? $"{key} takes a rule, a zone, A or TXT, and a test"
            : $"{key} takes a rule, a zone, and A or TXT";
        if (words.Count != (hasSubtest ? 4 : 3) || !Perl.IsRuleName(words[0]))
            return null;
        var type = Glob.ToUpper(words[2]);
        if (type is not ("A" or "TXT"))
        {
            fault = $"{key} {words[0]}: records of type {words[2]} have nothing that could be tested: A or TXT";
            return null;
        }
        if (hasSubtest && !NumberTest.TryParse(words[3], out subtest))
        {
            fault = $"{key} {words[0]}: {words[3]} is no mask, address, range or value/mask";
            return null;
        }
        fault = "";
        return new UriBlocklist(
            words[0],
            key switch
            {
                _ when key.StartsWith("urirhs", StringComparison.Ordinal) => UriLookup.Domain,
                _ when key.StartsWith("urins", StringComparison.Ordinal) => UriLookup.NameServerDomain,
                _ when key.StartsWith("urifullns", StringComparison.Ordinal) => UriLookup.NameServer,
                _ => UriLookup.Address,
            },
            Octets.Lower(words[1]).TrimEnd('.'),
            type,
            subtest
        );
    }
}
