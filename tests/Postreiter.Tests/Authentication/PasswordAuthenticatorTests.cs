using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Authentication;
using Postreiter.Core;
using Postreiter.Net;
using Postreiter.Storage.Accounts;

namespace Postreiter.Tests.Authentication;

public sealed class PasswordAuthenticatorTests : IDisposable
{
    private readonly PasswordHasher _hasher = new();
    private readonly KeptStore _store = new();

    [Theory]
    [InlineData("ann@a.test", "secret", true)]
    [InlineData("Ann@A.TEST", "secret", true)]
    [InlineData("ann@a.test", "Secret", false)]
    [InlineData("ann@a.test", "", false)]
    [InlineData("ann", "secret", false)]
    [InlineData("bob@a.test", "secret", false)]
    [InlineData("ann+tag@a.test", "secret", false)]
    [InlineData("", "", false)]
    [InlineData("ann@a.test\0", "secret", false)]
    public async Task Only_the_whole_address_with_its_password_logs_in(string user, string password, bool good)
    {
        var authenticator = await CreateAsync();
        foreach (var _ in Enumerable.Range(0, 2))
        {
            var result = await authenticator.VerifyPasswordAsync(user, password, IPAddress.Loopback, Ct);
            Assert.Equal(good ? AuthenticationStatus.Succeeded : AuthenticationStatus.Failed, result.Status);
            Assert.Equal(good ? Ann : null, result.User?.Address);
        }
    }

    [Fact]
    public async Task A_changed_password_counts_at_once()
    {
        var authenticator = await CreateAsync();
        await authenticator.VerifyPasswordAsync("ann@a.test", "secret", IPAddress.Loopback, Ct);
        await _store.Directory.SetCredentialsAsync(Ann, await _hasher.DeriveAsync("other", Ct), Ct);
        var old = await authenticator.VerifyPasswordAsync("ann@a.test", "secret", IPAddress.Loopback, Ct);
        var fresh = await authenticator.VerifyPasswordAsync("ann@a.test", "other", IPAddress.Loopback, Ct);
        Assert.Equal((AuthenticationStatus.Failed, AuthenticationStatus.Succeeded), (old.Status, fresh.Status));
    }

    [Fact]
    public async Task F12_a_directory_that_is_down_is_not_a_wrong_password()
    {
        var authenticator = await CreateAsync();
        _store.IsDown = true;
        var result = await authenticator.VerifyPasswordAsync("ann@a.test", "secret", IPAddress.Loopback, Ct);
        var scram = await authenticator.ReportScramAsync("ann@a.test", true, IPAddress.Loopback, Ct);
        Assert.Equal(AuthenticationStatus.Unavailable, result.Status);
        Assert.Equal(AuthenticationStatus.Unavailable, scram.Status);
    }

    [Fact]
    public async Task Scram_keys_of_a_user_who_does_not_exist_are_always_the_same_and_look_real()
    {
        var authenticator = await CreateAsync();
        var real = await authenticator.FindScramAsync("ann@a.test", IPAddress.Loopback, Ct);
        var fake = await authenticator.FindScramAsync("bob@a.test", IPAddress.Loopback, Ct);
        var again = await authenticator.FindScramAsync("BOB@a.test", IPAddress.Loopback, Ct);
        var other = await authenticator.FindScramAsync("eve@a.test", IPAddress.Loopback, Ct);
        Assert.Equal(fake!.Salt, again!.Salt);
        Assert.NotEqual(fake.Salt.ToArray(), other!.Salt.ToArray());
        Assert.Equal((real!.Salt.Length, real.Iterations), (fake.Salt.Length, fake.Iterations));
        var result = await authenticator.ReportScramAsync("bob@a.test", true, IPAddress.Loopback, Ct);
        Assert.Equal(AuthenticationStatus.Failed, result.Status);
    }

    public void Dispose() => _hasher.Dispose();

    private static readonly EmailAddress Ann = EmailAddress.Parse("ann@a.test");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<PasswordAuthenticator> CreateAsync()
    {
        Assert.True(await _store.Directory.AddDomainAsync(Ann.Domain, Ct));
        await _store.Directory.AddAccountAsync(new NewAccount(Ann, await _hasher.DeriveAsync("secret", Ct)), Ct);
        return new PasswordAuthenticator(
            _store,
            _hasher,
            new VerifiedPasswords(TimeProvider.System),
            new LoginKey(new byte[32]),
            new Postreiter.Net.Sasl.LoginThrottle(new ImpatientClock()),
            NullLogger.Instance
        );
    }

    /// <summary>Every wait is over at once: how long a failed log-in slows down is proven at the throttle.</summary>
    private sealed class ImpatientClock : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            System.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? TimeSpan.Zero : dueTime, period);
    }
}
