using System.Collections.Frozen;
using Postreiter.Core;
using Postreiter.Dns;
using Postreiter.Spam.Configuration;

namespace Postreiter.Spam.Senders;

/// <summary>
/// Author domain signing practices: what a site says in <c>adsp_override</c>, or else the domain itself. The standard is
/// historic, few domains publish it; the lists of well-known ones in rulesets, and the domains that do not exist, are what it is worth.
/// </summary>
internal static class AuthorPractices
{
    /// <summary>Authors' domains that are asked; a From field may name any number.</summary>
    public const int MaxDomains = 10;

    private static readonly FrozenDictionary<string, AuthorPractice> Words = new Dictionary<string, AuthorPractice>
    {
        ["unknown"] = AuthorPractice.Unknown,
        ["all"] = AuthorPractice.All,
        ["discardable"] = AuthorPractice.Discardable,
        ["nxdomain"] = AuthorPractice.NoSuchDomain,
        ["custom_low"] = AuthorPractice.CustomLow,
        ["custom_med"] = AuthorPractice.CustomMedium,
        ["custom_high"] = AuthorPractice.CustomHigh,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads a word of <c>adsp_override</c>.</summary>
    public static bool TryRead(string word, out AuthorPractice practice) => Words.TryGetValue(word, out practice);

    /// <summary>What the site says of a domain; null when it says nothing.</summary>
    /// <param name="settings">With <c>adsp_override</c>: names, <c>*.name</c> for all below it, <c>*</c> for all.</param>
    /// <param name="domain">In lower case.</param>
    public static AuthorPractice? Override(Settings settings, string domain)
    {
        var overrides = settings.Map("adsp_override");
        if (overrides.Count == 0)
            return null;
        if (overrides.TryGetValue(domain, out var word) && TryRead(word, out var practice))
            return practice;
        for (var dot = domain.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = domain.IndexOf('.', dot + 1))
        {
            if (overrides.TryGetValue("*" + domain[dot..], out word) && TryRead(word, out practice))
                return practice;
        }

        return overrides.TryGetValue("*", out word) && TryRead(word, out practice) ? practice : null;
    }

    /// <summary>Asks a domain.</summary>
    /// <remarks>RFC 5617 §4.3.</remarks>
    public static async ValueTask<AuthorPractice> AskAsync(IDnsResolver dns, DomainName domain, CancellationToken ct)
    {
        if (DomainName.TryParse("_adsp._domainkey." + domain.Ascii, out var place))
        {
            var texts = await dns.ResolveTxtAsync(place, ct);
            if (texts.Records is [var text, ..] && Practice(text) is { } said)
                return said;
        }

        var exchangers = await dns.ResolveMxAsync(domain, ct);
        return exchangers.Status == DnsStatus.NoSuchName ? AuthorPractice.NoSuchDomain : AuthorPractice.Unknown;
    }

    /// <summary>Whether a domain is one that is asked: of two labels or more, the last of letters.</summary>
    public static bool IsAsked(string domain)
    {
        var top = domain.AsSpan()[(domain.LastIndexOf('.') + 1)..];
        if (domain.Length - top.Length < 2 || top.Length < 2)
            return false;
        foreach (var c in top)
        {
            if (!char.IsAsciiLetter(c) && c != '-')
                return false;
        }

        return true;
    }

    private static AuthorPractice? Practice(string text)
    {
        foreach (var tag in text.Split(';', 20))
        {
            var parts = tag.Split('=', 2);
            if (parts.Length == 2 && parts[0].Trim() == "dkim")
            {
                // RFC 5617 §4.2.1: what is not known counts as unknown.
                return parts[1].Trim() switch
                {
                    "all" => AuthorPractice.All,
                    "discardable" => AuthorPractice.Discardable,
                    _ => AuthorPractice.Unknown,
                };
            }
        }

        return null;
    }
}
