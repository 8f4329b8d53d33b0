using System.Collections.ObjectModel;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Configuration;

/// <summary>One entry of an address list.</summary>
/// <param name="Pattern">The address pattern, lower case; `*` is any string, `?` any octet.</param>
/// <param name="Domains">
/// `_rcvd`: the hosts it may come from; `_dkim`: the domains that may sign (an empty one is the author's own); otherwise empty.
/// </param>
public sealed record AddressEntry(string Pattern, IReadOnlyList<string> Domains)
{
    /// <summary>Whether an address fits the pattern, without regard to the case of ASCII letters.</summary>
    public bool Matches(ReadOnlySpan<char> address) => Glob.Matches(Pattern, address);
}

/// <summary>Address patterns of one list: `welcomelist_from`, `def_welcomelist_auth`, or one of `enlist_addrlist (NAME)`.</summary>
/// <remarks>Entries without `*` and `?` are looked up; only the others are tried one by one.</remarks>
public sealed class AddressList
{
    private readonly Dictionary<string, AddressEntry> _entries = new(StringComparer.Ordinal);
    private List<AddressEntry>? _globs;

    /// <summary>A list without entries.</summary>
    public static AddressList Empty { get; } = new();

    internal AddressList() { }

    internal AddressList(AddressList other) =>
        _entries = new Dictionary<string, AddressEntry>(other._entries, StringComparer.Ordinal);

    /// <summary>Number of patterns.</summary>
    public int Count => _entries.Count;

    /// <summary>The entries, in order of first appearance.</summary>
    public IReadOnlyCollection<AddressEntry> Entries => _entries.Values;

    /// <summary>Whether an address fits one of the patterns.</summary>
    public bool Matches(ReadOnlySpan<char> address) => Find(address) is not null;

    /// <summary>The first entry that an address fits; null when there is none.</summary>
    public AddressEntry? Find(ReadOnlySpan<char> address)
    {
        foreach (var entry in FindAll(address.ToString()))
            return entry;
        return null;
    }

    /// <summary>All entries that an address fits: the literal one first.</summary>
    /// <param name="address">The address, in any case.</param>
    public IEnumerable<AddressEntry> FindAll(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var lower = Octets.Lower(address);
        if (_entries.TryGetValue(lower, out var literal) && lower.AsSpan().IndexOfAny('*', '?') < 0)
            yield return literal;
        foreach (var entry in Globs())
        {
            if (Glob.Matches(entry.Pattern, lower))
                yield return entry;
        }
    }

    internal void Add(string pattern, string? domain)
    {
        _globs = null;
        var key = Octets.Lower(pattern);
        var domains = domain is null ? ReadOnlyCollection<string>.Empty : (IReadOnlyList<string>)[Octets.Lower(domain)];
        _entries[key] =
            domain is not null && _entries.TryGetValue(key, out var known)
                ? known with
                {
                    Domains = [.. known.Domains, .. domains],
                }
                : new AddressEntry(key, domains);
    }

    internal void Remove(string pattern, string? domain)
    {
        _globs = null;
        var key = Octets.Lower(pattern);
        if (!_entries.TryGetValue(key, out var known))
            return;
        var left = domain is null ? [] : known.Domains.Where(one => one != Octets.Lower(domain)).ToList();
        if (left.Count == 0)
            _entries.Remove(key);
        else
            _entries[key] = known with { Domains = left };
    }

    private List<AddressEntry> Globs() =>
        _globs ??= [.. _entries.Values.Where(entry => entry.Pattern.AsSpan().IndexOfAny('*', '?') >= 0)];
}
