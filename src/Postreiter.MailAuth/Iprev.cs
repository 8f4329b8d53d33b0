using System.Net;
using System.Net.Sockets;
using Postreiter.Core;
using Postreiter.Dns;

namespace Postreiter.MailAuth;

/// <summary>The results of the reverse test (RFC 8601 §2.7.3).</summary>
public enum IprevResult
{
    /// <summary>A name of the address leads back to it.</summary>
    Pass,

    /// <summary>There are names, and none does.</summary>
    Fail,

    /// <summary>DNS did not answer; later it may.</summary>
    TempError,

    /// <summary>The address has no name.</summary>
    PermError,
}

/// <summary>The result with its reason.</summary>
/// <param name="Result">The result.</param>
/// <param name="Client">The address that was looked at.</param>
/// <param name="Name">The name that leads back, on <see cref="IprevResult.Pass"/>; otherwise null.</param>
/// <param name="Reason">For people.</param>
public sealed record IprevOutcome(IprevResult Result, IPAddress Client, DomainName? Name, string Reason);

/// <summary>Whether the names of an address lead back to it (RFC 8601 §3).</summary>
/// <param name="dns">Answers.</param>
/// <param name="time">Measures the budget.</param>
/// <param name="budget">All questions together; null for 20 s.</param>
public sealed class Iprev(IDnsResolver dns, TimeProvider time, TimeSpan? budget = null)
{
    /// <summary>Names that are tried, as for SPF (L18): whoever owns the address may give it any number of them.</summary>
    public const int MaxNames = 10;

    private readonly TimeSpan _budget = budget ?? TimeSpan.FromSeconds(20);

    /// <summary>Checks an address.</summary>
    /// <exception cref="OperationCanceledException">By <paramref name="ct"/> only.</exception>
    public async ValueTask<IprevOutcome> CheckAsync(IPAddress client, CancellationToken ct)
    {
        if (client.IsIPv4MappedToIPv6)
            client = client.MapToIPv4();
        using var budget = new CancellationTokenSource(_budget, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, budget.Token);
        try
        {
            return await RunAsync(client, both.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested && budget.IsCancellationRequested)
        {
            return new(IprevResult.TempError, client, null, $"it took longer than {_budget.TotalSeconds:0} s");
        }
    }

    private async ValueTask<IprevOutcome> RunAsync(IPAddress client, CancellationToken ct)
    {
        var names = await dns.ResolvePtrAsync(client, ct);
        if (names.Status == DnsStatus.TemporaryFailure)
            return new(IprevResult.TempError, client, null, $"PTR {client}: {names.Detail ?? "no answer"}");
        if (names.Records.Count == 0)
            return new(IprevResult.PermError, client, null, $"{client} has no name");
        string? failure = null;
        foreach (var name in names.Records.Take(MaxNames))
        {
            var answer =
                client.AddressFamily == AddressFamily.InterNetworkV6
                    ? await dns.ResolveAaaaAsync(name, ct)
                    : await dns.ResolveAAsync(name, ct);
            if (answer.Records.Contains(client))
                return new(IprevResult.Pass, client, name, $"{name} leads back to {client}");
            if (answer.Status == DnsStatus.TemporaryFailure)
                failure ??= $"{Printable.Cut(name.Ascii, 100)}: {answer.Detail ?? "no answer"}";
        }

        // One that gave no answer may be the one that leads back.
        return failure is not null
            ? new(IprevResult.TempError, client, null, failure)
            : new(
                IprevResult.Fail,
                client,
                null,
                $"{Printable.Cut(names.Records[0].Ascii, 100)} does not lead back to {client}"
            );
    }
}
