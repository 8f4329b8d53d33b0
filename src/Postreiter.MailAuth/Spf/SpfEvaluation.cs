using System.Net;
using System.Net.Sockets;
using Postreiter.Core;
using Postreiter.Dns;

namespace Postreiter.MailAuth.Spf;

/// <summary>One run of <c>check_host()</c> with what it has used up; includes and redirects run inside it.</summary>
internal sealed class SpfEvaluation
{
    private readonly SpfRequest _request;
    private readonly SpfLimits _limits;
    private readonly SpfMacros _macros;
    private readonly SpfQuestions _questions;
    private readonly IPAddress _client;
    private readonly bool _isV6;
    private readonly string _domain;
    private int _terms;

    public SpfEvaluation(
        IDnsResolver dns,
        TimeProvider time,
        SpfLimits limits,
        SpfRequest request,
        string localPart,
        string domain,
        CancellationToken ct
    )
    {
        (_request, _limits, _domain) = (request, limits, domain);
        _client = request.Client.IsIPv4MappedToIPv6 ? request.Client.MapToIPv4() : request.Client;
        _isV6 = _client.AddressFamily == AddressFamily.InterNetworkV6;
        _questions = new SpfQuestions(dns, limits, ct);
        _macros = new SpfMacros(request, _client, localPart, domain, time);
    }

    /// <summary>Why the result is what it is.</summary>
    public string Reason { get; private set; } = "";

    /// <summary>The domain's own words on a fail.</summary>
    public string? ExplanationText { get; private set; }

    /// <summary>Questions asked.</summary>
    public IReadOnlyList<string> Lookups => _questions.Asked;

    /// <summary>Notes the reason of a result.</summary>
    public SpfResult Because(SpfResult result, string reason)
    {
        Reason = reason;
        return result;
    }

    /// <summary>Runs it.</summary>
    public async ValueTask<SpfResult> RunAsync()
    {
        // RFC 7208 §4.3: a domain that is no name of several labels has no policy.
        if (!DomainName.TryParse(_domain, out var domain) || domain.IsAddressLiteral || !domain.Ascii.Contains('.'))
            return Because(SpfResult.None, $"'{SpfRecord.Shown(_domain)}' is not a full domain name");
        try
        {
            return await CheckHostAsync(domain, isIncluded: false);
        }
        catch (SpfLimitException e)
        {
            return Because(SpfResult.PermError, e.Message);
        }
        catch (SpfNoAnswerException e)
        {
            return Because(SpfResult.TempError, e.Message);
        }
    }

    private async ValueTask<SpfResult> CheckHostAsync(DomainName domain, bool isIncluded)
    {
        var texts = await _questions.TxtAsync(domain, "its SPF record");
        string? text = null;
        foreach (var candidate in texts)
        {
            if (!SpfRecord.IsSpf(candidate))
                continue;
            // RFC 7208 §4.5: more than one record is an error.
            if (text is not null)
                return Because(SpfResult.PermError, $"{domain} publishes more than one SPF record");
            text = candidate;
        }

        if (text is null)
            return Because(SpfResult.None, $"{domain} publishes no SPF record");
        var record = SpfRecord.Parse(text, out var error);
        if (record is null)
            return Because(SpfResult.PermError, $"{domain}: {error}");

        foreach (var directive in record.Directives)
        {
            var match = await MatchesAsync(directive, domain);
            if (match is SpfResult.TempError or SpfResult.PermError)
                return match.Value;
            if (match is null)
                continue;
            Because(directive.Result, $"'{SpfRecord.Shown(directive.Text)}' of {domain} matches {_client}");
            if (directive.Result == SpfResult.Fail && !isIncluded && record.Explanation is not null)
                ExplanationText = await ExplainAsync(record.Explanation, domain);
            return directive.Result;
        }

        if (record.Redirect is null || record.Directives.Exists(static d => d.Mechanism == SpfMechanism.All))
            return Because(SpfResult.Neutral, $"no term of {domain} matches {_client}");

        CountTerm("redirect", domain);
        var target = await _macros.ExpandDomainAsync(record.Redirect, domain, ValidatedNameAsync);
        // RFC 7208 §6.1: a target without a policy is an error.
        if (target is null)
            return Because(SpfResult.PermError, $"redirect= of {domain} names no domain");
        var result = await CheckHostAsync(target.Value, isIncluded);
        return result == SpfResult.None
            ? Because(SpfResult.PermError, $"{domain} redirects to {target}, which publishes no SPF record")
            : result;
    }

    // Null: no match; TempError and PermError end the evaluation; anything else is a match.
    private async ValueTask<SpfResult?> MatchesAsync(SpfDirective directive, DomainName domain)
    {
        switch (directive.Mechanism)
        {
            case SpfMechanism.All:
                return SpfResult.Pass;
            case SpfMechanism.Ip4 or SpfMechanism.Ip6:
                return Match(IsInside(directive.Network!, directive));
            default:
                CountTerm(directive.Text, domain);
                break;
        }

        DomainName? target = directive.Domain is null
            ? domain
            : await _macros.ExpandDomainAsync(directive.Domain, domain, ValidatedNameAsync);
        if (directive.Mechanism == SpfMechanism.Include)
            return await IncludeAsync(directive, domain, target);
        // RFC 7208 §4.8: what cannot be a name in the DNS cannot match.
        if (target is null)
            return null;
        return directive.Mechanism switch
        {
            SpfMechanism.A => Match(await HasAddressAsync(target.Value, directive)),
            SpfMechanism.Mx => Match(await HasExchangerAsync(target.Value, directive)),
            SpfMechanism.Exists => Match((await _questions.AddressesAsync(target.Value, isV6: false)).Count > 0),
            _ => Match((await ValidatedNamesAsync()).Any(name => name.IsAtOrBelow(target.Value))),
        };
    }

    private static SpfResult? Match(bool matches) => matches ? SpfResult.Pass : null;

    // RFC 7208 §5.2
    private async ValueTask<SpfResult?> IncludeAsync(SpfDirective directive, DomainName domain, DomainName? target)
    {
        var shown = SpfRecord.Shown(directive.Text);
        if (target is null)
            return Because(SpfResult.PermError, $"'{shown}' of {domain} names no domain");
        switch (await CheckHostAsync(target.Value, isIncluded: true))
        {
            case SpfResult.Pass:
                return SpfResult.Pass;
            case SpfResult.TempError:
                return SpfResult.TempError;
            case SpfResult.PermError:
                return SpfResult.PermError;
            case SpfResult.None:
                return Because(SpfResult.PermError, $"'{shown}' of {domain}: {target} publishes no SPF record");
            default:
                return null;
        }
    }

    private async ValueTask<bool> HasAddressAsync(DomainName host, SpfDirective directive)
    {
        foreach (var address in await _questions.AddressesAsync(host, _isV6))
        {
            if (IsInside(address, directive))
                return true;
        }

        return false;
    }

    // RFC 7208 §5.4
    private async ValueTask<bool> HasExchangerAsync(DomainName target, SpfDirective directive)
    {
        var exchangers = await _questions.ExchangersAsync(target);
        if (exchangers.Count > _limits.MaxNames)
            throw new SpfLimitException($"{target} has more than {_limits.MaxNames} MX records");
        foreach (var exchanger in exchangers.OrderBy(static mx => mx.Preference))
        {
            if (exchanger.Exchange is { } host && await HasAddressAsync(host, directive))
                return true;
        }

        return false;
    }

    private bool IsInside(IPAddress network, SpfDirective directive)
    {
        if (network.AddressFamily != _client.AddressFamily)
            return false;
        Span<byte> left = stackalloc byte[16];
        Span<byte> right = stackalloc byte[16];
        _client.TryWriteBytes(left, out _);
        network.TryWriteBytes(right, out _);
        var bits = _isV6 ? directive.Length6 : directive.Length4;
        var whole = bits / 8;
        if (!left[..whole].SequenceEqual(right[..whole]))
            return false;
        var mask = (byte)(0xFF00 >> (bits % 8));
        return bits % 8 == 0 || ((left[whole] ^ right[whole]) & mask) == 0;
    }

    // RFC 7208 §4.6.4
    private void CountTerm(string term, DomainName domain)
    {
        if (++_terms > _limits.MaxLookups)
        {
            throw new SpfLimitException(
                $"more than {_limits.MaxLookups} terms ask the DNS; '{SpfRecord.Shown(term)}' of {domain} is one too many"
            );
        }
    }

    private List<DomainName>? _validated;

    // RFC 7208 §5.5: a name of the client counts when it leads back to the client's address.
    private async ValueTask<List<DomainName>> ValidatedNamesAsync()
    {
        if (_validated is not null)
            return _validated;
        var validated = new List<DomainName>();
        foreach (var name in (await _questions.NamesAsync(_client)).Take(_limits.MaxNames))
        {
            if ((await _questions.AddressesOrNoneAsync(name, _isV6)).Contains(_client))
                validated.Add(name);
        }

        return _validated = validated;
    }

    // RFC 7208 §7.3, %{p}: the domain itself, else a name below it, else any.
    private async ValueTask<string> ValidatedNameAsync(DomainName domain)
    {
        var names = await ValidatedNamesAsync();
        var best = names
            .Select(name =>
                (
                    Name: name,
                    Rank: name == domain ? 0
                    : name.IsAtOrBelow(domain) ? 1
                    : 2
                )
            )
            .OrderBy(static entry => entry.Rank)
            .FirstOrDefault();
        return best.Name.IsEmpty ? "unknown" : best.Name.Ascii;
    }

    // RFC 7208 §6.2: whatever goes wrong with an explanation, there is just none.
    private async ValueTask<string?> ExplainAsync(MacroString explanation, DomainName domain)
    {
        try
        {
            if (await _macros.ExpandDomainAsync(explanation, domain, ValidatedNameAsync) is not { } place)
                return null;
            var texts = await _questions.TxtAsync(place, "its explanation");
            if (texts is not [var text] || MacroString.Parse(text, isExplanation: true) is not { } macro)
                return null;
            var expanded = await _macros.ExpandAsync(macro, domain, ValidatedNameAsync);
            return expanded[..Math.Min(expanded.Length, 255)];
        }
        catch (Exception e) when (e is SpfLimitException or SpfNoAnswerException)
        {
            return null;
        }
    }
}
