using System.Net;
using Postreiter.Core;

namespace Postreiter.Delivery.Gate.Checks;

/// <summary>
/// Lists of senders, domains and networks: for everybody, for the mail of one of our domains, or of one account. A block counts +100, an
/// allow −100, as with SpamAssassin; those of all scopes add up, so that an account may want whom the site does not.
/// </summary>
public sealed class GateLists
{
    /// <summary>The check's name.</summary>
    public const string Name = "lists";

    /// <summary>What an entry counts.</summary>
    public const double Points = 100;

    /// <summary>Nothing on any list.</summary>
    public static readonly GateLists Empty = new([], []);

    private readonly Dictionary<string, Scope> _scopes = new(StringComparer.Ordinal);

    /// <summary>Reads lists.</summary>
    /// <param name="allow">Entries: <c>ann@far.example</c>, <c>far.example</c> (and all below it), <c>ip:192.0.2.0/24</c>, each perhaps with <c> for SCOPE</c>.</param>
    /// <param name="block">The same.</param>
    /// <exception cref="FormatException">An entry cannot be read.</exception>
    public GateLists(IEnumerable<string> allow, IEnumerable<string> block)
    {
        foreach (var entry in allow)
            Add(entry, isAllow: true);
        foreach (var entry in block)
            Add(entry, isAllow: false);
    }

    /// <summary>Whether there is any entry.</summary>
    public bool IsEmpty => _scopes.Count == 0;

    /// <summary>Whether an entry can be read.</summary>
    public static bool IsEntry(string text) => TryRead(text, out _, out _, out _, out _);

    /// <summary>What the lists say of a message for one recipient.</summary>
    /// <param name="client">Who brings it.</param>
    /// <param name="sender">Its sender.</param>
    /// <param name="recipient">One of its recipients.</param>
    /// <param name="isForged">Whether SPF says that the sender is not true: then no entry for it lets the message in.</param>
    public IEnumerable<CheckRecord> Check(IPAddress client, EmailAddress? sender, EmailAddress recipient, bool isForged)
    {
        if (IsEmpty)
            yield break;
        foreach (var (scope, whose) in Scopes(recipient))
        {
            if (!_scopes.TryGetValue(scope, out var lists))
                continue;
            var to = scope.Length == 0 ? null : recipient.ToString();
            if (lists.Block.Find(client, sender) is { } blocked)
                yield return new CheckRecord(Name, "block", Points, 0, $"{blocked} is blocked {whose}")
                {
                    Recipient = to,
                };
            if (lists.Allow.FindNetwork(client) is { } known)
                yield return new CheckRecord(Name, "allow", -Points, 0, $"{known} is allowed {whose}")
                {
                    Recipient = to,
                };
            else if (lists.Allow.FindSender(sender) is { } allowed)
                yield return isForged
                    ? new CheckRecord(Name, "forged", 0, 0, $"{allowed} is allowed {whose}, but SPF says it is forged")
                    {
                        Recipient = to,
                    }
                    : new CheckRecord(Name, "allow", -Points, 0, $"{allowed} is allowed {whose}") { Recipient = to };
        }
    }

    private static IEnumerable<(string Scope, string Whose)> Scopes(EmailAddress recipient)
    {
        yield return ("", "here");
        yield return (recipient.Domain.Ascii, $"at {recipient.Domain.Ascii}");
        var key = recipient.Key;
        yield return (key, $"by {key}");
    }

    private void Add(string text, bool isAllow)
    {
        if (!TryRead(text, out var scope, out var network, out var address, out var domain))
            throw new FormatException($"'{text}' is no entry of a list");
        if (!_scopes.TryGetValue(scope, out var lists))
            _scopes.Add(scope, lists = new Scope(new Entries(), new Entries()));
        var entries = isAllow ? lists.Allow : lists.Block;
        if (network is { } net)
            entries.Networks.Add(net, net.ToString());
        else if (!address.IsEmpty)
            entries.Addresses.Add(address);
        else
            entries.Domains.Add(domain.Ascii);
    }

    private static bool TryRead(
        string text,
        out string scope,
        out IPNetwork? network,
        out EmailAddress address,
        out DomainName domain
    )
    {
        (scope, network, address, domain) = ("", null, default, default);
        var parts = text.Split(" for ");
        if (parts.Length > 2)
            return false;
        if (parts.Length == 2)
        {
            if (EmailAddress.TryParse(parts[1], out var account))
                scope = account.Key;
            else if (DomainName.TryParse(parts[1], out var ours) && !ours.IsAddressLiteral)
                scope = ours.Ascii;
            else
                return false;
        }

        var entry = parts[0];
        if (!entry.StartsWith("ip:", StringComparison.Ordinal))
            return entry.Contains('@', StringComparison.Ordinal)
                ? EmailAddress.TryParse(entry, out address)
                : DomainName.TryParse(entry, out domain);
        if (!IPAddresses.TryReadNetwork(entry["ip:".Length..], out var read))
            return false;
        network = read;
        return true;
    }

    private sealed record Scope(Entries Allow, Entries Block);

    private sealed class Entries
    {
        public NetworkSet Networks { get; } = new();

        public HashSet<EmailAddress> Addresses { get; } = [];

        public HashSet<string> Domains { get; } = new(StringComparer.Ordinal);

        public string? Find(IPAddress client, EmailAddress? sender) => FindNetwork(client) ?? FindSender(sender);

        public string? FindNetwork(IPAddress client) => Networks.Find(client);

        public string? FindSender(EmailAddress? sender)
        {
            if (sender is not { } address)
                return null;
            if (Addresses.Contains(address))
                return address.ToString();
            return address.Domain.FindInOrAbove(Domains);
        }
    }
}
