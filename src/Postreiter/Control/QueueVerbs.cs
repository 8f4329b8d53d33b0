using System.Globalization;
using System.Text.Json.Nodes;
using Postreiter.Storage.Queue;

namespace Postreiter.Control;

/// <summary>The queue.</summary>
internal static class QueueVerbs
{
    private const int Page = 500;

    /// <summary>One page of items; a last row <c>{"next": id}</c> says that more follow.</summary>
    public static async Task<ControlReply> ListAsync(IQueueStore queue, JsonObject arguments, CancellationToken ct)
    {
        var to = arguments.OptionalText("to") is { } text ? Arguments.Domain(text) : default;
        var items = await queue.ListAsync(arguments.OptionalNumber("after") ?? 0, Page, ct);
        var rows = items.Where(i => to.IsEmpty || i.Destination == to).Select(Row).ToList();
        if (items.Count == Page)
            rows.Add(new JsonObject { ["next"] = items[^1].Id });
        return ControlReply.Done(rows);
    }

    public static async Task<ControlReply> ShowAsync(IQueueStore queue, JsonObject arguments, CancellationToken ct)
    {
        var id = arguments.OptionalNumber("id") ?? throw new BadArgumentException("id is missing");
        return await queue.FindAsync(id, ct) is { } item ? ControlReply.Done(Row(item)) : NotFound(id);
    }

    public static async Task<ControlReply> ActAsync(
        IQueueStore queue,
        JsonObject arguments,
        TimeProvider time,
        Action? onRetry,
        CancellationToken ct
    )
    {
        if (!Enum.TryParse<QueueAction>(arguments.Text("action"), ignoreCase: true, out var action))
            return ControlReply.Usage("the action is retry, hold, release or remove");
        var id = arguments.OptionalNumber("id");
        var selection = new QueueSelection(
            id,
            arguments.OptionalText("to") is { } domain ? Arguments.Domain(domain) : null
        );
        if (action is QueueAction.Retry or QueueAction.Release)
            onRetry?.Invoke();
        var changed = await queue.ActAsync(action, selection, time.GetUtcNow(), ct);
        if (changed == 0 && id is { } one)
        {
            return await queue.FindAsync(one, ct) is { } item
                ? ControlReply.NotSo(
                    $"item {one} is {item.State.ToString().ToLowerInvariant()}: nothing to {arguments.Text("action")}"
                )
                : NotFound(one);
        }

        return ControlReply.Done(new JsonObject { ["changed"] = changed });
    }

    private static ControlReply NotFound(long id) => ControlReply.NotSo($"item {id} is not in the queue");

    private static JsonObject Row(QueueItem item) =>
        new()
        {
            ["id"] = item.Id,
            ["trace"] = item.DeliveryId.ToString(),
            ["state"] = item.State.ToString().ToLowerInvariant(),
            ["destination"] = item.Destination.Unicode,
            ["last_result"] = item.Recipients.Select(r => r.LastResult).FirstOrDefault(r => r is { Length: > 0 }),
            ["sender"] = item.Envelope.ReversePath?.ToString() ?? "",
            ["recipients"] = new JsonArray([
                .. item.Recipients.Select(r =>
                    (JsonNode)new JsonObject { ["address"] = r.Address.ToString(), ["last_result"] = r.LastResult }
                ),
            ]),
            ["size"] = item.Size,
            ["created"] = Time(item.Created),
            ["next_attempt"] = Time(item.NextAttempt),
            ["attempts"] = item.Attempts,
        };

    private static string Time(DateTimeOffset time) =>
        time.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
