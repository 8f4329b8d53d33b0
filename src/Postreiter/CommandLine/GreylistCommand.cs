using System.CommandLine;
using System.Text.Json.Nodes;
using Postreiter.Control;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter greylist list|add|remove</c>.</summary>
internal static class GreylistCommand
{
    public static Command Create(CommandContext context) =>
        new("greylist", "Whom greylisting knows")
        {
            List(context),
            Change(context, "add", ControlVerbs.GreylistAdd, "Never delays a client, or a sender of it to a recipient"),
            Change(context, "remove", ControlVerbs.GreylistRemove, "Makes a client, or a triplet, a stranger again"),
        };

    private static Command List(CommandContext context)
    {
        var list = new Command("list", "Lists clients, triplets and those somebody here has written to");
        list.SetAction(
            async (parsed, ct) =>
            {
                await using var control = await context.OpenControlAsync(parsed, ct);
                // Pages, so that a list of any length is printed as it is read.
                var after = 0L;
                while (true)
                {
                    var reply = await control.CallAsync(
                        ControlVerbs.GreylistList,
                        new JsonObject { ["after"] = after },
                        ct
                    );
                    foreach (var row in reply.Rows.Where(r => r["state"] is not null))
                        context.Print(parsed, row, Line(row));
                    if (reply.ExitCode != ExitCodes.Done || reply.Rows is not [.., { } last] || last["next"] is null)
                        return context.Finish(reply);
                    after = (long)last["next"]!;
                }
            }
        );
        return list;
    }

    private static Command Change(CommandContext context, string name, string verb, string description)
    {
        var client = new Argument<string>("CLIENT")
        {
            Description = "A network (/24 or /64), an address in it, or a domain",
        };
        var sender = new Argument<string?>("SENDER")
        {
            Description = "A sender, or <> for the null sender",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var recipient = new Argument<string?>("RECIPIENT")
        {
            Description = "A recipient",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command(name, description) { client, sender, recipient };
        command.SetAction(
            (parsed, ct) =>
            {
                if (parsed.GetValue(sender) is not null && parsed.GetValue(recipient) is null)
                    throw new CommandFailure(
                        ExitCodes.Usage,
                        "a sender needs a recipient: CLIENT, or CLIENT SENDER RECIPIENT"
                    );
                var arguments = new JsonObject
                {
                    ["client"] = parsed.GetValue(client),
                    ["sender"] = parsed.GetValue(sender),
                    ["recipient"] = parsed.GetValue(recipient),
                };
                return ControlCall.RunAsync(context, parsed, verb, arguments, Line, ct);
            }
        );
        return command;
    }

    private static string Line(JsonObject row)
    {
        var words = $"{row["state"]}";
        if (row["client"] is { } client)
            words += $"  {client}";
        if (row["sender"] is { } sender)
            words += $"  <{sender}>";
        if (row["recipient"] is { } recipient)
            words += $" to <{recipient}>";
        words += $"  since {row["first"]}";
        return row["last"] is { } last ? words + $", last {last}" : words;
    }
}
