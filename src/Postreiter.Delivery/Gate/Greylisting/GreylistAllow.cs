using System.Buffers;
using System.Net;
using System.Text.RegularExpressions;
using Postreiter.Core;
using Postreiter.Delivery.Gate.Checks;

namespace Postreiter.Delivery.Gate.Greylisting;

/// <summary>
/// Clients that are never delayed, in the forms of postgrey's and SQLgrey's files: a host name (and all below it), <c>*.name</c>, an address, the
/// first octets of one, a network, or <c>/expression/</c> over the name.
/// </summary>
public sealed class GreylistAllow
{
    // P10: where an expression cannot run in linear time.
    private static readonly TimeSpan ExpressionTime = TimeSpan.FromMilliseconds(100);

    private static readonly SearchValues<char> Numbers = SearchValues.Create("0123456789.");

    /// <summary>Nobody.</summary>
    public static readonly GreylistAllow Empty = new([]);

    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly NetworkSet _networks = new();
    private readonly List<Regex> _expressions = [];

    /// <summary>Reads lines; comments begin with #. Lines that cannot be read are in <see cref="Mistakes"/>.</summary>
    public GreylistAllow(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            var hash = line.IndexOf('#', StringComparison.Ordinal);
            var entry = (hash < 0 ? line : line[..hash]).Trim();
            if (entry.Length > 0 && !TryAdd(entry))
                Mistakes.Add(entry);
        }
    }

    /// <summary>Lines that cannot be read.</summary>
    public List<string> Mistakes { get; } = [];

    /// <summary>The entry that holds a client; null for none.</summary>
    /// <param name="client">Its address.</param>
    /// <param name="name">Its name in the DNS, where that leads back to it.</param>
    public string? Find(IPAddress client, DomainName? name)
    {
        if (_networks.Find(client) is { } network)
            return network;
        if (name is not { } host)
            return null;
        if (host.FindInOrAbove(_names) is { } entry)
            return entry;
        foreach (var expression in _expressions)
        {
            try
            {
                if (expression.IsMatch(host.Ascii))
                    return $"/{expression}/";
            }
            catch (RegexMatchTimeoutException)
            {
                // Not found by it.
            }
        }

        return null;
    }

    private bool TryAdd(string entry)
    {
        if (entry is ['/', .., '/'] && entry.Length > 2)
            return TryAddExpression(entry[1..^1]);
        if (entry.Contains('/', StringComparison.Ordinal))
            return TryAddNetwork(entry);
        if (!entry.AsSpan().ContainsAnyExcept(Numbers))
        {
            // 192.0.2 is 192.0.2.0/24.
            var octets = entry.TrimEnd('.').Split('.');
            var whole = string.Join('.', octets.Concat(Enumerable.Repeat("0", Math.Max(0, 4 - octets.Length))));
            if (octets.Length > 4 || !IPAddress.TryParse(whole, out var start))
                return false;
            _networks.Add(new IPNetwork(start, octets.Length * 8), entry);
            return true;
        }

        if (TryAddNetwork(entry))
            return true;
        if (!DomainName.TryParse(entry.StartsWith("*.", StringComparison.Ordinal) ? entry[2..] : entry, out var name))
            return false;
        return _names.Add(name.Ascii) || true;
    }

    private bool TryAddNetwork(string entry)
    {
        if (!IPAddresses.TryReadNetwork(entry, out var network))
            return false;
        _networks.Add(network, entry);
        return true;
    }

    private bool TryAddExpression(string text)
    {
        const RegexOptions options = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant;
        try
        {
            _expressions.Add(new Regex(text, options | RegexOptions.NonBacktracking));
            return true;
        }
        catch (NotSupportedException)
        {
            _expressions.Add(new Regex(text, options, ExpressionTime));
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
