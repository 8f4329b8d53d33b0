using System.Text.Json.Nodes;
using Postreiter.Core;
using Postreiter.Storage;
using Postreiter.Storage.Gate;

namespace Postreiter.Control;

/// <summary>Why messages were taken or not.</summary>
internal static class TraceVerbs
{
    private const int MaxListed = 1_000;

    /// <summary>The trace of an id, or those of an address, the oldest first.</summary>
    public static async Task<ControlReply> FindAsync(IStore store, JsonObject arguments, CancellationToken ct)
    {
        var of = arguments.Text("of");
        var limit = arguments.OptionalNumber("limit") ?? 10;
        if (limit is < 1 or > MaxListed)
            return ControlReply.Usage($"the limit is from 1 to {MaxListed}");
        IReadOnlyList<TraceRecord> found;
        if (TraceId.TryParse(of, out var id))
            found = await store.Gate.FindTraceAsync(id, ct) is { } one ? [one] : [];
        else if (EmailAddress.TryParse(of, out var address))
            found = await store.Gate.ListTracesAsync(address, (int)limit, ct);
        else
            return ControlReply.Usage($"'{of}' is neither an id of a message nor an address");
        return found.Count == 0
            ? ControlReply.NotSo($"there is no trace of {of}; traces are kept for the time of trace.keep")
            : ControlReply.Done([.. found.Reverse().Select(t => (JsonObject)JsonNode.Parse(t.Verdict.Span)!)]);
    }
}
