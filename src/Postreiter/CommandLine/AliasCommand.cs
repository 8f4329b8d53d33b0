using System.CommandLine;
using System.Text.Json.Nodes;
using Postreiter.Control;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter alias add|list|remove</c>.</summary>
internal static class AliasCommand
{
    public static Command Create(CommandContext context)
    {
        var list = new Command("list", "Lists the aliases with their targets");
        list.SetAction((parsed, ct) => ControlCall.RunAsync(context, parsed, ControlVerbs.AliasList, [], Line, ct));
        return new Command("alias", "Addresses that stand for others") { Add(context), list, Remove(context) };
    }

    private static Command Add(CommandContext context)
    {
        var address = Address();
        var targets = new Argument<string[]>("TARGET")
        {
            Description = "Where its mail goes: local or remote addresses",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("add", "Adds an alias or replaces its targets") { address, targets };
        command.SetAction(
            (parsed, ct) =>
                ControlCall.RunAsync(
                    context,
                    parsed,
                    ControlVerbs.AliasAdd,
                    new JsonObject
                    {
                        ["address"] = parsed.GetValue(address),
                        ["targets"] = new JsonArray([.. (parsed.GetValue(targets) ?? []).Select(t => (JsonNode)t)]),
                    },
                    Line,
                    ct
                )
        );
        return command;
    }

    private static Command Remove(CommandContext context)
    {
        var address = Address();
        var command = new Command("remove", "Removes an alias") { address };
        command.SetAction(
            (parsed, ct) =>
                ControlCall.RunAsync(
                    context,
                    parsed,
                    ControlVerbs.AliasRemove,
                    new JsonObject { ["address"] = parsed.GetValue(address) },
                    Line,
                    ct
                )
        );
        return command;
    }

    private static Argument<string> Address() =>
        new("ADDRESS") { Description = "The alias: an address, or @domain for all that is not otherwise known there" };

    private static string Line(JsonObject row) =>
        $"{row["address"]}: {string.Join(' ', row["targets"] as JsonArray ?? [])}";
}
