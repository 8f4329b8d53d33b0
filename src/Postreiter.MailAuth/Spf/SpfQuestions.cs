using System.Net;
using Postreiter.Core;
using Postreiter.Dns;

namespace Postreiter.MailAuth.Spf;

/// <summary>A limit of RFC 7208 §4.6.4 was met: permerror.</summary>
internal sealed class SpfLimitException(string message) : Exception(message);

/// <summary>The DNS gave no answer: temperror.</summary>
internal sealed class SpfNoAnswerException(string message) : Exception(message);

/// <summary>The questions of one evaluation: counted, noted, and each answered or thrown.</summary>
internal sealed class SpfQuestions(IDnsResolver dns, SpfLimits limits, CancellationToken ct)
{
    private readonly List<string> _asked = [];
    private int _void;

    /// <summary>As <c>TYPE name: how it was answered</c>.</summary>
    public IReadOnlyList<string> Asked => _asked;

    /// <summary>TXT records; not counted as void (RFC 7208 §4.6.4 speaks of the terms).</summary>
    public async ValueTask<IReadOnlyList<string>> TxtAsync(DomainName name, string what) =>
        Answered("TXT", name.Ascii, await dns.ResolveTxtAsync(name, ct), what);

    /// <summary>Addresses of the client's family.</summary>
    public async ValueTask<IReadOnlyList<IPAddress>> AddressesAsync(DomainName name, bool isV6)
    {
        var answer = isV6 ? await dns.ResolveAaaaAsync(name, ct) : await dns.ResolveAAsync(name, ct);
        return NotVoid(Answered(isV6 ? "AAAA" : "A", name.Ascii, answer, "an address"));
    }

    /// <summary>MX records.</summary>
    public async ValueTask<IReadOnlyList<MxRecord>> ExchangersAsync(DomainName name) =>
        NotVoid(Answered("MX", name.Ascii, await dns.ResolveMxAsync(name, ct), "its MX"));

    /// <summary>Names of an address; RFC 7208 §5.5: an error is as good as none.</summary>
    public async ValueTask<IReadOnlyList<DomainName>> NamesAsync(IPAddress address)
    {
        var answer = await dns.ResolvePtrAsync(address, ct);
        Note("PTR", address.ToString(), answer.Status);
        return answer.Status == DnsStatus.TemporaryFailure ? [] : NotVoid(answer.Records);
    }

    /// <summary>Addresses of a name that PTR gave; RFC 7208 §5.5: an error skips the name.</summary>
    public async ValueTask<IReadOnlyList<IPAddress>> AddressesOrNoneAsync(DomainName name, bool isV6)
    {
        var answer = isV6 ? await dns.ResolveAaaaAsync(name, ct) : await dns.ResolveAAsync(name, ct);
        Note(isV6 ? "AAAA" : "A", name.Ascii, answer.Status);
        return answer.Records;
    }

    private IReadOnlyList<T> Answered<T>(string type, string name, DnsAnswer<T> answer, string what)
    {
        Note(type, name, answer.Status);
        if (answer.Status == DnsStatus.TemporaryFailure)
            throw new SpfNoAnswerException($"{type} {SpfRecord.Shown(name)} ({what}): {answer.Detail ?? "no answer"}");
        return answer.Records;
    }

    private IReadOnlyList<T> NotVoid<T>(IReadOnlyList<T> records)
    {
        if (records.Count == 0 && ++_void > limits.MaxVoidLookups)
            throw new SpfLimitException($"more than {limits.MaxVoidLookups} questions had no answer: {_asked[^1]}");
        return records;
    }

    private void Note(string type, string name, DnsStatus status) =>
        _asked.Add($"{type} {SpfRecord.Shown(name)}: {status}");
}
