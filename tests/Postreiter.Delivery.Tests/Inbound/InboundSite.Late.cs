using Postreiter.Core;
using Postreiter.Storage.Mail;

namespace Postreiter.Delivery.Tests.Inbound;

/// <content>Scans that go on.</content>
internal sealed partial class InboundSite
{
    /// <summary>Waits until no scan goes on whose message was taken unscanned.</summary>
    public Task LateScansEndAsync() => _intake.LateScansEnd;

    /// <summary>Flags of the only message in a mailbox.</summary>
    public async Task<MessageFlags> FlagsAsync(string name, string mailbox)
    {
        var id = await MailboxAsync(name, mailbox);
        await foreach (var row in _memory.Mail.ReadMessagesAsync(id, [new UidRange(1, uint.MaxValue)], Ct))
            return row.Flags;
        return MessageFlags.None;
    }

    /// <summary>Empties an INBOX.</summary>
    public async Task RemoveAllAsync(string name) =>
        await _memory.Mail.RemoveAsync(await MailboxAsync(name, Mailbox.Inbox), [new UidRange(1, uint.MaxValue)], Ct);

    private async Task<long> MailboxAsync(string name, string mailbox)
    {
        var account = (await _memory.Directory.FindAccountAsync(EmailAddress.Parse(name + "@our.example"), Ct))!;
        return (await _memory.Mail.FindMailboxAsync(account.Id, mailbox, Ct))!.Id;
    }
}
