using System.Buffers;
using System.Net;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Uris;

/// <summary>
/// Which part of a host name somebody has registered, by `util_rb_tld`, `util_rb_2tld` and `util_rb_3tld`. The public suffix list gives
/// other answers, and rules expect these.
/// </summary>
/// <remarks>
/// Deviation: RFC 5891 §4.4. Letters outside ASCII are no part of a valid name here, as in a SpamAssassin without its optional IDN
/// library: rules are written for that.
/// </remarks>
public sealed class RegisteredDomains : IDomainBoundaries
{
    private static readonly SearchValues<string> Unreachable = SearchValues.Create(
        ["javascript:", "cid:", "file:"],
        StringComparison.Ordinal
    );

    // RFC 1480: below us come the states, below a state its towns.
    private static readonly HashSet<string> States =
    [
        .. (
            "ak al ar az ca co ct dc de fl ga gu hi ia id il in ks ky la ma md me mi mn mo ms mt nc nd ne nh nj nm nv ny oh ok or pa "
            + "pr ri sc sd tn tx ut va vi vt wa wi wv wy"
        ).Split(' '),
    ];

    private readonly HashSet<string> _topLevel;
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _topLevelSpans;
    private readonly HashSet<string> _twoLevels;
    private readonly HashSet<string> _threeLevels;

    /// <summary>Reads the lists of a ruleset.</summary>
    public RegisteredDomains(Settings settings)
        : this(settings.Words("util_rb_tld"), settings.Words("util_rb_2tld"), settings.Words("util_rb_3tld")) { }

    /// <summary>Takes the lists: names without leading dots.</summary>
    internal RegisteredDomains(IEnumerable<string> tops, IEnumerable<string> twos, IEnumerable<string> threes)
    {
        _topLevel = new(tops, StringComparer.OrdinalIgnoreCase);
        _topLevelSpans = _topLevel.GetAlternateLookup<ReadOnlySpan<char>>();
        _twoLevels = new(twos, StringComparer.OrdinalIgnoreCase);
        _threeLevels = new(threes, StringComparer.OrdinalIgnoreCase);
    }

    /// <inheritdoc/>
    public bool IsTopLevel(ReadOnlySpan<char> label) => _topLevelSpans.Contains(label);

    /// <summary>Whether a name has a dot, no blank, and ends in a known top-level domain.</summary>
    public bool IsValid(ReadOnlySpan<char> host)
    {
        var dot = host.LastIndexOf('.');
        return dot >= 0 && !host.ContainsAny(Octets.Blanks) && IsTopLevel(host[(dot + 1)..]);
    }

    /// <inheritdoc/>
    public string RegisteredDomain(string host)
    {
        ArgumentNullException.ThrowIfNull(host);
        var labels = Octets.Lower(host).Split('.', StringSplitOptions.RemoveEmptyEntries).AsSpan();
        var first = 0;
        while (labels.Length - first > 1 && !IsRegistry(labels[first..]))
            first++;
        return string.Join('.', labels[Math.Max(first - 1, 0)..]!);
    }

    /// <summary>The host of a URI and the domain in which it is registered, both in lower case.</summary>
    /// <param name="uri">A URI with its scheme, or what stands where one should.</param>
    /// <returns>Null when it has no host, or none that could be in the DNS.</returns>
    public (string Domain, string Host)? Find(string uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        if (HostPart(Octets.Lower(uri)) is not { Length: > 0 } part || HasHiddenCharacter(part))
            return null;
        var host = Octets.Lower(part);
        if (IsAddress(host))
            return (host, host);
        return HostName.IsValid(host) && IsValid(host) ? (RegisteredDomain(host), host) : null;
    }

    /// <summary>Whether a host is an address: IPv4 in four numbers, or IPv6.</summary>
    internal static bool IsAddress(string host) =>
        IPAddress.TryParse(host, out var address)
        && (
            address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
                ? !host.StartsWith('[')
                : address.ToString() == host
        );

    private bool IsRegistry(ReadOnlySpan<string> labels) =>
        labels switch
        {
            [_, _] => _twoLevels.Contains(string.Join('.', labels!)),
            [_, var state, "us"] => States.Contains(state),
            [_, _, _] => _threeLevels.Contains(string.Join('.', labels!)),
            ["pvt", "k12", var state, "us"] => States.Contains(state),
            ["ci" or "co", _, var state, "us"] => States.Contains(state),
            _ => false,
        };

    private static string? HostPart(string uri)
    {
        if (uri.AsSpan().IndexOfAny(Unreachable) == 0)
            return null;
        if (uri.StartsWith("mailto:", StringComparison.Ordinal))
        {
            var question = uri.IndexOf('?', StringComparison.Ordinal);
            var address = question < 0 ? uri : uri[..question];
            var at = address.IndexOf('@', StringComparison.Ordinal);
            return at < 0 || address.IndexOf('@', at + 1) >= 0 ? null : address[(at + 1)..];
        }

        var rest = uri.AsSpan();
        var scheme = rest.IndexOfAnyExceptInRange('a', 'z');
        if (scheme > 0 && rest[scheme] == ':')
        {
            rest = rest[(scheme + 1)..];
            for (var i = 0; i < 2 && rest is ['/', ..]; i++)
                rest = rest[1..];
        }

        var end = rest.IndexOfAny('/', '?', '#');
        rest = end < 0 ? rest : rest[..end];
        rest = rest[(rest.LastIndexOf('@') + 1)..];
        var port = rest.LastIndexOf(':');
        if (port >= 0 && !rest[(port + 1)..].ContainsAnyExceptInRange('0', '9'))
            rest = rest[..port];
        return rest.ToString();
    }

    // %21 to %7e: the same URI with these decoded is looked at too.
    private static bool HasHiddenCharacter(string host)
    {
        for (var i = host.IndexOf('%', StringComparison.Ordinal); i >= 0; i = host.IndexOf('%', i + 1))
        {
            if (PercentCode.TryRead(host, i, out var octet) && octet is > 0x20 and < 0x7F)
                return true;
        }

        return false;
    }
}
