using System.Net;
using Postreiter.Core;
using Postreiter.Dns;
using Postreiter.MailAuth.Spf;

namespace Postreiter.Zone;

/// <summary>How a record stands in the DNS.</summary>
internal enum ZoneState
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Not there, and mail goes without it.</summary>
    Optional,

    /// <summary>Not there.</summary>
    Missing,

    /// <summary>There, but not as it should be.</summary>
    Wrong,

    /// <summary>The DNS does not answer.</summary>
    Unknown,
}

/// <summary>What was found.</summary>
/// <param name="State">How it stands.</param>
/// <param name="Type">MX, TXT…, or what else was looked at: "address", "PTR".</param>
/// <param name="Name">Where.</param>
/// <param name="Text">What is there, or what is wrong about it, on one line.</param>
internal sealed record ZoneFinding(ZoneState State, string Type, DomainName Name, string Text);

/// <summary>Looks for a domain's records in the DNS.</summary>
/// <param name="dns">Answers.</param>
/// <param name="host">This server's name.</param>
/// <param name="time">For SPF's budget.</param>
internal sealed class ZoneCheck(IDnsResolver dns, DomainName host, TimeProvider time)
{
    private const int MaxShown = 120;

    /// <summary>Looks at all of them, one after another.</summary>
    public async IAsyncEnumerable<ZoneFinding> RunAsync(
        IEnumerable<ZoneRecord> records,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct
    )
    {
        var (finding, addresses) = await CheckHostAsync(ct);
        yield return finding;
        foreach (var address in addresses)
            yield return await CheckReverseAsync(address, ct);
        foreach (var record in records)
        {
            yield return record.Kind switch
            {
                ZoneRecordKind.Mx => await CheckMxAsync(record, ct),
                ZoneRecordKind.Spf => await CheckSpfAsync(record, addresses, ct),
                ZoneRecordKind.Autoconfig => await CheckServiceAsync(record, ct),
                ZoneRecordKind.Tlsa => await CheckTlsaAsync(record, ct),
                _ => await CheckTextAsync(record, ct),
            };
        }
    }

    private async Task<(ZoneFinding Finding, IReadOnlyList<IPAddress> Addresses)> CheckHostAsync(CancellationToken ct)
    {
        var v4 = await dns.ResolveAAsync(host, ct);
        var v6 = await dns.ResolveAaaaAsync(host, ct);
        IReadOnlyList<IPAddress> addresses = [.. v4.Records, .. v6.Records];
        if (addresses.Count > 0)
            return (new(ZoneState.Ok, "address", host, string.Join(' ', addresses)), addresses);
        var isUnknown = v4.Status == DnsStatus.TemporaryFailure || v6.Status == DnsStatus.TemporaryFailure;
        return isUnknown
            ? (new(ZoneState.Unknown, "address", host, v4.Detail ?? v6.Detail ?? "no answer"), addresses)
            : (new(ZoneState.Missing, "address", host, "the server's own name has no address record"), addresses);
    }

    // Many receivers refuse a client whose name does not lead back (RFC 8601 §3).
    private async Task<ZoneFinding> CheckReverseAsync(IPAddress address, CancellationToken ct)
    {
        var answer = await dns.ResolvePtrAsync(address, ct);
        if (answer.Records.Contains(host))
            return new(ZoneState.Ok, "PTR", host, $"{address} is {host}");
        if (answer.Status == DnsStatus.TemporaryFailure)
            return new(ZoneState.Unknown, "PTR", host, answer.Detail ?? "no answer");
        return answer.Records.Count == 0
            ? new(ZoneState.Missing, "PTR", host, $"{address} has no name; it should be {host}")
            : new(ZoneState.Wrong, "PTR", host, $"{address} is {answer.Records[0]}; it should be {host}");
    }

    private async Task<ZoneFinding> CheckMxAsync(ZoneRecord record, CancellationToken ct)
    {
        var answer = await dns.ResolveMxAsync(record.Name, ct);
        if (NotThere(record, answer.Status, answer.Detail) is { } none)
            return none;
        var shown = string.Join(", ", answer.Records.Select(r => $"{r.Preference} {r.Exchange?.Ascii ?? "."}"));
        return answer.Records.Any(r => r.Exchange == host)
            ? Ok(record, shown)
            : Wrong(record, $"its mail goes to {shown}, not to {host}");
    }

    private async Task<ZoneFinding> CheckSpfAsync(
        ZoneRecord record,
        IReadOnlyList<IPAddress> addresses,
        CancellationToken ct
    )
    {
        var answer = await dns.ResolveTxtAsync(record.Name, ct);
        if (NotThere(record, answer.Status, answer.Detail, answer.Records.Any(ZoneText.IsSpf)) is { } none)
            return none;
        // Whatever the record says, what counts is that it lets this server send.
        foreach (var address in addresses)
        {
            var request = new SpfRequest(address, $"postmaster@{record.Name.Ascii}", host.Ascii, host.Ascii);
            var outcome = await new SpfEvaluator(dns, time).CheckMailFromAsync(request, ct);
            if (outcome.Result == SpfResult.TempError)
                return new(ZoneState.Unknown, record.Type, record.Name, outcome.Reason);
            if (outcome.Result != SpfResult.Pass)
                return Wrong(
                    record,
                    $"{outcome.Result.ToString().ToLowerInvariant()} for this server's address {address}: {outcome.Reason}"
                );
        }

        return Ok(record, answer.Records.First(ZoneText.IsSpf));
    }

    private async Task<ZoneFinding> CheckTextAsync(ZoneRecord record, CancellationToken ct)
    {
        var answer = await dns.ResolveTxtAsync(record.Name, ct);
        var ours = answer.Records.Where(t => ZoneText.IsOfKind(record.Kind, t)).ToList();
        if (NotThere(record, answer.Status, answer.Detail, ours.Count > 0) is { } none)
            return none;
        if (ours.Count > 1)
            return Wrong(record, $"there are {ours.Count} records; there must be one");
        return ZoneText.WhatIsWrong(record, ours[0]) is { } wrong ? Wrong(record, wrong) : Ok(record, ours[0]);
    }

    private async Task<ZoneFinding> CheckServiceAsync(ZoneRecord record, CancellationToken ct)
    {
        var answer = await dns.ResolveSrvAsync(record.Name, ct);
        if (NotThere(record, answer.Status, answer.Detail) is { } none)
            return none;
        var shown = string.Join(", ", answer.Records.Select(r => $"{r.Target?.Ascii ?? "."}:{r.Port}"));
        return answer.Records.Any(r =>
            r.Target == host && record.Data.EndsWith($" {r.Port} {host.Ascii}.", StringComparison.Ordinal)
        )
            ? Ok(record, shown)
            : Wrong(record, $"it leads to {shown}; it should be {record.Data}");
    }

    private async Task<ZoneFinding> CheckTlsaAsync(ZoneRecord record, CancellationToken ct)
    {
        var answer = await dns.ResolveTlsaAsync(record.Name, ct);
        if (NotThere(record, answer.Status, answer.Detail) is { } none)
            return none;
        var found = answer.Records.Select(r => $"{r.Usage} {r.Selector} {r.MatchingType} {r.Data}").ToList();
        if (found.Contains(record.Data))
            return Ok(record, record.Data);
        // Of another form it may be as right as ours; what is certain is only what is of the same form.
        return answer.Records.Any(r => r is { Usage: 3, Selector: 1, MatchingType: 1 })
            ? Wrong(record, $"none is the key of this server's certificate: {record.Data}")
            : Ok(record, $"{found[0]}, of a form that is not compared");
    }

    private static ZoneFinding? NotThere(ZoneRecord record, DnsStatus status, string? detail, bool isThere = true)
    {
        if (status == DnsStatus.TemporaryFailure)
            return new(ZoneState.Unknown, record.Type, record.Name, detail ?? "no answer");
        if (status == DnsStatus.Success && isThere)
            return null;
        var state = record.IsOptional ? ZoneState.Optional : ZoneState.Missing;
        return new(state, record.Type, record.Name, Short($"should be {record.Data}"));
    }

    private static ZoneFinding Ok(ZoneRecord record, string text) =>
        new(ZoneState.Ok, record.Type, record.Name, Short(text));

    private static ZoneFinding Wrong(ZoneRecord record, string text) =>
        new(ZoneState.Wrong, record.Type, record.Name, Short(text));

    // A stranger's text on a terminal: one line of printable characters.
    private static string Short(string text)
    {
        var line = string.Concat(text.Select(static c => c is >= ' ' and <= '~' ? c : '?'));
        return line.Length <= MaxShown ? line : line[..MaxShown] + "…";
    }
}
