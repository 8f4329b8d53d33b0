using Postreiter.Core;
using Postreiter.Delivery.Lists;
using Postreiter.Storage.Lists;

namespace Postreiter.Delivery.Gate.Checks;

/// <summary>
/// Lists of senders, domains and networks that the settings have: for everybody, for the mail of one of our domains, or of one account. A block
/// counts +100, an allow −100, as with SpamAssassin; those of all scopes add up, so that an account may want whom the site does not.
/// </summary>
public sealed class GateLists
{
    /// <summary>The check's name.</summary>
    public const string Name = "lists";

    /// <summary>What an entry counts.</summary>
    public const double Points = 100;

    /// <summary>Nothing on any list.</summary>
    public static readonly GateLists Empty = new([], []);

    private readonly Dictionary<string, ListedScope> _scopes = new(StringComparer.Ordinal);

    /// <summary>Reads lists.</summary>
    /// <param name="allow">Entries (<see cref="SenderEntry"/>), each perhaps with <c> for SCOPE</c>: a domain or an account of ours.</param>
    /// <param name="block">The same.</param>
    /// <exception cref="FormatException">An entry cannot be read.</exception>
    public GateLists(IEnumerable<string> allow, IEnumerable<string> block)
    {
        foreach (var entry in allow)
            Add(entry, ListKind.Allow);
        foreach (var entry in block)
            Add(entry, ListKind.Block);
    }

    /// <summary>Whether an entry can be read.</summary>
    public static bool IsEntry(string text) => TryRead(text, out _, out _);

    /// <summary>The lists of a scope; empty ones where it has none.</summary>
    internal ListedScope Find(string scope) => _scopes.GetValueOrDefault(scope) ?? ListedScope.Empty;

    private void Add(string text, ListKind kind)
    {
        if (!TryRead(text, out var scope, out var entry))
            throw new FormatException($"'{text}' is no entry of a list");
        if (!_scopes.TryGetValue(scope, out var lists))
            _scopes.Add(scope, lists = new ListedScope());
        lists.Add(kind, entry!);
    }

    private static bool TryRead(string text, out string scope, out SenderEntry? entry)
    {
        (scope, entry) = ("", null);
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

        return SenderEntry.TryRead(parts[0], out entry, out _);
    }
}
