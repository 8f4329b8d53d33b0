using System.Security.Cryptography;
using System.Text;
using Postreiter.Core;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Dkim;
using Postreiter.Testing;

namespace Postreiter.Interop.Tests.Dkim;

/// <summary>A domain with a key of each kind, in our form and in that of the others.</summary>
internal sealed class DkimPlace : IDisposable
{
    public const string Domain = "a.example";
    private readonly TemporaryFolder _folder = new();
    private readonly DkimKey _rsa;
    private readonly DkimKey _ed25519 = DkimKey.GenerateEd25519();

    public DkimPlace()
    {
        using var rsa = RSA.Create(2048);
        RsaPem = rsa.ExportRSAPrivateKeyPem();
        _rsa = DkimKey.TryImportPem(rsa.ExportPkcs8PrivateKeyPem(), out _)!;
        var pem = _ed25519.ExportPem();
        var data = Convert.FromBase64String(pem[PemEncoding.Find(pem).Base64Data]);
        Ed25519Seed = Convert.ToBase64String(data[^32..]);
        Records = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [$"rsa._domainkey.{Domain}"] = _rsa.TxtRecord,
            [$"ed._domainkey.{Domain}"] = _ed25519.TxtRecord,
        };
        foreach (var (name, text) in Records)
            Dns.Txt(name, text);
    }

    public FakeDns Dns { get; } = new();

    public IReadOnlyDictionary<string, string> Records { get; }

    /// <summary>PKCS#1.</summary>
    public string RsaPem { get; }

    /// <summary>In base64.</summary>
    public string Ed25519Seed { get; }

    public DkimSigningKey Rsa => new(DomainName.Parse(Domain), "rsa", _rsa);

    public DkimSigningKey Ed25519 => new(DomainName.Parse(Domain), "ed", _ed25519);

    /// <summary>The others take a part of a body for a body, so we do here too.</summary>
    public DkimVerifier Verifier => new(Dns, TimeProvider.System, new DkimLimits { AcceptsPartialBody = true });

    /// <summary>A file with a text of octets.</summary>
    public string File(string name, string text)
    {
        var path = Path.Combine(_folder.Root, name);
        System.IO.File.WriteAllBytes(path, Octets(text));
        return path;
    }

    public string Folder => _folder.Root;

    public string Sign(string header, string body, params DkimSigningKey[] keys)
    {
        var signing = new DkimSigner(keys, TimeProvider.System).Start(Octets(header));
        signing.AppendBody(Octets(body));
        return signing.Complete() + header;
    }

    public async Task<IReadOnlyList<DkimOutcome>> VerifyAsync(string header, string body)
    {
        var verification = Verifier.Start(Octets(header));
        verification.AppendBody(Octets(body));
        return await verification.CompleteAsync(TestContext.Current.CancellationToken);
    }

    public async Task<ArcOutcome> ValidateAsync(string header, string body)
    {
        var validation = new ArcValidator(Dns, TimeProvider.System).Start(Octets(header));
        validation.AppendBody(Octets(body));
        return await validation.CompleteAsync(TestContext.Current.CancellationToken);
    }

    public async Task<string> SealAsync(string header, string body, string results)
    {
        var sealing = new ArcSealer(Rsa, TimeProvider.System).Start(Octets(header));
        sealing.AppendBody(Octets(body));
        return sealing.Complete(await ValidateAsync(header, body), results) + header;
    }

    public void Dispose()
    {
        _rsa.Dispose();
        _ed25519.Dispose();
        _folder.Dispose();
    }

    private static byte[] Octets(string text) => Encoding.Latin1.GetBytes(text);
}
