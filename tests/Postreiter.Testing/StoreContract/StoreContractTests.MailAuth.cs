using System.Net;
using Postreiter.Core;
using Postreiter.Storage.MailAuth;
using Xunit;

namespace Postreiter.Testing.StoreContract;

public abstract partial class StoreContractTests
{
    private static readonly DomainName Far = DomainName.Parse("far.example");

    private static DkimKeyRecord Key(
        string selector,
        DkimKeyAlgorithm algorithm = DkimKeyAlgorithm.Rsa,
        string domain = "our.example"
    ) =>
        new()
        {
            Domain = DomainName.Parse(domain),
            Selector = selector,
            Algorithm = algorithm,
            PrivateKey = new byte[] { 7, 0, 9 },
            Created = Start,
        };

    [Fact]
    public async Task Dkim_keys_are_published_then_used_then_retired()
    {
        await Store.Directory.AddDomainAsync(Ann.Domain, Ct);
        Assert.False(await Store.MailAuth.AddDkimKeyAsync(Key("r1", domain: "far.example"), Ct));
        Assert.True(await Store.MailAuth.AddDkimKeyAsync(Key("r1"), Ct));
        Assert.False(await Store.MailAuth.AddDkimKeyAsync(Key("r1", DkimKeyAlgorithm.Ed25519), Ct));
        Assert.True(await Store.MailAuth.AddDkimKeyAsync(Key("e1", DkimKeyAlgorithm.Ed25519), Ct));
        Assert.True(await Store.MailAuth.AddDkimKeyAsync(Key("r2") with { Created = Start.AddDays(1) }, Ct));
        var keys = await Store.MailAuth.ListDkimKeysAsync(Ct);
        Assert.Equal(["e1", "r1", "r2"], keys.Select(k => k.Selector));
        Assert.All(keys, k => Assert.Equal((DkimKeyState.Published, null, null), (k.State, k.Activated, k.Retired)));
        Assert.Equal([7, 0, 9], keys[1].PrivateKey.ToArray());
        Assert.Equal(DkimKeyAlgorithm.Ed25519, keys[0].Algorithm);

        var (first, second) = (Start.AddDays(2), Start.AddDays(3));
        Assert.False(await Store.MailAuth.ActivateDkimKeyAsync(Ann.Domain, "r9", first, Ct));
        Assert.True(await Store.MailAuth.ActivateDkimKeyAsync(Ann.Domain, "e1", first, Ct));
        Assert.True(await Store.MailAuth.ActivateDkimKeyAsync(Ann.Domain, "r1", first, Ct));
        Assert.False(await Store.MailAuth.ActivateDkimKeyAsync(Ann.Domain, "r1", first, Ct));
        Assert.True(await Store.MailAuth.ActivateDkimKeyAsync(Ann.Domain, "r2", second, Ct));
        Assert.Equal(
            [
                ("e1", DkimKeyState.Active, first, null),
                ("r1", DkimKeyState.Retired, first, second),
                ("r2", DkimKeyState.Active, second, null),
            ],
            (await Store.MailAuth.ListDkimKeysAsync(Ct)).Select(k => (k.Selector, k.State, k.Activated, k.Retired))
        );

        Assert.True(await Store.MailAuth.RemoveDkimKeyAsync(Ann.Domain, "r1", Ct));
        Assert.False(await Store.MailAuth.RemoveDkimKeyAsync(Ann.Domain, "r1", Ct));
        Assert.Empty((await Store.CheckAsync(null, Ct)).Problems);
        // A domain takes its keys with it.
        await Store.Directory.RemoveDomainAsync(Ann.Domain, Ct);
        Assert.Empty(await Store.MailAuth.ListDkimKeysAsync(Ct));
        Assert.Empty((await Store.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task Who_keeps_keys_at_hand_hears_of_their_changes()
    {
        await Store.Directory.AddDomainAsync(Ann.Domain, Ct);
        using var changes = Store.Changes.SubscribeToDirectory();
        await Store.MailAuth.AddDkimKeyAsync(Key("r1"), Ct);
        Assert.True(changes.TryTake());
        await Store.MailAuth.ActivateDkimKeyAsync(Ann.Domain, "r1", Start, Ct);
        Assert.True(changes.TryTake());
        await Store.MailAuth.RemoveDkimKeyAsync(Ann.Domain, "r1", Ct);
        Assert.True(changes.TryTake());
        await Store.MailAuth.RemoveDkimKeyAsync(Ann.Domain, "r1", Ct);
        Assert.False(changes.TryTake());
    }

    [Fact]
    public void No_log_line_prints_a_secret()
    {
        Assert.Equal("r1._domainkey.our.example Rsa Published", Key("r1").ToString());
        Assert.Equal("SrsSecret { }", new SrsSecret(new byte[] { 7, 0, 9 }, Start).ToString());
    }

    [Fact]
    public async Task Srs_secrets_are_kept_the_newest_first_and_the_oldest_forgotten()
    {
        Assert.Empty(await Store.MailAuth.ListSrsSecretsAsync(Ct));
        for (byte i = 1; i <= 3; i++)
            await Store.MailAuth.AddSrsSecretAsync(
                new SrsSecret(new byte[] { i }, Start.AddDays(i)),
                Start.AddDays(i - 1),
                Ct
            );
        var secrets = await Store.MailAuth.ListSrsSecretsAsync(Ct);
        Assert.Equal([3, 2], secrets.Select(s => s.Secret.Span[0]));
        Assert.Equal(Start.AddDays(3), secrets[0].Created);
    }

    [Fact]
    public async Task Dmarc_reports_are_summed_once_each()
    {
        var day = new DateOnly(2026, 3, 1);
        DmarcSum Row(string source, long count, DateOnly? on = null) =>
            new(on ?? day, "Far Inc.", IPAddress.Parse(source), "our.example", "none", true, false, count);
        var report = new DmarcReportRecord("Far Inc.", "1", Ann.Domain, Start, [Row("192.0.2.1", 3), Row("::1", 1)]);
        Assert.True(await Store.MailAuth.AddDmarcReportAsync(report, Ct));
        Assert.False(await Store.MailAuth.AddDmarcReportAsync(report, Ct));
        var more = report with { ReportId = "2", Rows = [Row("192.0.2.1", 4), Row("192.0.2.1", 5, day.AddDays(1))] };
        Assert.True(await Store.MailAuth.AddDmarcReportAsync(more, Ct));
        Assert.True(await Store.MailAuth.AddDmarcReportAsync(more with { Domain = Far }, Ct));
        Assert.Equal(
            [Row("192.0.2.1", 7), Row("::1", 1), Row("192.0.2.1", 5, day.AddDays(1))],
            await Store.MailAuth.ListDmarcSumsAsync(Ann.Domain, day, Ct)
        );
        Assert.Equal(
            [Row("192.0.2.1", 5, day.AddDays(1))],
            await Store.MailAuth.ListDmarcSumsAsync(Ann.Domain, day.AddDays(1), Ct)
        );
    }

    [Fact]
    public async Task Dmarc_results_are_counted_until_their_report_goes()
    {
        var day = new DateOnly(2026, 3, 1);
        DmarcTally[] tallies =
        [
            new(day, Far, "a", 2),
            new(day, Far, "b", 1),
            new(day.AddDays(1), Far, "a", 1),
            new(day, Ann.Domain, "a", 1),
        ];
        await Store.MailAuth.CountDmarcResultsAsync(tallies, Ct);
        await Store.MailAuth.CountDmarcResultsAsync([new(day, Far, "a", 3)], Ct);
        Assert.Equal(
            [tallies[0] with { Count = 5 }, tallies[1], tallies[3]],
            await Store.MailAuth.ListDmarcResultsAsync(day.AddDays(1), Ct)
        );
        await Store.MailAuth.RemoveDmarcResultsAsync(Far, day, Ct);
        Assert.Equal([tallies[2], tallies[3]], await Store.MailAuth.ListDmarcResultsAsync(day.AddDays(9), Ct));
    }
}
