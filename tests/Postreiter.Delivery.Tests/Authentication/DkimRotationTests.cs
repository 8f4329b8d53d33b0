using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Storage.MailAuth;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Authentication;

/// <summary>The life of a key: shown, seen, used, kept, gone.</summary>
public sealed class DkimRotationTests : IAsyncDisposable
{
    private static readonly DomainName Domain = DomainName.Parse("our.example");
    private readonly TestClock _clock = new();
    private readonly FakeDns _dns = new();
    private readonly MemoryStore _store;
    private readonly DkimRotation _rotation;

    public DkimRotationTests()
    {
        _store = new MemoryStore(_clock);
        _rotation = new DkimRotation(_store, _dns, _clock, NullLogger<DkimRotation>.Instance);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_key_signs_once_it_is_seen_and_the_one_before_keeps_its_grace_time()
    {
        await _store.Directory.AddDomainAsync(Domain, Ct);
        var first = await AddAsync("one");
        Assert.True(await _rotation.RunOnceAsync(Ct));
        Assert.Equal("one Published", await StatesAsync());
        Publish(first);
        Assert.False(await _rotation.RunOnceAsync(Ct));
        Assert.Equal("one Active", await StatesAsync());

        _clock.Advance(TimeSpan.FromDays(1));
        var second = await AddAsync("two");
        Assert.True(await _rotation.RunOnceAsync(Ct));
        Assert.Equal("one Active, two Published", await StatesAsync());
        Publish(second);
        await _rotation.RunOnceAsync(Ct);
        Assert.Equal("one Retired, two Active", await StatesAsync());
        _clock.Advance(TimeSpan.FromDays(6));
        await _rotation.RunOnceAsync(Ct);
        Assert.Equal("one Retired, two Active", await StatesAsync());
        _clock.Advance(TimeSpan.FromDays(1));
        await _rotation.RunOnceAsync(Ct);
        Assert.Equal("two Active", await StatesAsync());
    }

    [Theory]
    [InlineData("v=DKIM1; k=rsa; p=")]
    [InlineData("v=DKIM1; k=ed25519; p=AAAA")]
    [InlineData("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A")]
    [InlineData("something else")]
    public async Task Another_record_is_not_the_key(string record)
    {
        await _store.Directory.AddDomainAsync(Domain, Ct);
        await AddAsync("one");
        _dns.Txt("one._domainkey.our.example", record);
        Assert.True(await _rotation.RunOnceAsync(Ct));
        Assert.Equal("one Published", await StatesAsync());
    }

    [Fact]
    public async Task F8_a_DNS_that_is_down_changes_nothing()
    {
        await _store.Directory.AddDomainAsync(Domain, Ct);
        Publish(await AddAsync("one"));
        _dns.Fail("one._domainkey.our.example");
        Assert.True(await _rotation.RunOnceAsync(Ct));
        Assert.Equal("one Published", await StatesAsync());
    }

    [Fact]
    public async Task A_key_gets_its_successor_when_it_is_old_and_one_only()
    {
        await _store.Directory.AddDomainAsync(Domain, Ct);
        Publish(await AddAsync("one"));
        await _rotation.RunOnceAsync(Ct);
        _clock.Advance(TimeSpan.FromDays(90));
        await _rotation.RunOnceAsync(Ct);
        Assert.Equal("one Active", await StatesAsync());
        _rotation.Options = new DkimRotationOptions { RotateAfter = TimeSpan.FromDays(90) };
        Assert.True(await _rotation.RunOnceAsync(Ct));
        Assert.True(await _rotation.RunOnceAsync(Ct));
        Assert.Equal("one Active, r20260401 Published", await StatesAsync());
    }

    [Fact]
    public async Task A_domain_that_is_added_while_it_runs_is_looked_at_and_it_stops_when_told()
    {
        using var stop = new CancellationTokenSource();
        var running = _rotation.RunAsync(stop.Token);
        await _store.Directory.AddDomainAsync(Domain, Ct);
        Publish(await AddAsync("one"));
        // Whatever the loop has seen of the record before it was there, the next look is 5 minutes later.
        await Site.UntilAsync(() => _dns.Questions.Contains("TXT one._domainkey.our.example"));
        await Site.UntilAsync(() =>
        {
            _clock.Advance(TimeSpan.FromMinutes(5));
            return StatesAsync().GetAwaiter().GetResult() == "one Active";
        });
        await stop.CancelAsync();
        await running;
    }

    public ValueTask DisposeAsync()
    {
        _rotation.Dispose();
        return _store.DisposeAsync();
    }

    private async Task<DkimKeyRecord> AddAsync(string selector) =>
        (await DkimKeyMaker.AddAsync(_store, Domain, DkimKeyAlgorithm.Rsa, selector, _clock.GetUtcNow(), Ct))!;

    private void Publish(DkimKeyRecord key) =>
        _dns.Txt(
            DkimKeyMaker.TxtName(Domain, key.Selector).Ascii,
            DkimKeyMaker.TxtRecord(key).Replace("p=MIIB", "p=MI IB")
        );

    private async Task<string> StatesAsync() =>
        string.Join(", ", (await _store.MailAuth.ListDkimKeysAsync(Ct)).Select(k => $"{k.Selector} {k.State}"));
}
