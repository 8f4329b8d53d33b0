using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postreiter.Core;
using Postreiter.Hosting;
using Postreiter.Settings;

namespace Postreiter.Tests.Hosting;

public sealed class ServerCertificateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_self_signed_certificate_reads_back_and_its_key_is_private()
    {
        Assert.True(DomainName.TryParse("mx.a.test", out var host));
        ServerCertificate.WriteSelfSigned(host, _folder["c"], _folder["k"], TimeProvider.System);
        var (certificate, chain) = ServerCertificate.Read(_folder["c"], _folder["k"]);
        using (certificate)
        {
            Assert.True(certificate.HasPrivateKey);
            Assert.True(certificate.MatchesHostname("mx.a.test"));
            Assert.Equal(256, certificate.GetECDsaPublicKey()!.KeySize);
            Assert.Empty(chain);
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["k"]));
        Assert.Throws<CryptographicException>(() => ServerCertificate.Read(_folder["k"], _folder["c"]));
    }

    [Fact]
    public async Task Only_one_holds_a_data_folder()
    {
        var folder = new DataFolder(_folder.Root);
        var first = DataFolderLock.TryTake(folder);
        Assert.NotNull(first);
        Assert.Null(DataFolderLock.TryTake(folder));
        await first.DisposeAsync();
        var second = DataFolderLock.TryTake(folder);
        Assert.NotNull(second);
        await second.DisposeAsync();
    }

    public void Dispose() => _folder.Dispose();
}
