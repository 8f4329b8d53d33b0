using System.Globalization;
using System.Text.Json.Nodes;
using Postreiter.Storage;

namespace Postreiter.Control;

/// <summary>Sums of the DMARC reports that came in.</summary>
internal static class DmarcVerbs
{
    private const int MaxDays = 3650;

    /// <summary>What others saw of a domain's mail on the last days: a row for each source and result.</summary>
    public static async Task<ControlReply> SumAsync(
        IStore store,
        JsonObject arguments,
        TimeProvider time,
        CancellationToken ct
    )
    {
        var domain = arguments.Domain("domain");
        var days = arguments.OptionalNumber("days") ?? 30;
        if (days is < 1 or > MaxDays)
            return ControlReply.Usage($"days are from 1 to {MaxDays}");
        if (!await store.Directory.IsLocalDomainAsync(domain, ct))
            return DirectoryVerbs.NotLocal(domain);
        var from = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime).AddDays(-(int)days);
        var sums = await store.MailAuth.ListDmarcSumsAsync(domain, from, ct);
        return ControlReply.Done([
            .. sums.GroupBy(s => (s.Source, s.HeaderFrom, s.Disposition, s.IsDkimAligned, s.IsSpfAligned))
                .Select(g =>
                    (g.Key, Count: g.Sum(s => s.Count), Reporters: g.Select(s => s.Reporter).Distinct().Count())
                )
                .OrderByDescending(g => g.Count)
                .ThenBy(g => g.Key.Source.ToString(), StringComparer.Ordinal)
                .Select(g => new JsonObject
                {
                    ["source"] = g.Key.Source.ToString(),
                    ["from"] = g.Key.HeaderFrom,
                    ["dkim"] = g.Key.IsDkimAligned ? "pass" : "fail",
                    ["spf"] = g.Key.IsSpfAligned ? "pass" : "fail",
                    ["disposition"] = g.Key.Disposition,
                    ["messages"] = g.Count,
                    ["reporters"] = g.Reporters,
                    ["since"] = from.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                }),
        ]);
    }
}
