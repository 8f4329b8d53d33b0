using System.CommandLine;
using System.Text.Json.Nodes;
using Postreiter.Control;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter domain add|list|remove</c>.</summary>
internal static class DomainCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("domain", "The domains whose mail is ours");
        command.Add(Named("add", "Adds a domain", ControlVerbs.DomainAdd, context));
        command.Add(
            Named("remove", "Removes a domain that no account and no alias uses", ControlVerbs.DomainRemove, context)
        );
        var list = new Command("list", "Lists the domains");
        list.SetAction(
            (parsed, ct) =>
                ControlCall.RunAsync(context, parsed, ControlVerbs.DomainList, [], row => $"{row["domain"]}", ct)
        );
        command.Add(list);
        return command;
    }

    private static Command Named(string name, string description, string verb, CommandContext context)
    {
        var domain = new Argument<string>("NAME") { Description = "The domain" };
        var command = new Command(name, description) { domain };
        command.SetAction(
            (parsed, ct) =>
                ControlCall.RunAsync(
                    context,
                    parsed,
                    verb,
                    new JsonObject { ["domain"] = parsed.GetValue(domain) },
                    row => $"{row["domain"]}",
                    ct
                )
        );
        return command;
    }
}
