using System.Globalization;
using System.Text.Json.Nodes;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Storage;
using Postreiter.Storage.Gate;

namespace Postreiter.Control;

/// <summary>Whom greylisting knows.</summary>
internal static class GreylistVerbs
{
    private const int Page = 500;

    /// <summary>One page of rows; a last row <c>{"next": version}</c> says that more follow.</summary>
    public static async Task<ControlReply> ListAsync(IStore store, JsonObject arguments, CancellationToken ct)
    {
        var rows = await store.Gate.ListGreylistAsync(arguments.OptionalNumber("after") ?? 0, Page, ct);
        var listed = rows.Where(static r => r.State.Passes >= 0).Select(Row).ToList();
        if (rows.Count == Page)
            listed.Add(new JsonObject { ["next"] = rows[^1].Version });
        return ControlReply.Done(listed);
    }

    /// <summary>Lets a client in for good.</summary>
    public static async Task<ControlReply> AddAsync(
        IStore store,
        JsonObject arguments,
        TimeProvider time,
        CancellationToken ct
    )
    {
        var row = Read(arguments, time);
        await store.Gate.SaveGreylistAsync([row], ct);
        return ControlReply.Done(Row((await store.Gate.FindGreylistAsync(row.State.Key, ct)) ?? row));
    }

    /// <summary>Takes a row away: its caller is a stranger again.</summary>
    public static async Task<ControlReply> RemoveAsync(
        IStore store,
        JsonObject arguments,
        TimeProvider time,
        CancellationToken ct
    )
    {
        var named = Read(arguments, time);
        if (await store.Gate.FindGreylistAsync(named.State.Key, ct) is not { State.Passes: >= 0 } row)
            return ControlReply.NotSo($"{Words(named)} is not in the greylist");
        await store.Gate.SaveGreylistAsync([GreylistRows.Removed(row, time.GetUtcNow())], ct);
        return ControlReply.Done();
    }

    private static GreylistRow Read(JsonObject arguments, TimeProvider time) =>
        GreylistRows.TryMake(
            arguments.Text("client"),
            arguments.OptionalText("sender"),
            arguments.OptionalText("recipient"),
            time.GetUtcNow(),
            out var row,
            out var mistake
        )
            ? row
            : throw new BadArgumentException(mistake);

    private static string Words(GreylistRow row) =>
        row.Recipient.Length == 0 ? row.Client : $"{row.Client} with <{row.Sender}> to <{row.Recipient}>";

    private static JsonObject Row(GreylistRow row)
    {
        var words = new JsonObject { ["state"] = GreylistRows.StateOf(row) };
        if (row.Client.Length > 0)
            words["client"] = row.Client;
        if (row.Client.Length == 0 || row.Recipient.Length > 0)
            words["sender"] = row.Sender;
        if (row.Recipient.Length > 0)
            words["recipient"] = row.Recipient;
        words["passes"] = row.State.Passes;
        words["first"] = Time(row.State.First);
        if (row.State.Last != GreylistState.Forever)
            words["last"] = Time(row.State.Last);
        return words;
    }

    private static string Time(uint seconds) =>
        DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
