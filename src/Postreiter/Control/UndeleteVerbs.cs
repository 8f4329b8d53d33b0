using System.Globalization;
using System.Text.Json.Nodes;
using Postreiter.Storage;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Mail;

namespace Postreiter.Control;

/// <summary>Expunged mail: what is still kept, and bringing it back.</summary>
internal static class UndeleteVerbs
{
    private const int Page = 500;

    /// <summary>One page of what is kept; a last row <c>{"next": id}</c> says that more follow.</summary>
    public static async Task<ControlReply> ListAsync(IStore store, JsonObject arguments, CancellationToken ct)
    {
        if (await FindAsync(store, arguments, ct) is not { } account)
            return ControlReply.NoAccount(arguments.Address("account"));
        var kept = await store.Mail.ListKeptAsync(
            account.Id,
            Selection(arguments),
            arguments.OptionalNumber("after") ?? 0,
            Page,
            ct
        );
        var rows = kept.Select(Row).ToList();
        if (kept.Count == Page)
            rows.Add(new JsonObject { ["next"] = kept[^1].Id });
        return ControlReply.Done(rows);
    }

    /// <summary>Brings everything selected back.</summary>
    public static async Task<ControlReply> UndeleteAsync(IStore store, JsonObject arguments, CancellationToken ct)
    {
        if (await FindAsync(store, arguments, ct) is not { } account)
            return ControlReply.NoAccount(arguments.Address("account"));
        var restored = 0;
        while (true)
        {
            var result = await store.Mail.UndeleteAsync(account.Id, Selection(arguments), Page, ct);
            restored += result.Restored;
            if (result is { Status: UndeleteStatus.Done, Restored: > 0 })
                continue;
            var row = new JsonObject { ["restored"] = restored };
            var why = result.Status switch
            {
                UndeleteStatus.OverQuota => $"the rest does not fit into the quota of {account.Address}",
                UndeleteStatus.TooManyMailboxes => $"{account.Address} can have no more mailboxes",
                _ => null,
            };
            return why is null ? ControlReply.Done(row) : ControlReply.Failed(why) with { Rows = [row] };
        }
    }

    private static async ValueTask<Account?> FindAsync(IStore store, JsonObject arguments, CancellationToken ct) =>
        await store.Directory.FindAccountAsync(arguments.Address("account"), ct);

    private static KeptSelection Selection(JsonObject arguments) =>
        new(
            arguments.OptionalText("mailbox"),
            arguments.OptionalText("since") is { } since
                ? DateTimeOffset.Parse(since, CultureInfo.InvariantCulture)
                : null
        );

    private static JsonObject Row(KeptMessage kept) =>
        new()
        {
            ["id"] = kept.Id,
            ["mailbox"] = kept.Mailbox,
            ["removed"] = Time(kept.Removed),
            ["date"] = Time(kept.InternalDate),
            ["size"] = kept.Size,
        };

    private static string Time(DateTimeOffset time) =>
        time.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
