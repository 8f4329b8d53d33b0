using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Postreiter.Control;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter mail undelete</c>.</summary>
internal static class UndeleteCommand
{
    public static Command Create(CommandContext context, Option<string> account)
    {
        var mailbox = new Option<string?>("--mailbox")
        {
            Description = "Only what was in this mailbox (default: all)",
            HelpName = "NAME",
        };
        var since = new Option<string?>("--since")
        {
            Description = "Only what was expunged since then: 2026-03-01, 2026-03-01T12:00Z, or 2d for two days ago",
            HelpName = "TIME",
        };
        var list = new Option<bool>("--list") { Description = "Shows what would come back and changes nothing" };
        var command = new Command("undelete", "Brings expunged mail back, as long as it is kept (store.undelete)")
        {
            account,
            mailbox,
            since,
            list,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var arguments = new JsonObject
                {
                    ["account"] = parsed.GetValue(account),
                    ["mailbox"] = parsed.GetValue(mailbox),
                    ["since"] = parsed.GetValue(since) is { } text
                        ? Moments.Read(text, context.Time).ToString("O", CultureInfo.InvariantCulture)
                        : null,
                };
                return parsed.GetValue(list)
                    ? await ListAsync(context, parsed, arguments, ct)
                    : await ControlCall.RunAsync(
                        context,
                        parsed,
                        ControlVerbs.MailUndelete,
                        arguments,
                        row => $"{row["restored"]} restored",
                        ct
                    );
            }
        );
        return command;
    }

    private static async Task<int> ListAsync(
        CommandContext context,
        ParseResult parsed,
        JsonObject arguments,
        CancellationToken ct
    )
    {
        await using var control = await context.OpenControlAsync(parsed, ct);
        while (true)
        {
            var reply = await control.CallAsync(ControlVerbs.MailKept, arguments, ct);
            var next = reply.Rows.Count > 0 ? reply.Rows[^1]["next"] : null;
            foreach (var row in reply.Rows.Where(r => r["next"] is null))
                context.Print(
                    parsed,
                    row,
                    $"{row["removed"]}  {row["mailbox"]}  received {row["date"]}  {row["size"]} bytes"
                );
            if (next is null)
                return context.Finish(reply);
            arguments["after"] = next.DeepClone();
        }
    }
}
