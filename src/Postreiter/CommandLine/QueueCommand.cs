using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Postreiter.Control;
using Postreiter.Core;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter queue list|show|retry|hold|release|remove</c>.</summary>
internal static class QueueCommand
{
    public static Command Create(CommandContext context) =>
        new("queue", "Mail that waits to be sent to other servers")
        {
            List(context),
            Show(context),
            Act(context, "retry", "Makes items due now"),
            Act(context, "hold", "Holds items back"),
            Act(context, "release", "Lets held items go on"),
            Act(context, "remove", "Throws items away; their senders are not told"),
        };

    private static Command List(CommandContext context)
    {
        var to = DomainOption();
        var list = new Command("list", "Lists what waits") { to };
        list.SetAction(
            (parsed, ct) =>
                ControlCall.RunPagesAsync(
                    context,
                    parsed,
                    ControlVerbs.QueueList,
                    after => new JsonObject { ["after"] = after, ["to"] = parsed.GetValue(to) },
                    Line,
                    ct
                )
        );
        return list;
    }

    private static Command Show(CommandContext context)
    {
        var id = new Argument<long>("ID") { Description = "The item" };
        var show = new Command("show", "Prints one item in full") { id };
        show.SetAction(
            (parsed, ct) =>
                ControlCall.RunAsync(
                    context,
                    parsed,
                    ControlVerbs.QueueShow,
                    new JsonObject { ["id"] = parsed.GetValue(id) },
                    Full,
                    ct
                )
        );
        return show;
    }

    private static Command Act(CommandContext context, string name, string description)
    {
        var id = new Argument<long?>("ID") { Description = "One item", Arity = ArgumentArity.ZeroOrOne };
        var all = new Option<bool>("--all") { Description = "Every item" };
        var to = DomainOption();
        var command = new Command(name, description) { id, all, to };
        command.SetAction(
            (parsed, ct) =>
            {
                var chosen =
                    (parsed.GetValue(id) is null ? 0 : 1)
                    + (parsed.GetValue(all) ? 1 : 0)
                    + (parsed.GetValue(to) is null ? 0 : 1);
                if (chosen != 1)
                    throw new CommandFailure(ExitCodes.Usage, "say which: one ID, --to DOMAIN or --all");
                var arguments = new JsonObject
                {
                    ["action"] = name,
                    ["id"] = parsed.GetValue(id),
                    ["to"] = parsed.GetValue(to),
                };
                return ControlCall.RunAsync(
                    context,
                    parsed,
                    ControlVerbs.QueueAct,
                    arguments,
                    row => $"{row["changed"]} changed",
                    ct
                );
            }
        );
        return command;
    }

    private static Option<string?> DomainOption() =>
        new("--to") { Description = "Items for this domain", HelpName = "DOMAIN" };

    private static string Full(JsonObject row)
    {
        var lines = row.Where(p => p.Key is not ("recipients" or "last_result")).Select(p => $"{p.Key}: {p.Value}");
        var recipients = (row["recipients"] as JsonArray ?? []).Select(r =>
            $"recipient: {r?["address"]}" + (r?["last_result"] is { } result ? $": {result}" : "")
        );
        return string.Join('\n', [.. lines, .. recipients]);
    }

    private static string Line(JsonObject row) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{row["id"]}  {row["state"]}  {row["created"]}  {ByteSize.Format((long?)row["size"] ?? 0)}  from <{row["sender"]}>  to {string.Join(' ', (row["recipients"] as JsonArray ?? []).Select(r => r?["address"]))}  attempts {row["attempts"]}, next {row["next_attempt"]}"
        ) + (row["last_result"] is { } result ? $"\n    {result}" : "");
}
