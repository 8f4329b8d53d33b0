using System.Net;
using System.Net.Sockets;
using System.Text;
using Postreiter.Core;

namespace Postreiter.MailAuth.Spf;

/// <summary>One run of <c>check_host()</c> with what it has used up; includes and redirects run inside it.</summary>
internal sealed class SpfEvaluation
{
    private readonly SpfLimits _limits;
    private readonly SpfMacros _macros;
    private readonly SpfQuestions _questions;
    private readonly SpfRecordCache _records;
    private readonly IPAddress _client;
    private readonly UInt128 _clientBits;
    private readonly bool _isV6;
    private readonly DomainName _domain;
    private string? _reason = "";
    private string? _deciding;
    private DomainName _decidingDomain;
    private int _terms;

    public SpfEvaluation(
        SpfQuestions questions,
        SpfRecordCache records,
        TimeProvider time,
        SpfLimits limits,
        SpfRequest request,
        string localPart,
        string domain
    )
    {
        (_questions, _records, _limits) = (questions, records, limits);
        _client = request.Client.IsIPv4MappedToIPv6 ? request.Client.MapToIPv4() : request.Client;
        _clientBits = SpfRecord.Bits(_client);
        _isV6 = _client.AddressFamily == AddressFamily.InterNetworkV6;
        Domain = domain;
        // RFC 7208 §4.3, RFC 8616 §4: U-labels are A-labels for the DNS and in macros.
        if (DomainName.TryParse(domain, out _domain) && !Ascii.IsValid(domain))
            Domain = _domain.Ascii;
        _macros = new SpfMacros(request, _client, localPart, Domain, time, ValidatedNameAsync);
    }

    /// <summary>The domain that is asked; as it was given, but in A-labels.</summary>
    public string Domain { get; }

    /// <summary>Why the result is what it is; written when it is read, as most includes decide nothing.</summary>
    public string Reason =>
        _reason
        ?? (
            _deciding is null
                ? $"no term of {_decidingDomain} matches {_client}"
                : $"'{SpfRecord.Shown(_deciding)}' of {_decidingDomain} matches {_client}"
        );

    /// <summary>The domain's own words on a fail.</summary>
    public string? ExplanationText { get; private set; }

    /// <summary>Notes the reason of a result.</summary>
    public SpfResult Because(SpfResult result, string reason)
    {
        _reason = reason;
        return result;
    }

    // The term that matches; null when none does.
    private SpfResult Because(SpfResult result, string? term, DomainName domain)
    {
        (_reason, _deciding, _decidingDomain) = (null, term, domain);
        return result;
    }

    /// <summary>Runs it.</summary>
    public async ValueTask<SpfResult> RunAsync()
    {
        // RFC 7208 §4.3: a domain that is no name of several labels has no policy.
        if (_domain.IsEmpty || _domain.IsAddressLiteral || !_domain.Ascii.Contains('.'))
            return Because(SpfResult.None, $"'{SpfRecord.Shown(Domain)}' is not a full domain name");
        try
        {
            return await CheckHostAsync(_domain, isIncluded: false);
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
        for (var i = 0; i < texts.Count; i++)
        {
            var candidate = texts[i];
            if (!SpfRecord.IsSpf(candidate))
                continue;
            // RFC 7208 §4.5: more than one record is an error.
            if (text is not null)
                return Because(SpfResult.PermError, $"{domain} publishes more than one SPF record");
            text = candidate;
        }

        if (text is null)
            return Because(SpfResult.None, $"{domain} publishes no SPF record");
        var record = _records.Read(text, out var error);
        if (record is null)
            return Because(SpfResult.PermError, $"{domain}: {error}");

        foreach (var directive in record.Directives)
        {
            var match = await MatchesAsync(directive, domain);
            if (match is SpfResult.TempError or SpfResult.PermError)
                return match.Value;
            if (match is null)
                continue;
            Because(directive.Result, directive.Text, domain);
            if (directive.Result == SpfResult.Fail && !isIncluded && record.Explanation is not null)
                ExplanationText = await ExplainAsync(record.Explanation, domain);
            return directive.Result;
        }

        if (record.Redirect is null || record.Directives.Exists(static d => d.Mechanism == SpfMechanism.All))
            return Because(SpfResult.Neutral, null, domain);

        CountTerm("redirect", domain);
        var target = await _macros.ExpandDomainAsync(record.Redirect, domain);
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
                // Most of a record is this: compared as numbers, read once with the record.
                return Match(
                    directive.Mechanism == SpfMechanism.Ip6 == _isV6
                        && SpfRecord.IsSame(
                            directive.Network,
                            _clientBits,
                            _isV6 ? directive.Length6 : directive.Length4
                        )
                );
            default:
                CountTerm(directive.Text, domain);
                break;
        }

        DomainName? target = directive.Domain is null
            ? domain
            : await _macros.ExpandDomainAsync(directive.Domain, domain);
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
        if (target is null)
            return Because(SpfResult.PermError, $"'{SpfRecord.Shown(directive.Text)}' of {domain} names no domain");
        switch (await CheckHostAsync(target.Value, isIncluded: true))
        {
            case SpfResult.Pass:
                return SpfResult.Pass;
            case SpfResult.TempError:
                return SpfResult.TempError;
            case SpfResult.PermError:
                return SpfResult.PermError;
            case SpfResult.None:
                return Because(
                    SpfResult.PermError,
                    $"'{SpfRecord.Shown(directive.Text)}' of {domain}: {target} publishes no SPF record"
                );
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

    private bool IsInside(IPAddress network, SpfDirective directive) =>
        network.AddressFamily == _client.AddressFamily
        && SpfRecord.IsSame(SpfRecord.Bits(network), _clientBits, _isV6 ? directive.Length6 : directive.Length4);

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
            if (await _macros.ExpandDomainAsync(explanation, domain) is not { } place)
                return null;
            var texts = await _questions.TxtAsync(place, "its explanation");
            if (texts is not [var text] || MacroString.Parse(text, isExplanation: true) is not { } macro)
                return null;
            var expanded = await _macros.ExpandAsync(macro, domain);
            // RFC 7208 §6.2: it goes into replies and logs; what a macro brought in is a stranger's too.
            return Printable.Cut(expanded, 255);
        }
        catch (Exception e) when (e is SpfLimitException or SpfNoAnswerException)
        {
            return null;
        }
    }
}
