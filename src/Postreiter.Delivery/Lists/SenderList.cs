using System.Net;
using Postreiter.Core;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Spam.Configuration;

namespace Postreiter.Delivery.Lists;

/// <summary>Senders and networks, as many as there may be: only patterns are tried one by one.</summary>
internal sealed class SenderList
{
    private readonly NetworkSet _networks = new();
    private readonly HashSet<EmailAddress> _addresses = [];
    private readonly HashSet<string> _domains = new(StringComparer.Ordinal);
    private readonly List<string> _patterns = [];

    /// <summary>Adds an entry.</summary>
    public void Add(SenderEntry entry)
    {
        if (entry.Network is { } network)
            _networks.Add(network, network.ToString());
        else if (!entry.Address.IsEmpty)
            _addresses.Add(entry.Address);
        else if (entry.IsPattern)
            _patterns.Add(entry.Text);
        else
            _domains.Add(entry.Text);
    }

    /// <summary>The entry for a client's address; null for none.</summary>
    public string? FindNetwork(IPAddress client) => _networks.Find(client);

    /// <summary>The entry for a sender, the narrowest first; null for none.</summary>
    /// <param name="sender">The sender.</param>
    /// <param name="isExact">Whether only entries count that give its whole domain.</param>
    public string? FindSender(EmailAddress? sender, bool isExact = false)
    {
        if (sender is not { } address)
            return null;
        if (_addresses.Contains(address))
            return address.Key;
        if (isExact && _domains.Contains(address.Domain.Ascii))
            return address.Domain.Ascii;
        if (!isExact && _domains.Count > 0 && address.Domain.FindInOrAbove(_domains) is { } domain)
            return domain;
        if (_patterns.Count == 0)
            return null;
        var (key, name) = (address.Key, address.Domain.Ascii);
        foreach (var pattern in _patterns)
        {
            var at = pattern.LastIndexOf('@');
            if (isExact && (at < 0 || pattern.AsSpan(at).ContainsAny('*', '?')))
                continue;
            if (Glob.Matches(pattern, at >= 0 ? key : name))
                return pattern;
        }

        return null;
    }
}
