using System.Collections;
using System.Net;
using Postreiter.Core;
using Postreiter.Dns;

namespace Postreiter.MailAuth.Spf;

/// <summary>A limit of RFC 7208 §4.6.4 was met: permerror.</summary>
internal sealed class SpfLimitException(string message) : Exception(message);

/// <summary>The DNS gave no answer: temperror.</summary>
internal sealed class SpfNoAnswerException(string message) : Exception(message);

/// <summary>The questions of one evaluation: counted, noted, and each answered or thrown.</summary>
/// <remarks>As a list it has each as <c>TYPE name: how it was answered</c>, written when it is read.</remarks>
internal sealed class SpfQuestions(IDnsResolver dns, SpfLimits limits, SpfBudget budget) : IReadOnlyList<string>
{
    private readonly List<(string Type, string Name, DnsStatus Status)> _asked = new(4);
    private int _void;

    /// <inheritdoc/>
    public int Count => _asked.Count;

    /// <inheritdoc/>
    public string this[int index]
    {
        get
        {
            var (type, name, status) = _asked[index];
            return $"{type} {SpfRecord.Shown(name)}: {status}";
        }
    }

    /// <summary>TXT records; not counted as void (RFC 7208 §4.6.4 speaks of the terms).</summary>
    public async ValueTask<IReadOnlyList<string>> TxtAsync(DomainName name, string what) =>
        Answered("TXT", name.Ascii, await budget.WaitAsync(dns.ResolveTxtAsync(name, budget.Token)), what);

    /// <summary>Addresses of the client's family.</summary>
    public async ValueTask<IReadOnlyList<IPAddress>> AddressesAsync(DomainName name, bool isV6) =>
        NotVoid(Answered(isV6 ? "AAAA" : "A", name.Ascii, await AskAsync(name, isV6), "an address"));

    /// <summary>MX records.</summary>
    public async ValueTask<IReadOnlyList<MxRecord>> ExchangersAsync(DomainName name) =>
        NotVoid(Answered("MX", name.Ascii, await budget.WaitAsync(dns.ResolveMxAsync(name, budget.Token)), "its MX"));

    /// <summary>Names of an address; RFC 7208 §5.5: an error is as good as none.</summary>
    public async ValueTask<IReadOnlyList<DomainName>> NamesAsync(IPAddress address)
    {
        var answer = await budget.WaitAsync(dns.ResolvePtrAsync(address, budget.Token));
        _asked.Add(("PTR", address.ToString(), answer.Status));
        return answer.Status == DnsStatus.TemporaryFailure ? [] : NotVoid(answer.Records);
    }

    /// <summary>Addresses of a name that PTR gave; RFC 7208 §5.5: an error skips the name.</summary>
    public async ValueTask<IReadOnlyList<IPAddress>> AddressesOrNoneAsync(DomainName name, bool isV6)
    {
        var answer = await AskAsync(name, isV6);
        _asked.Add((isV6 ? "AAAA" : "A", name.Ascii, answer.Status));
        return answer.Records;
    }

    /// <inheritdoc/>
    public IEnumerator<string> GetEnumerator()
    {
        for (var i = 0; i < _asked.Count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private ValueTask<DnsAnswer<IPAddress>> AskAsync(DomainName name, bool isV6) =>
        budget.WaitAsync(isV6 ? dns.ResolveAaaaAsync(name, budget.Token) : dns.ResolveAAsync(name, budget.Token));

    private IReadOnlyList<T> Answered<T>(string type, string name, DnsAnswer<T> answer, string what)
    {
        _asked.Add((type, name, answer.Status));
        if (answer.Status == DnsStatus.TemporaryFailure)
            throw new SpfNoAnswerException($"{type} {SpfRecord.Shown(name)} ({what}): {answer.Detail ?? "no answer"}");
        return answer.Records;
    }

    private IReadOnlyList<T> NotVoid<T>(IReadOnlyList<T> records)
    {
        if (records.Count == 0 && ++_void > limits.MaxVoidLookups)
            throw new SpfLimitException($"more than {limits.MaxVoidLookups} questions had no answer: {this[^1]}");
        return records;
    }
}
