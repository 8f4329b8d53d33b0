using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Postreiter.Storage.Learning;
using Postreiter.Storage.Mail;

namespace Postreiter.Storage.Sql.Tests;

/// <summary>Everything a store holds, as text that can be compared.</summary>
internal static class StoreText
{
    public static async Task<string> OfAsync(IStore store)
    {
        var text = new StringBuilder();
        foreach (var domain in await store.Directory.ListDomainsAsync(default))
            text.Append($"domain {domain.Ascii}\n");
        foreach (var alias in await store.Directory.ListAliasesAsync(default))
            text.Append($"alias {alias.Key} {string.Join(' ', alias.Targets)}\n");
        foreach (var account in await store.Directory.ListAccountsAsync(default))
        {
            text.Append(
                $"account {account.Address} {account.Credentials.PasswordHash} {account.UsedBytes} of {account.QuotaBytes}\n"
            );
            foreach (var box in await store.Mail.ListMailboxesAsync(account.Id, default))
                await AppendAsync(text, store, box);
        }

        foreach (var item in await store.Queue.ListAsync(0, 1000, default))
        {
            var to = string.Join(' ', item.Recipients.Select(r => r.Address));
            var content = await store.Queue.OpenAsync(item, default);
            text.Append($"queue {item.DeliveryId} {item.Destination} {item.State} {item.Attempts} {to} ");
            text.Append($"{await HashAsync(content)}\n");
        }

        foreach (var key in await store.MailAuth.ListDkimKeysAsync(default))
            text.Append($"key {key} {Convert.ToHexStringLower(SHA256.HashData(key.PrivateKey.Span).AsSpan(0, 8))}\n");
        foreach (var secret in await store.MailAuth.ListSrsSecretsAsync(default))
            text.Append($"secret {Convert.ToHexStringLower(SHA256.HashData(secret.Secret.Span).AsSpan(0, 8))}\n");
        foreach (var domain in await store.Directory.ListDomainsAsync(default))
        {
            foreach (var sum in await store.MailAuth.ListDmarcSumsAsync(domain, DateOnly.MinValue, default))
                text.Append($"sum {domain} {sum}\n");
        }

        foreach (var tally in await store.MailAuth.ListDmarcResultsAsync(DateOnly.MaxValue, default))
            text.Append($"tally {tally}\n");
        foreach (var row in await store.Gate.ListGreylistAsync(0, 1000, default))
            text.Append($"greylist {row}\n");
        await LearnedText.AppendAsync(text, store.Learning, ILearningStore.Server);
        foreach (var account in await store.Directory.ListAccountsAsync(default))
            await LearnedText.AppendAsync(text, store.Learning, account.Id);
        foreach (var scope in await store.Lists.ListScopesAsync(default))
        {
            var lists = await store.Lists.ReadAsync(scope, default);
            text.Append($"lists of <{scope}> from {lists.Threshold?.ToString(CultureInfo.InvariantCulture)}\n");
            foreach (var entry in lists.Entries)
                text.Append($"  {entry.Text} {entry.Kind} {entry.Origin} {entry.Added:O}\n");
        }

        foreach (var kept in await store.Quarantine.ListAsync(null, 0, 1000, default))
        {
            text.Append(
                $"quarantined {kept.DeliveryId} of {kept.AccountId} <{kept.Sender}> {string.Join(' ', kept.Recipients)} "
            );
            text.Append($"{kept.Reason} {kept.Received:O} {kept.Size} bytes, {kept.Structure.Length} of structure, ");
            text.Append(
                $"{(kept.IsOutgoing ? "going out" : "staying")}, {await HashAsync(await store.Quarantine.OpenAsync(kept, default))}\n"
            );
        }

        return text.ToString();
    }

    private static async Task AppendAsync(StringBuilder text, IStore store, Mailbox box)
    {
        text.Append($"  {box.Name} {box.UidValidity}/{box.UidNext} modseq {box.HighestModSeq} {box.Use}: ");
        text.Append($"{box.Messages} messages, {box.Unseen} unseen, {box.Deleted} deleted, {box.Size} bytes, ");
        text.Append(box.IsSubscribed ? "subscribed\n" : "not subscribed\n");
        var changes = await store.Mail.ReadChangesAsync(box.Id, 1, default);
        if (changes!.Expunged.Count > 0)
            text.Append($"    expunged {string.Join(' ', changes.Expunged)}\n");
        await foreach (var row in store.Mail.ReadMessagesAsync(box.Id, [UidRange.All], default))
        {
            text.Append($"    {row.Uid} modseq {row.ModSeq} [{row.Flags}] {row.InternalDate:O} {row.Size} bytes, ");
            text.Append(
                $"{row.Structure.Length} of structure, {await HashAsync(await store.Mail.OpenAsync(row, default))}\n"
            );
        }
    }

    private static async Task<string> HashAsync(MessageContent content)
    {
        await using (content.ConfigureAwait(false))
        {
            var bytes = new byte[content.Length];
            Assert.Equal(bytes.Length, await content.ReadAsync(0, bytes, default));
            return Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 8));
        }
    }
}
