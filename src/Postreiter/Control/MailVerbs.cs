using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Postreiter.Core;
using Postreiter.Messages;
using Postreiter.Storage;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Mail;

namespace Postreiter.Control;

/// <summary>Import and export.</summary>
internal static class MailVerbs
{
    private const int CopyBytes = 64 * 1024;

    /// <summary>The messages of a mailbox: uid, flags, date, size.</summary>
    public static async Task<ControlReply> ListAsync(IStore store, JsonObject arguments, CancellationToken ct)
    {
        var address = arguments.Address("account");
        if (await store.Directory.FindAccountAsync(address, ct) is not { } account)
            return ControlReply.NoAccount(address);
        var name = arguments.Text("mailbox");
        if (await store.Mail.FindMailboxAsync(account.Id, name, ct) is not { } mailbox)
            return ControlReply.NotSo($"{address} has no mailbox {name}");
        var rows = new List<JsonObject>();
        await foreach (var message in store.Mail.ReadMessagesAsync(mailbox.Id, [UidRange.All], ct))
        {
            rows.Add(
                new JsonObject
                {
                    ["uid"] = (long)message.Uid,
                    ["flags"] = (int)message.Flags.System,
                    ["date"] = message.InternalDate.ToString("O", CultureInfo.InvariantCulture),
                    ["size"] = message.Size,
                }
            );
        }

        return ControlReply.Done(rows);
    }

    /// <summary>Whether there is such an account.</summary>
    public static async Task<ControlReply> FindAccountAsync(IStore store, JsonObject arguments, CancellationToken ct)
    {
        var address = arguments.Address("account");
        return await store.Directory.FindAccountAsync(address, ct) is null
            ? ControlReply.NoAccount(address)
            : ControlReply.Done();
    }

    /// <summary>Files one message.</summary>
    public static async Task<ControlReply> AppendAsync(
        IStore store,
        IMessageScanner scanner,
        AppendTarget target,
        ReadOnlyMemory<byte> message,
        TraceId id,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        if (!EmailAddress.TryParse(target.Account, out var address))
            return ControlReply.Usage($"'{target.Account}' is not an address");
        if (await store.Directory.FindAccountAsync(address, ct) is not { } account)
            return ControlReply.NoAccount(address);
        if (await FindOrCreateAsync(store.Mail, account, target.Mailbox, ct) is not { } mailbox)
            return ControlReply.NotSo($"the mailbox {target.Mailbox} cannot be made");

        await using var writer = store.Blobs.Begin();
        await writer.WriteAsync(message, ct);
        scanner.Append(message.Span);
        var filing = new Filing
        {
            DeliveryId = id,
            Content = await writer.CompleteAsync(ct),
            Structure = scanner.Complete().Structure,
            Copies =
            [
                new MailboxCopy
                {
                    AccountId = account.Id,
                    MailboxId = mailbox.Id,
                    Flags = new MessageFlags(target.Flags, []),
                    InternalDate = target.Date ?? now,
                },
            ],
        };
        var result = await store.Mail.FileAsync(filing, ct);
        return result.Status switch
        {
            FilingStatus.Filed => ControlReply.Done(new JsonObject { ["uid"] = (long)result.Copies[0].Uid }),
            FilingStatus.OverQuota => ControlReply.NotSo($"the quota of {address} is met"),
            _ => ControlReply.NoAccount(address),
        };
    }

    /// <inheritdoc cref="IControl.CopyMessageAsync"/>
    public static async Task<bool> CopyAsync(
        IStore store,
        string account,
        string mailbox,
        uint uid,
        Stream to,
        CancellationToken ct
    )
    {
        if (
            !EmailAddress.TryParse(account, out var address)
            || await store.Directory.FindAccountAsync(address, ct) is not { } owner
            || await store.Mail.FindMailboxAsync(owner.Id, mailbox, ct) is not { } box
        )
            return false;
        await foreach (var message in store.Mail.ReadMessagesAsync(box.Id, [new UidRange(uid)], ct))
        {
            await using var content = await store.Mail.OpenAsync(message, ct);
            var buffer = ArrayPool<byte>.Shared.Rent(CopyBytes);
            try
            {
                var offset = 0L;
                while (await content.ReadAsync(offset, buffer, ct) is var read and > 0)
                {
                    await to.WriteAsync(buffer.AsMemory(0, read), ct);
                    offset += read;
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }

            return true;
        }

        return false;
    }

    private static async Task<Mailbox?> FindOrCreateAsync(
        IMailStore mail,
        Account account,
        string name,
        CancellationToken ct
    )
    {
        if (await mail.FindMailboxAsync(account.Id, name, ct) is { } found)
            return found;
        if (!IsMailboxName(name))
            return null;
        await mail.CreateMailboxAsync(account.Id, name.Normalize(NormalizationForm.FormC), SpecialUse.None, ct);
        return await mail.FindMailboxAsync(account.Id, name.Normalize(NormalizationForm.FormC), ct);
    }

    // limits-and-promises L25: 255 octets a level, 1,000 in all, 16 levels; no control characters, no empty level.
    private static bool IsMailboxName(string name)
    {
        var levels = name.Split(Mailbox.Separator);
        return Encoding.UTF8.GetByteCount(name) <= 1000
            && levels.Length <= 16
            && levels.All(l => l.Length > 0 && Encoding.UTF8.GetByteCount(l) <= 255 && !l.Any(char.IsControl));
    }
}
