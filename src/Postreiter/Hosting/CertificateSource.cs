using System.Net.Security;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Postreiter.Settings;

namespace Postreiter.Hosting;

/// <summary>
/// The certificate in force. SIGHUP reads it again, and so does each hour when the files are others than those read or when
/// what is in force is of no use (F10); new handshakes use the new one.
/// </summary>
/// <param name="folder">Where relative paths start.</param>
/// <param name="time">The clock.</param>
internal sealed class CertificateSource(DataFolder folder, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromHours(1);

    // A renewal that fails has so long to be mended before mail programs notice.
    private static readonly TimeSpan WarnBefore = TimeSpan.FromDays(7);

    private volatile Held? _held;
    private volatile TlsSettings _settings = new();
    private DateTime _stamp;

    /// <summary>
    /// The certificate with its chain; null when there is none or it has expired (F10): then listeners offer no STARTTLS,
    /// port 25 goes on in the clear, listeners under TLS refuse, and no plain password is taken.
    /// </summary>
    public SslStreamCertificateContext? Current =>
        _held is { } held && time.GetUtcNow() < held.NotAfter ? held.Context : null;

    /// <summary>Reads the files. When they cannot be read the old certificate stays, and the log says why.</summary>
    /// <returns>Whether they were read.</returns>
    public bool Read(TlsSettings settings, ILogger logger)
    {
        _settings = settings;
        var (certificatePath, keyPath) = (folder.Resolve(settings.Certificate), folder.Resolve(settings.Key));
        try
        {
            _stamp = StampOf(certificatePath, keyPath);
            var (certificate, chain) = ServerCertificate.Read(certificatePath, keyPath);
            _held = new Held(
                SslStreamCertificateContext.Create(certificate, chain, offline: true),
                new DateTimeOffset(certificate.NotAfter)
            );
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            logger.LogError(
                "The certificate {Certificate} with key {Key} cannot be used: {Reason}; {Consequence}",
                certificatePath,
                keyPath,
                e.Message,
                Current is null ? "there is no TLS, and no log-in by a plain password" : "the one before stays in force"
            );
            return false;
        }

        Tell(logger);
        return true;
    }

    /// <summary>Looks after the certificate each hour until the result is disposed.</summary>
    public ITimer Watch(ILogger logger) => time.CreateTimer(_ => LookAfter(logger), null, Pause, Pause);

    private void LookAfter(ILogger logger)
    {
        var settings = _settings;
        if (Current is null || StampOf(folder.Resolve(settings.Certificate), folder.Resolve(settings.Key)) != _stamp)
            Read(settings, logger);
        else
            Tell(logger);
    }

    private void Tell(ILogger logger)
    {
        if (_held is not { } held)
            return;
        var left = held.NotAfter - time.GetUtcNow();
        if (left <= TimeSpan.Zero)
            logger.LogError(
                "The certificate expired on {Date}: there is no TLS, and no log-in by a plain password",
                held.NotAfter
            );
        else if (left < WarnBefore)
            logger.LogWarning("The certificate expires on {Date}", held.NotAfter);
    }

    // A file that is not there has a time too, the year 1601.
    private static DateTime StampOf(string certificate, string key)
    {
        var (first, second) = (File.GetLastWriteTimeUtc(certificate), File.GetLastWriteTimeUtc(key));
        return first > second ? first : second;
    }

    private sealed record Held(SslStreamCertificateContext Context, DateTimeOffset NotAfter);
}
