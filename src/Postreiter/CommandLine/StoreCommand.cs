using System.CommandLine;
using Postreiter.Control;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter store check</c>.</summary>
internal static class StoreCommand
{
    public static Command Create(CommandContext context)
    {
        var check = new Command("check", "Verifies every row and every content; exit code 1 when something is wrong");
        check.SetAction(
            (parsed, ct) =>
                ControlCall.RunAsync(
                    context,
                    parsed,
                    ControlVerbs.StoreCheck,
                    [],
                    row =>
                        row["problem"] is { } problem
                            ? $"{problem}"
                            : $"{row["accounts"]} accounts, {row["mailboxes"]} mailboxes, {row["messages"]} messages, "
                                + $"{row["queue"]} in the queue, {row["blobs"]} contents",
                    ct
                )
        );
        return new Command("store", "Looks after the store") { check };
    }
}
