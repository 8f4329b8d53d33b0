using System.Text.Json.Nodes;
using Postreiter.Storage;

namespace Postreiter.Control;

/// <summary>Looking after the whole store: check, repair, compaction, backup.</summary>
internal static class StoreVerbs
{
    public static async Task<ControlReply> CheckAsync(
        IStore store,
        StoreProgress progress,
        JsonObject arguments,
        CancellationToken ct
    )
    {
        progress.Report(default);
        var report =
            arguments["repair"]?.GetValue<bool>() == true
                ? await store.RepairAsync(progress, ct)
                : await store.CheckAsync(progress, ct);
        var rows = report.Repaired.Select(p => new JsonObject { ["repaired"] = p }).ToList();
        rows.AddRange(report.Problems.Select(p => new JsonObject { ["problem"] = p }));
        rows.Add(
            new JsonObject
            {
                ["accounts"] = report.Accounts,
                ["mailboxes"] = report.Mailboxes,
                ["messages"] = report.Messages,
                ["queue"] = report.QueueItems,
                ["blobs"] = report.Blobs,
                ["problems"] = report.Problems.Count,
                ["repairs"] = report.Repaired.Count,
            }
        );
        return report.Problems.Count == 0
            ? ControlReply.Done(rows) with
            {
                Message = "the store is sound",
            }
            : ControlReply.NotSo($"{report.Problems.Count} problems") with
            {
                Rows = rows,
            };
    }

    public static async Task<ControlReply> CompactAsync(IStore store, StoreProgress progress, CancellationToken ct)
    {
        if (store is not ILocalStore local)
            return NotLocal("compacted");
        progress.Report(default);
        var report = await local.CompactAsync(progress, ct);
        var rows = report.Problems.Select(p => new JsonObject { ["problem"] = p }).ToList();
        rows.Add(
            new JsonObject
            {
                ["segments"] = report.Segments,
                ["freed"] = report.FreedBytes,
                ["copied"] = report.CopiedBytes,
            }
        );
        return report.Problems.Count == 0
            ? ControlReply.Done(rows)
            : ControlReply.NotSo($"{report.Problems.Count} problems") with
            {
                Rows = rows,
            };
    }

    public static async Task<ControlReply> BackupAsync(
        IStore store,
        StoreProgress progress,
        JsonObject arguments,
        CancellationToken ct
    )
    {
        if (store is not ILocalStore local)
            return NotLocal("backed up");
        progress.Report(default);
        string[] files = [.. (arguments["files"] as JsonArray ?? []).Select(f => f!.GetValue<string>())];
        var report = await local.BackupAsync(arguments.Text("to"), files, progress, ct);
        return ControlReply.Done(
            new JsonObject
            {
                ["messages"] = report.Messages,
                ["bytes"] = report.Bytes,
                ["copied"] = report.CopiedBytes,
                ["incremental"] = report.IsIncremental,
                ["files"] = new JsonArray([.. report.Files.Select(f => (JsonNode)f)]),
            }
        );
    }

    private static ControlReply NotLocal(string what) =>
        ControlReply.NotSo($"this store is {what} with the tools of the servers that keep it");
}

/// <summary>How far the work under way is, for whoever asks.</summary>
internal sealed class StoreProgress : IProgress<(long Done, long Total)>
{
    private readonly Lock _lock = new();
    private (long Done, long Total) _last;

    /// <inheritdoc/>
    public void Report((long Done, long Total) value)
    {
        lock (_lock)
            _last = value;
    }

    /// <summary>As one row.</summary>
    public JsonObject Row()
    {
        lock (_lock)
            return new JsonObject { ["done"] = _last.Done, ["total"] = _last.Total };
    }
}
