using Postreiter.Core;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Mail;
using Xunit;

namespace Postreiter.Testing.StoreContract;

public abstract partial class StoreContractTests
{
    [Fact]
    public async Task Domains_come_and_go_but_not_while_used()
    {
        var domain = Ann.Domain;
        Assert.False(await Store.Directory.IsLocalDomainAsync(domain, Ct));
        Assert.Equal(RemoveDomainResult.NotFound, await Store.Directory.RemoveDomainAsync(domain, Ct));
        Assert.True(await Store.Directory.AddDomainAsync(domain, Ct));
        Assert.False(await Store.Directory.AddDomainAsync(domain, Ct));
        Assert.True(await Store.Directory.AddDomainAsync(DomainName.Parse("a.example"), Ct));
        Assert.Equal([DomainName.Parse("a.example"), domain], await Store.Directory.ListDomainsAsync(Ct));
        await Store.Directory.SetAliasAsync(new Alias("@our.example", [Ann]), Ct);
        Assert.Equal(RemoveDomainResult.InUse, await Store.Directory.RemoveDomainAsync(domain, Ct));
        Assert.True(await Store.Directory.RemoveAliasAsync("@our.example", Ct));
        Assert.Equal(RemoveDomainResult.Removed, await Store.Directory.RemoveDomainAsync(domain, Ct));
        Assert.False(await Store.Directory.IsLocalDomainAsync(domain, Ct));
    }

    [Fact]
    public async Task An_account_starts_with_its_mailboxes_and_keeps_what_it_is_given()
    {
        var (account, _) = await AddAnnAsync(quota: 5000);
        Assert.Equal(5000, account.QuotaBytes);
        Assert.Equal(Start, account.Created);
        var found = await Store.Directory.FindAccountAsync(EmailAddress.Parse("ANN@our.example"), Ct);
        Assert.Equal(account.Id, found!.Id);
        Assert.Equal("Ann", found.Address.LocalPart);
        Assert.Equal([3, 4], found.Credentials.Scram.StoredKey);
        Assert.Null(await Store.Directory.AddAccountAsync(new NewAccount(Ann, Secret()), Ct));
        var boxes = await Store.Mail.ListMailboxesAsync(account.Id, Ct);
        Assert.Equal(["INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"], boxes.Select(b => b.Name));
        Assert.All(boxes, b => Assert.True(b is { IsSubscribed: true, UidNext: 1, HighestModSeq: >= 1 }));
        Assert.Equal("Junk", (await Store.Mail.FindMailboxAsync(account.Id, SpecialUse.Junk, Ct))!.Name);
        Assert.Null(await Store.Mail.FindMailboxAsync(account.Id, SpecialUse.None, Ct));

        Assert.True(await Store.Directory.SetCredentialsAsync(Ann, Secret("new"), Ct));
        Assert.True(await Store.Directory.SetQuotaAsync(Ann, 7, null, Ct));
        Assert.True(await Store.Directory.SetQuotaAsync(Ann, null, 8, Ct));
        var changed = Assert.Single(await Store.Directory.ListAccountsAsync(Ct));
        Assert.Equal("new", changed.Credentials.PasswordHash);
        Assert.Equal((7, 8), (changed.QuotaBytes, changed.QuotaMessages));
    }

    [Fact]
    public async Task A_removed_account_is_gone_and_a_new_one_shares_nothing_with_it()
    {
        var (account, inbox) = await AddAnnAsync();
        await FileAsync(inbox);
        Assert.True(await Store.Directory.RemoveAccountAsync(Ann, Ct));
        Assert.False(await Store.Directory.RemoveAccountAsync(Ann, Ct));
        Assert.False(await Store.Directory.SetQuotaAsync(Ann, 7, null, Ct));
        Assert.Null(await Store.Mail.ReadChangesAsync(inbox.Id, 0, Ct));
        var lost = await Store.Mail.FileAsync(await FilingAsync(inbox), Ct);
        Assert.Equal(FilingStatus.NoSuchAccount, lost.Status);
        var (again, newInbox) = await AddAnnAsync();
        Assert.NotEqual(account.Id, again.Id);
        Assert.True(newInbox.UidValidity > inbox.UidValidity);
        Assert.Equal(0, newInbox.Messages);
    }

    [Fact]
    public async Task Aliases_are_kept_and_replaced()
    {
        var bob = EmailAddress.Parse("bob@far.example");
        await Store.Directory.SetAliasAsync(new Alias("z@our.example", [Ann]), Ct);
        await Store.Directory.SetAliasAsync(new Alias("a@our.example", [bob]), Ct);
        await Store.Directory.SetAliasAsync(new Alias("z@our.example", [Ann, bob]), Ct);
        Assert.Equal(
            ["a@our.example", "z@our.example"],
            (await Store.Directory.ListAliasesAsync(Ct)).Select(a => a.Key)
        );
        Assert.Equal([Ann, bob], (await Store.Directory.FindAliasAsync("z@our.example", Ct))!.Targets);
        Assert.Null(
            await Store.Directory.AddAccountAsync(new NewAccount(EmailAddress.Parse("Z@our.example"), Secret()), Ct)
        );
        Assert.True(await Store.Directory.RemoveAliasAsync("z@our.example", Ct));
        Assert.False(await Store.Directory.RemoveAliasAsync("z@our.example", Ct));
        Assert.Null(await Store.Directory.FindAliasAsync("z@our.example", Ct));
    }
}
