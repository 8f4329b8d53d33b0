using System.Security.Cryptography;
using Postreiter.MailAuth.Dkim;

namespace Postreiter.MailAuth.Tests.Dkim;

public sealed class DkimKeyTests
{
    [Fact]
    public void An_RSA_key_comes_back_out_of_its_PEM()
    {
        using var key = DkimKey.GenerateRsa();
        var pem = key.ExportPem();
        Assert.StartsWith("-----BEGIN PRIVATE KEY-----", pem, StringComparison.Ordinal);
        using var again = DkimKey.TryImportPem(pem, out var reason);
        Assert.True(again is not null, reason);
        Assert.Equal(("rsa-sha256", key.TxtRecord), (again.Algorithm, again.TxtRecord));
        using var rsa = RSA.Create();
        rsa.ImportSubjectPublicKeyInfo(Convert.FromBase64String(key.TxtRecord["v=DKIM1; k=rsa; p=".Length..]), out _);
        Assert.Equal(2048, rsa.KeySize);
    }

    [Fact]
    public void An_Ed25519_key_comes_back_out_of_its_PEM()
    {
        using var key = DkimKey.GenerateEd25519();
        using var again = DkimKey.TryImportPem("text before\n" + key.ExportPem() + "\ntext behind", out var reason);
        Assert.True(again is not null, reason);
        Assert.Equal(("ed25519-sha256", key.TxtRecord), (again.Algorithm, again.TxtRecord));
        Assert.Equal("v=DKIM1; k=ed25519; p=".Length + 44, key.TxtRecord.Length);
    }

    /// <summary>RFC 8410 §10.3, whose public key RFC 8410 §10.1 gives.</summary>
    [Fact]
    public void The_keys_of_RFC_8410_are_read()
    {
        const string One =
            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----";
        const string WithAttributes =
            "-----BEGIN PRIVATE KEY-----\nMHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\noB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\nZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PRIVATE KEY-----";
        foreach (var pem in new[] { One, WithAttributes })
        {
            using var key = DkimKey.TryImportPem(pem, out var reason);
            Assert.True(key is not null, reason);
            Assert.Equal("v=DKIM1; k=ed25519; p=Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=", key.TxtRecord);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("no key at all")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5\n-----END PRIVATE KEY-----")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")]
    public void What_is_no_key_is_refused_with_a_reason(string pem)
    {
        Assert.Null(DkimKey.TryImportPem(pem, out var reason));
        Assert.NotEmpty(reason);
    }

    [Fact]
    public void A_key_that_is_too_short_is_refused()
    {
        using var rsa = RSA.Create(512);
        Assert.Null(DkimKey.TryImportPem(rsa.ExportPkcs8PrivateKeyPem(), out var reason));
        Assert.Contains("512 bits", reason, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(static () => DkimKey.GenerateRsa(512));
        Assert.Throws<ArgumentOutOfRangeException>(static () => DkimKey.GenerateRsa(8192));
    }

    [Fact]
    public void The_record_fits_the_strings_of_a_zone_file()
    {
        using var key = DkimKey.GenerateRsa();
        var strings = key.TxtStrings.Split(' ');
        Assert.All(key.TxtStrings.Split("\" \""), static part => Assert.InRange(part.Trim('"').Length, 1, 255));
        Assert.Equal(key.TxtRecord, string.Concat(key.TxtStrings.Split("\" \"")).Trim('"'));
        Assert.True(strings.Length > 2);
    }
}
