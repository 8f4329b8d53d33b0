using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Postreiter.Control;
using Postreiter.Core;
using Postreiter.Hosting;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter store check|compact|backup|restore</c>.</summary>
internal static class StoreCommand
{
    public static Command Create(CommandContext context) =>
        new("store", "Looks after the store")
        {
            Check(context),
            Compact(context),
            Backup(context),
            RestoreCommand.Create(context),
        };

    private static Command Check(CommandContext context)
    {
        var repair = new Option<bool>("--repair")
        {
            Description = "Puts right counters, use, reference counts and files left over; never touches a message",
        };
        var check = new Command("check", "Verifies every row and every content; exit code 1 when something stays wrong")
        {
            repair,
        };
        check.SetAction(
            (parsed, ct) =>
                RunAsync(
                    context,
                    parsed,
                    ControlVerbs.StoreCheck,
                    new JsonObject { ["repair"] = parsed.GetValue(repair) },
                    row =>
                        row["problem"] is { } problem ? $"{problem}"
                        : row["repaired"] is { } repaired ? $"repaired: {repaired}"
                        : $"{row["accounts"]} accounts, {row["mailboxes"]} mailboxes, {row["messages"]} messages, "
                            + $"{row["queue"]} in the queue, {row["blobs"]} contents",
                    ct
                )
        );
        return check;
    }

    private static Command Compact(CommandContext context)
    {
        var compact = new Command(
            "compact",
            "Gives back now the space of what was removed; the server does it by itself in time"
        );
        compact.SetAction(
            (parsed, ct) =>
                RunAsync(
                    context,
                    parsed,
                    ControlVerbs.StoreCompact,
                    [],
                    row =>
                        row["problem"] is { } problem
                            ? $"{problem}"
                            : $"{row["segments"]} segments removed, {Size(row["freed"])} freed, {Size(row["copied"])} copied",
                    ct
                )
        );
        return compact;
    }

    private static Command Backup(CommandContext context)
    {
        var destination = new Argument<string>("DEST")
        {
            Description = "A folder: empty, not there, or the last backup, of which only what is new is copied",
        };
        var backup = new Command("backup", "Makes a consistent copy of everything while mail flows") { destination };
        backup.SetAction(
            (parsed, ct) =>
                RunAsync(
                    context,
                    parsed,
                    ControlVerbs.StoreBackup,
                    new JsonObject
                    {
                        // The server has another working folder.
                        ["to"] = Path.GetFullPath(parsed.GetValue(destination) ?? ""),
                        ["files"] = new JsonArray([
                            .. BackupFiles
                                .Of(context.Folder(parsed), context.Settings(parsed))
                                .Select(f => (JsonNode)f),
                        ]),
                    },
                    row =>
                        $"{row["messages"]} messages, {Size(row["bytes"])}, {Size(row["copied"])} of it copied now"
                        + $"; with {string.Join(", ", (row["files"] as JsonArray ?? []).Select(f => Top($"{f}")).Distinct())}",
                    ct
                )
        );
        return backup;
    }

    private static async Task<int> RunAsync(
        CommandContext context,
        ParseResult parsed,
        string verb,
        JsonObject arguments,
        Func<JsonObject, string> line,
        CancellationToken ct
    )
    {
        await using var control = await context.OpenControlAsync(parsed, ct);
        var bar = new ProgressBar(context.Terminal, context.Time);
        var reply = await bar.ShowAsync(control.CallAsync(verb, arguments, ct), control, ct);
        foreach (var row in reply.Rows)
            context.Print(parsed, row, line(row));
        return context.Finish(reply);
    }

    // A folder of rules has many files.
    private static string Top(string file) => file.Split('/') is [var top, _, ..] ? top + "/" : file;

    private static string Size(JsonNode? bytes) => ByteSize.Format(((long?)bytes ?? 0) / 1024 * 1024);

    /// <summary>A moment as people read it.</summary>
    internal static string Time(DateTimeOffset at) =>
        at.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
