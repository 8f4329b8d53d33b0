using System.Net;
using Postreiter.Core;
using Postreiter.Dns;

namespace Postreiter.Spam.Tests.Senders;

/// <summary>A resolver that never answers.</summary>
internal sealed class SilentDns : IDnsResolver
{
    public ValueTask<DnsAnswer<IPAddress>> ResolveAAsync(DomainName name, CancellationToken ct) => Never<IPAddress>(ct);

    public ValueTask<DnsAnswer<IPAddress>> ResolveAaaaAsync(DomainName name, CancellationToken ct) =>
        Never<IPAddress>(ct);

    public ValueTask<DnsAnswer<MxRecord>> ResolveMxAsync(DomainName name, CancellationToken ct) => Never<MxRecord>(ct);

    public ValueTask<DnsAnswer<string>> ResolveTxtAsync(DomainName name, CancellationToken ct) => Never<string>(ct);

    public ValueTask<DnsAnswer<DomainName>> ResolvePtrAsync(IPAddress address, CancellationToken ct) =>
        Never<DomainName>(ct);

    private static async ValueTask<DnsAnswer<T>> Never<T>(CancellationToken ct)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
        return DnsAnswer.TemporaryFailure<T>("never");
    }
}
