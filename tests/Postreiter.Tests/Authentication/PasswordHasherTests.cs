using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Postreiter.Authentication;

namespace Postreiter.Tests.Authentication;

public sealed class PasswordHasherTests : IDisposable
{
    private readonly PasswordHasher _hasher = new();

    [Fact]
    public async Task A_password_matches_its_own_hash_and_no_other()
    {
        var credentials = await _hasher.DeriveAsync("correct horse", TestContext.Current.CancellationToken);
        Assert.StartsWith("$argon2id$v=19$m=19456,t=2,p=1$", credentials.PasswordHash, StringComparison.Ordinal);
        Assert.True(await Verify("correct horse", credentials.PasswordHash));
        Assert.False(await Verify("correct horsf", credentials.PasswordHash));
        Assert.False(await Verify("", credentials.PasswordHash));
        Assert.DoesNotContain("argon2", credentials.ToString(), StringComparison.Ordinal);
    }

    // Made by the reference implementation: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32 (its test.c).
    [Fact]
    public async Task The_vector_of_the_reference_implementation_verifies() =>
        Assert.True(
            await Verify(
                "password",
                "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
            )
        );

    [Theory]
    [InlineData("")]
    [InlineData("plain")]
    [InlineData("$argon2i$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData(
        "$argon2id$v=19$m=999999999,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    )]
    [InlineData("$argon2id$v=19$m=19456,t=9999,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("$argon2id$v=19$m=19456,t=2,p=1$!$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$")]
    public async Task A_string_that_is_no_bearable_hash_matches_nothing(string phc) =>
        Assert.False(await Verify("password", phc));

    [Fact]
    public async Task The_hash_of_nobody_matches_nothing() =>
        Assert.False(await Verify("password", PasswordHasher.NobodysHash));

    [Fact]
    public void Scram_keys_are_those_of_RFC_5802()
    {
        var keys = PasswordHasher.DeriveScram("pencil"u8.ToArray(), [1, 2, 3, 4, 5, 6, 7, 8]);
        var salted = Rfc2898DeriveBytes.Pbkdf2("pencil"u8, keys.Salt, keys.Iterations, HashAlgorithmName.SHA256, 32);
        Assert.Equal(SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8)), keys.StoredKey);
        Assert.Equal(HMACSHA256.HashData(salted, "Server Key"u8), keys.ServerKey);
        Assert.True(keys.Iterations >= 4096);
    }

    // RFC 4013 §3, the rows that mapping and normalisation cover.
    [Theory]
    [InlineData("I\u00ADX", "IX")]
    [InlineData("user", "user")]
    [InlineData("\u00AA", "a")]
    [InlineData("\u2168", "IX")]
    [InlineData("a\u00A0b", "a b")]
    public void Passwords_are_prepared_as_SASLprep_has_it(string given, string prepared) =>
        Assert.Equal(prepared, Encoding.UTF8.GetString(PasswordHasher.Prepare(given)));

    [Fact]
    public void A_lone_surrogate_does_no_harm() => Assert.NotEmpty(PasswordHasher.Prepare("a\uD800b"));

    [Fact]
    public void A_verified_password_is_known_until_its_time_or_its_hash_is_over()
    {
        var time = new FakeTimeProvider();
        var verified = new VerifiedPasswords(time);
        verified.Add(1, "secret", "hash");
        Assert.True(verified.Contains(1, "secret", "hash"));
        Assert.False(verified.Contains(1, "Secret", "hash"));
        Assert.False(verified.Contains(2, "secret", "hash"));
        Assert.False(verified.Contains(1, "secret", "another hash"));
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.False(verified.Contains(1, "secret", "hash"));
    }

    [Fact]
    public void The_memory_of_verified_passwords_is_bounded()
    {
        var verified = new VerifiedPasswords(new FakeTimeProvider(), most: 3);
        for (var i = 0; i < 4; i++)
            verified.Add(i, "secret", "hash");
        Assert.Equal(1, Enumerable.Range(0, 4).Count(i => verified.Contains(i, "secret", "hash")));
    }

    public void Dispose() => _hasher.Dispose();

    private async Task<bool> Verify(string password, string phc) =>
        await _hasher.VerifyAsync(password, phc, TestContext.Current.CancellationToken);
}
