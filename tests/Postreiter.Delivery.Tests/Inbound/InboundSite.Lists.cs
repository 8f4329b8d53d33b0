using Postreiter.Core;
using Postreiter.Delivery.Lists;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Lists;

namespace Postreiter.Delivery.Tests.Inbound;

/// <content>Lists of the store.</content>
internal sealed partial class InboundSite
{
    /// <summary>Adds entries; the scope is the empty name, a domain, or an account's address.</summary>
    public async Task ListAsync(string scope, ListKind kind, params string[] entries)
    {
        foreach (var text in entries)
        {
            Assert.True(SenderEntry.TryRead(text, out var entry, out var mistake), mistake);
            var row = new ListEntry(entry.Text, kind, ListOrigin.Command, Clock.GetUtcNow());
            Assert.Equal([ListChange.Added], await _memory.Lists.AddAsync(scope, [row], Ct));
        }
    }

    /// <summary>Says from how many points on mail is spam.</summary>
    public async Task ThresholdAsync(string scope, double? points) =>
        Assert.True(await _memory.Lists.SetThresholdAsync(scope, points, Ct));

    /// <summary>Adds accounts.</summary>
    public async Task AddAccountsAsync(IEnumerable<string> addresses)
    {
        foreach (var address in addresses)
            Assert.NotNull(
                await _memory.Directory.AddAccountAsync(new NewAccount(EmailAddress.Parse(address), NoLogin), Ct)
            );
    }

    /// <summary>Messages in a mailbox of each of some accounts, together.</summary>
    public async Task<long> CountInAsync(IEnumerable<string> addresses, string mailbox)
    {
        var count = 0L;
        foreach (var address in addresses)
        {
            var account = (await _memory.Directory.FindAccountAsync(EmailAddress.Parse(address), Ct))!;
            count += (await _memory.Mail.FindMailboxAsync(account.Id, mailbox, Ct))!.Messages;
        }

        return count;
    }
}
