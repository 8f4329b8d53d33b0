using System.Globalization;
using Postreiter.Core;

namespace Postreiter.Dns;

/// <summary>Records as text, made of what a resolver knows of each type.</summary>
internal static class DnsText
{
    /// <summary>See <see cref="IDnsResolver.ResolveTextAsync"/>.</summary>
    public static async ValueTask<DnsAnswer<string>> ResolveAsync(
        IDnsResolver resolver,
        DomainName name,
        string type,
        CancellationToken ct
    ) =>
        type switch
        {
            "A" => Map(await resolver.ResolveAAsync(name, ct), static address => address.ToString()),
            "AAAA" => Map(await resolver.ResolveAaaaAsync(name, ct), static address => address.ToString()),
            "TXT" => await resolver.ResolveTxtAsync(name, ct),
            "NS" => Map(await resolver.ResolveNsAsync(name, ct), static host => host.Ascii + "."),
            "MX" => Map(
                await resolver.ResolveMxAsync(name, ct),
                static mx => string.Create(CultureInfo.InvariantCulture, $"{mx.Preference} {Host(mx.Exchange)}")
            ),
            "SRV" => Map(
                await resolver.ResolveSrvAsync(name, ct),
                static srv =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{srv.Priority} {srv.Weight} {srv.Port} {Host(srv.Target)}"
                    )
            ),
            "TLSA" => Map(
                await resolver.ResolveTlsaAsync(name, ct),
                static tlsa =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{tlsa.Usage} {tlsa.Selector} {tlsa.MatchingType} {tlsa.Data}"
                    )
            ),
            _ => DnsAnswer.TemporaryFailure<string>($"this resolver asks for no {type} records"),
        };

    /// <summary>The same answer with each record as text.</summary>
    public static DnsAnswer<string> Map<T>(DnsAnswer<T> answer, Func<T, string> text) =>
        answer.With<string>([.. answer.Records.Select(text)]);

    private static string Host(DomainName? name) => (name?.Ascii ?? "") + ".";
}
