using System.Diagnostics.CodeAnalysis;
using System.Net;
using Postreiter.Core;
using Postreiter.Dns;
using Postreiter.Smtp.Client;

namespace Postreiter.Delivery.Routing;

/// <summary>One address to try.</summary>
/// <param name="Name">The host's name.</param>
/// <param name="EndPoint">Address and port.</param>
/// <param name="Tls">TLS.</param>
/// <param name="Credentials">For AUTH, or null.</param>
/// <param name="IsExchanger">Found by MX, not set by the administrator: it must not be ourselves.</param>
internal sealed record NextHop(
    string Name,
    IPEndPoint EndPoint,
    SmtpTlsMode Tls,
    SmtpCredentials? Credentials,
    bool IsExchanger
);

/// <summary>Addresses in the order to try them, or the reply that says why there are none.</summary>
/// <param name="Hops">Addresses.</param>
/// <param name="Failure">Why there are none; beside hops, why some are missing: then no refusal by the others is final.</param>
internal sealed record Route(IReadOnlyList<NextHop> Hops, SmtpReply? Failure);

/// <summary>Finds the next hops of a domain: static route, smarthost, MX (RFC 5321 §5.1).</summary>
/// <param name="options">Settings.</param>
/// <param name="dns">DNS.</param>
/// <param name="random">Shuffles exchangers of equal preference.</param>
internal sealed class Router(OutboundOptions options, IDnsResolver dns, Random random)
{
    /// <summary>Finds the way to a domain.</summary>
    public async ValueTask<Route> FindAsync(DomainName domain, CancellationToken ct)
    {
        if ((options.Routes.FirstOrDefault(r => r.Domain == domain)?.Via ?? options.Smarthost) is { } relay)
            return await ToRelayAsync(relay, ct);
        if (domain.IsAddressLiteral)
        {
            // The certificate, if it is asked for, is for the address.
            return domain.TryGetAddress(out var address)
                ? new Route([Hop(address.ToString(), address)], null)
                : Fail(550, "5.1.2", "bad address literal");
        }

        var answer = await dns.ResolveMxAsync(domain, ct);
        switch (answer.Status)
        {
            case DnsStatus.TemporaryFailure:
                return Fail(451, "4.4.3", $"DNS lookup of {domain} failed");
            case DnsStatus.NoSuchName:
                return Fail(550, "5.1.2", $"the domain {domain} does not exist");
            case DnsStatus.NoData:
                // RFC 5321 §5.1: the implicit MX.
                return await ResolveAsync([domain], Fail(550, "5.1.2", $"the domain {domain} takes no mail"), ct);
            default:
                break;
        }

        // RFC 7505 §3.
        if (answer.Records.Count > 0 && answer.Records.All(r => r.Exchange is null))
            return Fail(556, "5.1.10", $"the domain {domain} takes no mail (null MX)");
        var usable = answer.Records.Where(r => r.Exchange is not null).ToList();
        if (usable.Count == 0)
            return Fail(550, "5.4.4", $"no usable mail exchanger for {domain}");

        // RFC 5321 §5.1: ourselves in the list, and all that are no better, are left out, or mail would go in circles.
        var own = usable.Where(r => r.Exchange == options.HostName).Select(r => (int?)r.Preference).Min();
        var better = own is null ? usable : usable.Where(r => r.Preference < own).ToList();
        if (better.Count == 0)
            return Fail(554, "5.4.6", $"mail for {domain} loops back to this server");
        var hosts = new List<DomainName>();
        foreach (var equals in better.GroupBy(r => r.Preference).OrderBy(g => g.Key))
            hosts.AddRange(Shuffle(equals.Select(r => r.Exchange!.Value)));
        return await ResolveAsync(hosts, Fail(550, "5.4.4", $"no mail exchanger of {domain} has an address"), ct);
    }

    private static Route Fail(int code, string status, string text) =>
        new([], new SmtpReply(code, status, text) { IsOurs = true });

    private NextHop Hop(string name, IPAddress address) =>
        new(name, new IPEndPoint(address, options.Port), SmtpTlsMode.Opportunistic, null, IsExchanger: true);

    [SuppressMessage("Security", "CA5394", Justification = "Spreads load; no secret.")]
    private DomainName[] Shuffle(IEnumerable<DomainName> names)
    {
        var all = names.ToArray();
        lock (random)
            random.Shuffle(all);
        return all;
    }

    private async ValueTask<Route> ResolveAsync(IReadOnlyList<DomainName> hosts, Route none, CancellationToken ct)
    {
        var hops = new List<NextHop>();
        var failed = false;
        // One exchanger with very many addresses does not keep the others from their turn.
        var share = hosts.Count > 1 ? (options.MaxHosts + 1) / 2 : options.MaxHosts;
        foreach (var host in hosts.Take(options.MaxHosts))
        {
            if (hops.Count >= options.MaxHosts)
                break;
            var v6 = await dns.ResolveAaaaAsync(host, ct);
            var v4 = await dns.ResolveAAsync(host, ct);
            failed |= v6.Status == DnsStatus.TemporaryFailure || v4.Status == DnsStatus.TemporaryFailure;
            hops.AddRange(InTurn(v6.Records, v4.Records).Take(share).Select(a => Hop(host.Ascii, a)));
        }

        var unknown = Fail(451, "4.4.3", $"DNS lookup of {hosts[0]} failed");
        if (hops.Count > 0)
            return new Route([.. hops.Take(options.MaxHosts)], failed ? unknown.Failure : null);
        return failed ? unknown : none;
    }

    /// <summary>IPv6 first, then both in turn: where IPv6 leads nowhere, IPv4 is never many attempts away.</summary>
    private static IEnumerable<IPAddress> InTurn(IReadOnlyList<IPAddress> v6, IReadOnlyList<IPAddress> v4)
    {
        for (var i = 0; i < Math.Max(v6.Count, v4.Count); i++)
        {
            if (i < v6.Count)
                yield return v6[i];
            if (i < v4.Count)
                yield return v4[i];
        }
    }

    private async ValueTask<Route> ToRelayAsync(RelayHost relay, CancellationToken ct)
    {
        NextHop ToHop(IPAddress address) =>
            new(relay.Host, new IPEndPoint(address, relay.Port), relay.Tls, relay.Credentials, IsExchanger: false);

        if (IPAddress.TryParse(relay.Host, out var literal))
            return new Route([ToHop(literal)], null);
        // What is wrong with our own settings is not the sender's fault: the mail waits.
        var unknown = Fail(451, "4.4.4", $"the relay {relay.Host} has no address");
        if (!DomainName.TryParse(relay.Host, out var name))
            return unknown;
        var route = await ResolveAsync([name], unknown, ct);
        return route with { Hops = [.. route.Hops.Select(h => ToHop(h.EndPoint.Address))] };
    }
}
