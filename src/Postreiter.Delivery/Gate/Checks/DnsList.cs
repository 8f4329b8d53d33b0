using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using Postreiter.Core;

namespace Postreiter.Delivery.Gate.Checks;

/// <summary>A list of addresses in the DNS (RFC 5782): what each of its answers means, and counts.</summary>
/// <param name="Zone">Where it is asked.</param>
/// <param name="Codes">In order; the first that holds an answer counts.</param>
public sealed record DnsList(DomainName Zone, IReadOnlyList<DnsListCode> Codes)
{
    /// <summary>How a list is written, for messages.</summary>
    public const string Expected =
        "a zone and what its answers count, such as \"bl.example 4\", \"wl.example -2\" or \"bl.example 127.0.0.2=5:spam 127.0.0.10/31=2:dial-up\"";

    private const double MaxPoints = 1_000;

    /// <summary>Reads <c>ZONE POINTS</c> or <c>ZONE CODE=POINTS[:MEANING]…</c>, where a code is an address or a network in 127.0.0.0/8.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out DnsList? list)
    {
        list = null;
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 2 || !DomainName.TryParse(words[0], out var zone) || zone.IsAddressLiteral)
            return false;
        if (words is [_, var only] && TryReadPoints(only, out var all))
        {
            list = new DnsList(zone, [new DnsListCode(IPNetwork.Parse("127.0.0.0/8"), all, "")]);
            return true;
        }

        var codes = new List<DnsListCode>();
        foreach (var word in words.Skip(1))
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1 || !TryReadCode(word[..equals], out var code))
                return false;
            var colon = word.IndexOf(':', equals);
            if (!TryReadPoints(colon < 0 ? word[(equals + 1)..] : word[(equals + 1)..colon], out var points))
                return false;
            codes.Add(new DnsListCode(code, points, colon < 0 ? "" : word[(colon + 1)..]));
        }

        list = new DnsList(zone, codes);
        return true;
    }

    /// <summary>As <see cref="TryParse"/> reads it.</summary>
    public override string ToString() => $"{Zone.Ascii} {string.Join(' ', Codes)}";

    private static bool TryReadPoints(string text, out double points) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out points)
        && Math.Abs(points) <= MaxPoints;

    private static bool TryReadCode(string text, out IPNetwork code) =>
        IPAddresses.TryReadNetwork(text, out code) && IPNetwork.Parse("127.0.0.0/8").Contains(code.BaseAddress);
}

/// <summary>What one answer of a list means.</summary>
/// <param name="Answers">The answers.</param>
/// <param name="Points">What it counts; below zero on a list of good hosts.</param>
/// <param name="Meaning">A word for the trace; empty for none.</param>
public sealed record DnsListCode(IPNetwork Answers, double Points, string Meaning)
{
    /// <summary>As <see cref="DnsList.TryParse"/> reads it.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Answers}={Points}{(Meaning.Length > 0 ? ":" + Meaning : "")}");
}
