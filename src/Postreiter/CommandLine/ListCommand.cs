using System.CommandLine;
using System.Text.Json.Nodes;
using Postreiter.Control;
using Postreiter.Core;
using Postreiter.Delivery.Lists;
using Postreiter.Settings;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter list add|remove|show|threshold</c>.</summary>
internal static class ListCommand
{
    public static Command Create(CommandContext context) =>
        new(
            "list",
            "Allow and block lists of senders (-100 and +100 points), and spam thresholds, for everybody, a domain or an account. What is changed "
                + "holds for the next message"
        )
        {
            Change(
                context,
                "add",
                ControlVerbs.ListAdd,
                "Adds entries; one that is on the other list moves. Exit code 1 names those that were there"
            ),
            Change(
                context,
                "remove",
                ControlVerbs.ListRemove,
                "Removes entries. Exit code 1 names those that were not there"
            ),
            Show(context),
            Threshold(context),
        };

    private static Command Change(CommandContext context, string name, string verb, string description)
    {
        var kind = Kind(ArgumentArity.ExactlyOne);
        var entries = new Argument<string[]>("ENTRY")
        {
            Description =
                "A sender: user@example.org; example.org and all below it; a pattern such as *@example.org or news-??@*.example.org (* is any text, "
                + "? one character; quote it for the shell); ip:192.0.2.0/24",
            Arity = ArgumentArity.OneOrMore,
        };
        var (account, domain) = Scopes();
        var command = new Command(name, description) { kind, entries, account, domain };
        command.SetAction(
            (parsed, ct) =>
                ControlCall.RunAsync(
                    context,
                    parsed,
                    verb,
                    new JsonObject
                    {
                        ["kind"] = parsed.GetValue(kind),
                        ["entries"] = new JsonArray([
                            .. (parsed.GetValue(entries) ?? []).Select(static e => JsonValue.Create(e)),
                        ]),
                        ["account"] = parsed.GetValue(account),
                        ["domain"] = parsed.GetValue(domain),
                    },
                    Line,
                    ct
                )
        );
        return command;
    }

    private static Command Show(CommandContext context)
    {
        var kind = Kind(ArgumentArity.ZeroOrOne);
        var (account, domain) = Scopes();
        var all = new Option<bool>("--all") { Description = "Those of everybody, every domain and every account" };
        var command = new Command(
            "show",
            "Shows entries with who added them: settings (lists.allow, lists.block), command, or a user who moved a mail; and thresholds"
        )
        {
            kind,
            account,
            domain,
            all,
        };
        command.SetAction(
            (parsed, ct) =>
            {
                var (list, isAll) = (parsed.GetValue(kind), parsed.GetValue(all));
                var (user, site) = (parsed.GetValue(account), parsed.GetValue(domain));
                if (isAll && (user ?? site) is not null)
                    throw new CommandFailure(ExitCodes.Usage, "--all, or an --account or --domain, not both");
                foreach (var row in OfSettings(context.Settings(parsed).Lists))
                {
                    if ((list is null || (string?)row["list"] == list) && (isAll || IsOf((string)row["scope"]!)))
                        context.Print(parsed, row, Line(row));
                }

                return ControlCall.RunAsync(
                    context,
                    parsed,
                    ControlVerbs.ListShow,
                    new JsonObject
                    {
                        ["kind"] = list,
                        ["account"] = user,
                        ["domain"] = site,
                        ["all"] = isAll ? "yes" : null,
                    },
                    Line,
                    ct
                );

                bool IsOf(string scope) =>
                    user is not null ? EmailAddress.TryParse(user, out var address) && address.Key == scope
                    : site is not null ? DomainName.TryParse(site, out var name) && name.Ascii == scope
                    : scope.Length == 0;
            }
        );
        return command;
    }

    private static Command Threshold(CommandContext context)
    {
        var points = new Argument<string?>("POINTS")
        {
            Description =
                "Points from which mail is spam, such as 4.5; default takes the threshold of the domain, or spam.threshold; "
                + "without it the one that is set is shown",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var (account, domain) = Scopes();
        var command = new Command(
            "threshold",
            "Sets from how many points on mail is spam for an account or a domain: it goes to Junk, and below it is not refused either. An "
                + "account's own counts more than its domain's, and that more than spam.threshold"
        )
        {
            points,
            account,
            domain,
        };
        command.SetAction(
            (parsed, ct) =>
                ControlCall.RunAsync(
                    context,
                    parsed,
                    ControlVerbs.ListThreshold,
                    new JsonObject
                    {
                        ["points"] = parsed.GetValue(points),
                        ["account"] = parsed.GetValue(account),
                        ["domain"] = parsed.GetValue(domain),
                    },
                    Line,
                    ct
                )
        );
        return command;
    }

    private static Argument<string?> Kind(ArgumentArity arity)
    {
        var kind = new Argument<string?>("allow|block") { Description = "Which list", Arity = arity };
        kind.AcceptOnlyFromAmong("allow", "block");
        return kind;
    }

    private static (Option<string?> Account, Option<string?> Domain) Scopes() =>
        (
            new("--account") { Description = "For the mail of an account alone", HelpName = "USER@DOMAIN" },
            new("--domain") { Description = "For the mail of one of our domains alone", HelpName = "DOMAIN" }
        );

    private static IEnumerable<JsonObject> OfSettings(AddressListSettings settings) =>
        settings.Allow.Select(e => Row(e, "allow")).Concat(settings.Block.Select(e => Row(e, "block")));

    private static JsonObject Row(string text, string list)
    {
        var parts = text.Split(" for ");
        var scope =
            parts.Length == 1 ? ""
            : EmailAddress.TryParse(parts[1], out var account) ? account.Key
            : DomainName.TryParse(parts[1], out var domain) ? domain.Ascii
            : parts[1];
        return new JsonObject
        {
            ["scope"] = scope,
            ["list"] = list,
            ["entry"] = SenderEntry.TryRead(parts[0], out var entry, out _) ? entry.Text : parts[0],
            ["by"] = "settings",
        };
    }

    private static string Line(JsonObject row)
    {
        var scope = (string?)row["scope"] is { Length: > 0 } name ? $"  for {name}" : "";
        if (row["threshold"] is { } threshold)
            return $"threshold  {threshold}{scope}";
        var since = row["added"] is { } added ? $" {added}" : "";
        return $"{row["list"], -5}  {row["entry"]}{scope}  by {row["by"]}{since}";
    }
}
