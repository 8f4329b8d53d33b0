using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postreiter.Core;
using Postreiter.Settings;

namespace Postreiter.Zone;

/// <summary>A DKIM key as the DNS shows it.</summary>
/// <param name="Selector">s=.</param>
/// <param name="State">published, active or retired.</param>
/// <param name="Text">The record.</param>
internal sealed record PublishedKey(string Selector, string State, string Text);

/// <summary>The records that one domain of this server should have.</summary>
/// <param name="domain">The domain.</param>
/// <param name="host">This server's name.</param>
internal sealed class DomainZone(DomainName domain, DomainName host)
{
    /// <summary>The keys of the domain, those that are retired too.</summary>
    public IReadOnlyList<PublishedKey> Keys { get; init; } = [];

    /// <summary>SHA-256 of the public key of the server's certificate, in hexadecimal; null where there is none.</summary>
    public string? CertificateHash { get; init; }

    /// <summary>Where reports about the domain go.</summary>
    public required EmailAddress Reports { get; init; }

    /// <summary>When: names the version of the MTA-STS policy.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>Ports that mail programs use, by service.</summary>
    public IReadOnlyList<(string Service, int Port)> Services { get; init; } = [];

    /// <summary>The hash of a TLSA record 3 1 1 (RFC 6698 §2.1) for the certificate of a file.</summary>
    /// <returns>Null when it cannot be read.</returns>
    public static string? HashOf(string certificatePath)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificateFromFile(certificatePath);
            return Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The services that the settings offer to mail programs (RFC 6186 §3, RFC 8314 §5.1).</summary>
    public static IReadOnlyList<(string Service, int Port)> ServicesOf(ListenSettings listen)
    {
        (string Service, IReadOnlyList<EndPoint> Addresses)[] all =
        [
            ("_submissions", listen.Submissions),
            ("_submission", listen.Submission),
            ("_imaps", listen.Imaps),
            ("_pop3s", listen.Pop3s),
        ];
        // A port that the system chooses, or one of this machine alone, is nothing to tell others.
        return
        [
            .. all.SelectMany(s =>
                s.Addresses.OfType<IPEndPoint>()
                    .Where(a => a.Port > 0 && !IPAddress.IsLoopback(a.Address))
                    .Take(1)
                    .Select(a => (s.Service, a.Port))
            ),
        ];
    }

    /// <summary>All records, in the order in which they are shown.</summary>
    public IEnumerable<ZoneRecord> Records()
    {
        yield return new(ZoneRecordKind.Mx, domain, "MX", $"10 {host.Ascii}.", IsOptional: false);
        yield return new(ZoneRecordKind.Spf, domain, "TXT", "v=spf1 mx -all", IsOptional: false);
        // RFC 7208 §2.3: bounces have no sender but the name in HELO.
        if (host != domain)
            yield return new(ZoneRecordKind.Spf, host, "TXT", "v=spf1 a -all", IsOptional: true)
            {
                Remark = "for bounces, which go by the server's own name",
            };
        foreach (var key in Keys)
        {
            yield return new(
                ZoneRecordKind.Dkim,
                Below($"{key.Selector}._domainkey"),
                "TXT",
                key.Text,
                IsOptional: key.State == "retired"
            )
            {
                Selector = key.Selector,
                Remark = key.State switch
                {
                    "published" => "new: it signs once it is seen in the DNS",
                    "retired" => "retired: it stays as long as mail that it signed is under way",
                    _ => null,
                },
            };
        }

        yield return new(
            ZoneRecordKind.Dmarc,
            Below("_dmarc"),
            "TXT",
            $"v=DMARC1; p=quarantine; rua=mailto:{Reports}",
            IsOptional: false
        );
        var version = Now.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);
        yield return new(ZoneRecordKind.MtaSts, Below("_mta-sts"), "TXT", $"v=STSv1; id={version};", IsOptional: true)
        {
            Remark =
                $"only with a policy at https://mta-sts.{domain.Ascii}/.well-known/mta-sts.txt: "
                + $"\"version: STSv1\", \"mode: enforce\", \"mx: {host.Ascii}\", \"max_age: 604800\", a line each",
        };
        yield return new(
            ZoneRecordKind.TlsRpt,
            Below("_smtp._tls"),
            "TXT",
            $"v=TLSRPTv1; rua=mailto:{Reports}",
            IsOptional: true
        );
        if (CertificateHash is { } hash)
            yield return new(
                ZoneRecordKind.Tlsa,
                DomainName.Parse("_25._tcp." + host.Ascii),
                "TLSA",
                $"3 1 1 {hash}",
                IsOptional: true
            )
            {
                Remark = "only in a zone that is signed (DNSSEC); it changes with the certificate's key",
            };
        foreach (var (service, port) in Services)
        {
            var data = string.Create(CultureInfo.InvariantCulture, $"0 1 {port} {host.Ascii}.");
            yield return new(ZoneRecordKind.Autoconfig, Below(service + "._tcp"), "SRV", data, IsOptional: true);
        }
    }

    private DomainName Below(string labels) => DomainName.Parse($"{labels}.{domain.Ascii}");
}
