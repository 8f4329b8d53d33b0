using System.Net;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Configuration;

/// <summary>The lines of `trusted_networks`, `internal_networks` or `msa_networks`; what they mean is a <see cref="NetworkSet"/>.</summary>
public sealed class NetworkList
{
    private readonly List<string> _texts = [];
    private NetworkSet? _set;

    internal NetworkList() { }

    internal NetworkList(NetworkList other) => _texts.AddRange(other._texts);

    /// <summary>Whether a line of the ruleset filled it. 127.0.0.0/8 and ::1 are in it either way.</summary>
    public bool IsConfigured => _texts.Count > 0;

    /// <summary>The networks as written, in order.</summary>
    public IReadOnlyList<string> Texts => _texts;

    /// <summary>Number of networks as configured.</summary>
    public int Count => _texts.Count;

    /// <summary>Whether an address is in it: the first network that holds it decides.</summary>
    /// <param name="address">IPv4 or IPv6; an IPv4 address mapped into IPv6 counts as IPv4.</param>
    public bool Contains(IPAddress address) => (_set ??= NetworkSet.WithLoopback(_texts)).Contains(address);

    /// <summary>Adds a network: `10.0.0.0/8`, `10.`, `10.1.2.3`, `!192.168.0.1`, `[2001:db8::]/32`, `10.0.0.0/255.0.0.0`.</summary>
    /// <returns>False when it is none.</returns>
    internal bool TryAdd(string text)
    {
        if (!NetworkSet.IsNetwork(text))
            return false;
        _texts.Add(text);
        _set = null;
        return true;
    }

    internal void Clear()
    {
        _texts.Clear();
        _set = null;
    }
}
