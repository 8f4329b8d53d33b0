using System.Text;
using Postreiter.Spam.Updates;

namespace Postreiter.Spam.Tests.Updates;

/// <summary>Detached signatures, made by GnuPG.</summary>
public sealed class SigningKeysTests : IDisposable
{
    private static readonly byte[] Data = Encoding.ASCII.GetBytes("an archive of rules");
    private readonly GnuPg? _gpg = GnuPg.IsThere ? new GnuPg() : null;

    private GnuPg Gpg
    {
        get
        {
            Assert.SkipWhen(_gpg is null, "/usr/bin/gpg is missing (Debian: gnupg)");
            return _gpg!;
        }
    }

    [Theory]
    [InlineData("ed25519")]
    [InlineData("rsa3072")]
    public void A_signature_by_a_known_key_holds(string kind)
    {
        var keys = SigningKeys.Read([Gpg.Key("one@example.org", kind)]);
        Assert.Matches("^[0-9A-F]{40}$", keys.Verify(Data, Gpg.Sign(Data, "one@example.org")));
    }

    [Fact]
    public void A_signature_by_a_subkey_holds()
    {
        Gpg.Key("one@example.org");
        var primary = Fault(() => SigningKeys.Read([Gpg.Export("one@example.org")]).Verify(Data, []));
        Assert.Contains("no signature", primary, StringComparison.Ordinal);
        var fingerprint = SigningKeys
            .Read([Gpg.Export("one@example.org")])
            .Verify(Data, Gpg.Sign(Data, "one@example.org"));
        Gpg.Run("--quick-add-key", fingerprint, "rsa3072", "sign", "never");
        var sub = SigningKeys.Read([Gpg.Export("one@example.org")]).Verify(Data, Gpg.Sign(Data, "one@example.org"));
        Assert.NotEqual(fingerprint, sub);
    }

    [Fact]
    public void A_foreign_key_is_named()
    {
        Gpg.Key("other@example.org");
        var keys = SigningKeys.Read([Gpg.Key("one@example.org")]);
        var signature = Gpg.Sign(Data, "other@example.org");
        Assert.Contains(
            "which is not among those we know",
            Fault(() => keys.Verify(Data, signature)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Changed_octets_are_found()
    {
        var keys = SigningKeys.Read([Gpg.Key("one@example.org")]);
        var signature = Gpg.Sign(Data, "one@example.org");
        Assert.Contains(
            "does not fit the archive",
            Fault(() => keys.Verify(Encoding.ASCII.GetBytes("another archive"), signature)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Sha_1_is_not_taken()
    {
        var keys = SigningKeys.Read([Gpg.Key("one@example.org", "rsa3072")]);
        var signature = Gpg.Sign(Data, "one@example.org", "--digest-algo", "SHA1");
        Assert.Contains("which is broken", Fault(() => keys.Verify(Data, signature)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_revoked_key_is_not_taken()
    {
        Gpg.Key("one@example.org");
        var signature = Gpg.Sign(Data, "one@example.org");
        Gpg.Revoke("one@example.org");
        var keys = SigningKeys.Read([Gpg.Export("one@example.org")]);
        Assert.Contains("is revoked", Fault(() => keys.Verify(Data, signature)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_had_expired_is_not_taken()
    {
        // The signature is made by a clock that runs two days ahead.
        Gpg.Run("--quick-generate-key", "one@example.org", "ed25519", "sign", "1d");
        var keys = SigningKeys.Read([Gpg.Export("one@example.org")]);
        Gpg.Run("--quick-set-expire", Fingerprint(keys), "never");
        var signature = Gpg.Sign(Data, "one@example.org", "--faked-system-time", "20990101T000000");
        Assert.Contains("had expired", Fault(() => keys.Verify(Data, signature)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n")]
    [InlineData("no signature at all")]
    [InlineData("\u0088\u00ff\u00ff\u00ff\u00ff\u00ff")]
    public void Rubbish_is_no_signature(string text)
    {
        var keys = SigningKeys.Read([Gpg.Key("one@example.org")]);
        Assert.NotEmpty(Fault(() => keys.Verify(Data, Encoding.Latin1.GetBytes(text))));
    }

    [Fact]
    public void A_file_without_keys_is_named()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "no key");
            Assert.Contains(file, Fault(() => SigningKeys.Read([file])), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    public void Dispose() => _gpg?.Dispose();

    private string Fingerprint(SigningKeys keys) => keys.Verify(Data, Gpg.Sign(Data, "one@example.org"));

    private static string Fault(Func<object> act) => Assert.Throws<InvalidDataException>(act).Message;
}
