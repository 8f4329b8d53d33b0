using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postreiter.Core;

namespace Postreiter.Hosting;

/// <summary>Makes and reads the server's certificate.</summary>
internal static class ServerCertificate
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Public = Private | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Writes a self-signed certificate (ECDSA P-256, ten years) and its key (mode 0600) as PEM.</summary>
    public static void WriteSelfSigned(DomainName host, string certificatePath, string keyPath, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={host.Ascii}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host.Ascii);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        // RFC 5280 §4.2.1.12: id-kp-serverAuth.
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        var now = time.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(10));
        Write(certificatePath, certificate.ExportCertificatePem() + "\n", Public);
        Write(keyPath, key.ExportPkcs8PrivateKeyPem() + "\n", Private);
    }

    /// <summary>Reads certificate, chain and key.</summary>
    /// <exception cref="CryptographicException">They are not PEM, or do not belong together.</exception>
    /// <exception cref="IOException">They cannot be read.</exception>
    public static (X509Certificate2 Certificate, X509Certificate2Collection Chain) Read(
        string certificatePath,
        string keyPath
    )
    {
        var certificate = X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(certificatePath);
        if (chain.Count > 0)
            chain.RemoveAt(0);
        return (certificate, chain);
    }

    private static void Write(string path, string text, UnixFileMode mode)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = mode,
        };
        using var writer = new StreamWriter(path, options);
        writer.Write(text);
    }
}
