using System.Text;
using Postreiter.Core;
using Postreiter.Storage.Mail;

namespace Postreiter.Storage.Sql.Tests.Faults;

/// <summary>All that a store says of one account and of what waits for one destination, as a text to compare.</summary>
internal static class UserText
{
    public static async Task<string> OfAsync(
        IStore store,
        EmailAddress address,
        DomainName destination,
        CancellationToken ct
    )
    {
        var text = new StringBuilder();
        if (await store.Directory.FindAccountAsync(address, ct) is { } account)
        {
            text.AppendLine($"account {account.Id} {account.UsedBytes}");
            foreach (var box in await store.Mail.ListMailboxesAsync(account.Id, ct))
            {
                text.AppendLine($"{box}");
                var changes = (await store.Mail.ReadChangesAsync(box.Id, 1, ct))!;
                text.AppendLine($"expunged {string.Join(' ', changes.Expunged)}");
                await foreach (var m in store.Mail.ReadMessagesAsync(box.Id, [UidRange.All], ct))
                    text.AppendLine($"{m.Uid} {m.ModSeq} {m.Flags} {m.InternalDate:u} {m.Size} {m.Blob}");
            }
        }

        foreach (var item in await store.Queue.ListAsync(0, 10_000, ct))
        {
            if (item.Destination.Equals(destination))
                text.AppendLine(
                    $"queue {item.Id} {item.DeliveryId} {item.State} {item.Lease} {item.Attempts} {item.DelayNoticeSent} "
                        + $"{item.NextAttempt:u} {item.Size} {item.Blob} {string.Join(' ', item.Recipients.Select(r => r.Address))}"
                );
        }

        return text.ToString();
    }
}
