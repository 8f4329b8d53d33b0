using System.CommandLine;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Control;
using Postreiter.Hosting;
using Postreiter.Settings;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Blobs.Segments;
using Postreiter.Storage.Sql.Sqlite;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter store restore</c>: a new data folder from a backup, and a check of it.</summary>
internal static class RestoreCommand
{
    public static Command Create(CommandContext context)
    {
        var source = new Argument<string>("SRC") { Description = "The folder of a backup" };
        var restore = new Command("restore", "Makes the data folder from a backup; refuses one that is in use")
        {
            source,
        };
        restore.SetAction((parsed, ct) => RestoreAsync(context, parsed, parsed.GetValue(source) ?? "", ct));
        return restore;
    }

    private static async Task<int> RestoreAsync(
        CommandContext context,
        ParseResult parsed,
        string source,
        CancellationToken ct
    )
    {
        var folder = context.Folder(parsed);
        if (
            File.Exists(folder.Root)
            || (Directory.Exists(folder.Root) && Directory.EnumerateFileSystemEntries(folder.Root).Any())
        )
            throw new CommandFailure(ExitCodes.NotSo, $"{folder.Root} is in use already; nothing was changed");
        if (!SqliteRestore.IsBackup(source))
            throw new CommandFailure(ExitCodes.NotSo, $"{source} holds no complete backup");
        var progress = new StoreProgress();
        var restored = await ShowAsync(
            context,
            SqliteRestore.RunAsync(source, folder.Root, path => Contents(path, context.Time), progress, ct),
            progress,
            ct
        );
        var problems = await CheckAsync(context, folder, progress, ct);
        foreach (var problem in problems)
            context.Print(parsed, new JsonObject { ["problem"] = problem }, problem);
        context.Print(
            parsed,
            new JsonObject
            {
                ["messages"] = restored.Messages,
                ["made"] = StoreCommand.Time(restored.Made),
                ["held"] = restored.HeldQueueItems,
                ["problems"] = problems.Count,
            },
            $"{restored.Messages} messages, as of {StoreCommand.Time(restored.Made)}"
        );
        if (restored.HeldQueueItems > 0)
            await context.Terminal.Error.WriteLineAsync(
                $"{restored.HeldQueueItems} items in the queue are held, for they may have been sent since:"
                    + " postreiter queue list, then release or remove"
            );
        return problems.Count == 0 ? ExitCodes.Done : ExitCodes.NotSo;
    }

    private static async Task<IReadOnlyList<string>> CheckAsync(
        CommandContext context,
        DataFolder folder,
        StoreProgress progress,
        CancellationToken ct
    )
    {
        await using var taken =
            DataFolderLock.TryTake(folder)
            ?? throw new CommandFailure(ExitCodes.Failed, $"{folder.Root} is in use by another process");
        var settings = folder.ReadSettings([]).Settings;
        await using var store = await context.Stores.OpenAsync(folder, settings, NullLogger.Instance, ct);
        return (await ShowAsync(context, store.CheckAsync(progress, ct), progress, ct)).Problems;
    }

    private static Task<T> ShowAsync<T>(
        CommandContext context,
        Task<T> work,
        StoreProgress progress,
        CancellationToken ct
    )
    {
        Task<(long, long)> Now(CancellationToken token)
        {
            var row = progress.Row();
            return Task.FromResult(((long?)row["done"] ?? 0, (long?)row["total"] ?? 0));
        }

        return new ProgressBar(context.Terminal, context.Time).ShowAsync(work, Now, ct);
    }

    private static IBlobStore Contents(string folder, TimeProvider time) =>
        new SegmentStore(new DiskBlobFiles(folder, readOnly: true), time);
}
