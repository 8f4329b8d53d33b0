using System.Net;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Dns;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Dkim;

namespace Postreiter.Fuzz;

/// <summary>What reception does with signed headers.</summary>
internal static class SigningTargets
{
    // Of the key that signed the corpus.
    private const string Key =
        "v=DKIM1; k=rsa; p="
        + "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDi9QnM/fyPwSzBssMlV3FxkuJLfeG2lynpiP/za91kKbbQ7kIVUgyYX2Gk9iQf"
        + "PENyfy44E4hV7grgBdhoS2/1dG4//yJstirv70nsMIIgnfoi3C3jJpUz5Hb2jrp9LS66yPWRsQb7gEt7bxeqrEp7DXM2tDXIU7NY"
        + "bFYQZQ2pnQIDAQAB";

    /// <summary>A header, cut down to what its signatures need, is worth what the whole one is.</summary>
    public static void LargeHeaders(byte[] input)
    {
        var picked = LargeHeader.PickSigned(input);
        if (picked.Length > input.Length)
            throw new InvalidOperationException("more than there was");
        var (whole, part) = (Verify(input), Verify(picked.ToArray()));
        if (whole != part)
            throw new InvalidOperationException($"{part} of a part, {whole} of the whole");
    }

    private static string Verify(byte[] header)
    {
        using var message = new SignedMessage(header);
        var dkim = new DkimVerifier(new KeyDns(), TimeProvider.System).Start(message);
        var arc = new ArcValidator(new KeyDns(), TimeProvider.System).Start(message);
        var outcomes = dkim.CompleteAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
        var chain = arc.CompleteAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
        return string.Join(' ', outcomes.Select(o => $"{o.Result}:{o.Domain}:{o.Reason}"))
            + $" {chain.Result}:{chain.Sets}";
    }

    /// <summary>Every name has the key.</summary>
    private sealed class KeyDns : IDnsResolver
    {
        public ValueTask<DnsAnswer<IPAddress>> ResolveAAsync(DomainName name, CancellationToken ct) =>
            new(new DnsAnswer<IPAddress>(DnsStatus.NoSuchName, []));

        public ValueTask<DnsAnswer<IPAddress>> ResolveAaaaAsync(DomainName name, CancellationToken ct) =>
            new(new DnsAnswer<IPAddress>(DnsStatus.NoSuchName, []));

        public ValueTask<DnsAnswer<MxRecord>> ResolveMxAsync(DomainName name, CancellationToken ct) =>
            new(new DnsAnswer<MxRecord>(DnsStatus.NoSuchName, []));

        public ValueTask<DnsAnswer<string>> ResolveTxtAsync(DomainName name, CancellationToken ct) =>
            new(new DnsAnswer<string>(DnsStatus.Success, [Key]));

        public ValueTask<DnsAnswer<DomainName>> ResolvePtrAsync(IPAddress address, CancellationToken ct) =>
            new(new DnsAnswer<DomainName>(DnsStatus.NoSuchName, []));
    }
}
