using System.Net.Security;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Postreiter.Settings;

namespace Postreiter.Hosting;

/// <summary>The certificate in force; SIGHUP reads it again, and new handshakes use the new one.</summary>
internal sealed class CertificateSource
{
    private readonly DataFolder _folder;
    private volatile SslStreamCertificateContext? _current;

    /// <summary>A source that has read nothing yet.</summary>
    public CertificateSource(DataFolder folder) => _folder = folder;

    /// <summary>The certificate with its chain; null when there is none: listeners then offer no TLS.</summary>
    public SslStreamCertificateContext? Current => _current;

    /// <summary>Reads the files. When they cannot be read the old certificate stays, and the log says why.</summary>
    /// <returns>Whether they were read.</returns>
    public bool Read(TlsSettings settings, ILogger logger)
    {
        var (certificatePath, keyPath) = (_folder.Resolve(settings.Certificate), _folder.Resolve(settings.Key));
        try
        {
            var (certificate, chain) = ServerCertificate.Read(certificatePath, keyPath);
            _current = SslStreamCertificateContext.Create(certificate, chain, offline: true);
            return true;
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            // F10: port 25 goes on in the clear; listeners under TLS refuse.
            logger.LogError(e, "The certificate {Certificate} with key {Key} cannot be used", certificatePath, keyPath);
            return false;
        }
    }
}
