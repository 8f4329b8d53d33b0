using System.Net;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Functions;

/// <summary>Which relays of a mail a list is asked about: the end of the set's name says it.</summary>
internal sealed class DnsRelays
{
    // Relays of one mail that a rule asks about at most.
    private const int Most = 9;

    private readonly NetworkList _trusted;
    private readonly IReadOnlyList<string> _untrusted;
    private readonly IReadOnlyList<string> _external;
    private readonly IReadOnlyList<string> _originating;
    private readonly IReadOnlyList<string> _all;

    private DnsRelays(MailFacts facts)
    {
        var relays = facts.Mail.Received;
        _trusted = facts.Settings.Networks("trusted_networks");
        _untrusted = Public(relays.Untrusted.Select(static relay => relay.Ip));
        _external = Public(
            relays
                .Trusted.Where(static relay => !relay.Internal)
                .Concat(relays.Untrusted)
                .Select(static relay => relay.Ip)
        );
        _originating =
        [
            .. facts
                .Settings.Words("originating_ip_headers")
                .SelectMany(name => Addresses(facts.Mail.Header(name) ?? ""))
                .Where(ip => !IsTrusted(ip)),
        ];
        _all = Public(_untrusted.Concat(_originating));
        HasAny = _untrusted.Count > 0 || _originating.Count > 0;
    }

    /// <summary>Whether there is a relay beyond the trusted ones at all; else no list is asked.</summary>
    public bool HasAny { get; }

    /// <summary>Those of a mail.</summary>
    public static DnsRelays Of(MailFacts facts) => facts.Shared(static one => new DnsRelays(one));

    /// <summary>The addresses that a set asks about, in the order of the original.</summary>
    /// <param name="set">
    /// The name of the set. `-lastexternal`: the one that spoke to us; `-notfirsthop`: all outside ours but the first in time (if there
    /// is another); `-firsttrusted`: the one that the last trusted relay wrote down; `-untrusted`: those behind it; else all untrusted.
    /// </param>
    /// <param name="isNice">Whether the rule speaks for a mail: then trusted relays are asked about too.</param>
    public IReadOnlyList<string> Of(string set, bool isNice)
    {
        if (!HasAny)
            return [];
        IEnumerable<string> chosen = set switch
        {
            _ when set.EndsWith("-lastexternal", StringComparison.Ordinal) => _external.Take(1),
            _ when set.EndsWith("-notfirsthop", StringComparison.Ordinal) => _external.Count > 1
                ? _external.SkipLast(1)
                : _external,
            _ when set.EndsWith("-firsttrusted", StringComparison.Ordinal) => _all.Take(1),
            _ when set.EndsWith("-untrusted", StringComparison.Ordinal) => _all.Skip(1),
            _ => _all.Reverse(),
        };
        chosen = chosen.Take(Most);
        return [.. isNice ? chosen : chosen.SkipWhile(IsTrusted)];
    }

    private bool IsTrusted(string ip) => IPAddress.TryParse(ip, out var address) && _trusted.Contains(address);

    private static List<string> Public(IEnumerable<string> addresses) =>
        [.. addresses.Where(static ip => ip.Length > 0 && !AddressText.IsPrivate(ip)).Distinct(StringComparer.Ordinal)];

    private static IEnumerable<string> Addresses(string text)
    {
        for (var at = 0; at < text.Length; )
        {
            var (start, length) = AddressText.Find(text.AsSpan(at));
            if (length == 0)
                yield break;
            yield return text.Substring(at + start, length);
            at += start + length;
        }
    }
}
