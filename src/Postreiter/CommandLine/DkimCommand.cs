using System.CommandLine;
using System.Text.Json.Nodes;
using Postreiter.Control;
using Postreiter.Core;
using Postreiter.Zone;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter dkim list|keygen|activate|remove|verify</c>.</summary>
internal static class DkimCommand
{
    public static Command Create(CommandContext context) =>
        new("dkim", "The keys that mail is signed with, and signatures of messages")
        {
            List(context),
            Keygen(context),
            OfKey(
                context,
                "activate",
                "Lets a key sign at once, also where its record is not seen in the DNS",
                ControlVerbs.DkimActivate
            ),
            OfKey(
                context,
                "remove",
                "Removes a key; mail that it signed can be checked as long as its record stays",
                ControlVerbs.DkimRemove
            ),
            DkimVerifyCommand.Create(context),
        };

    private static Command List(CommandContext context)
    {
        var domain = new Argument<string?>("DOMAIN")
        {
            Description = "Keys of this domain only",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var list = new Command("list", "Lists the keys and where they stand: published, active or retired") { domain };
        list.SetAction(
            (parsed, ct) =>
                ControlCall.RunAsync(
                    context,
                    parsed,
                    ControlVerbs.DkimList,
                    new JsonObject { ["domain"] = parsed.GetValue(domain) },
                    Line,
                    ct
                )
        );
        return list;
    }

    private static Command Keygen(CommandContext context)
    {
        var domain = new Argument<string>("DOMAIN") { Description = "A domain of this server" };
        var algorithm = new Option<string>("--algorithm")
        {
            Description = "rsa (2048 bits), ed25519 or both",
            HelpName = "KIND",
            DefaultValueFactory = _ => "both",
        };
        algorithm.AcceptOnlyFromAmong("rsa", "ed25519", "both");
        var selector = new Option<string?>("--selector")
        {
            Description = "The key's name (default: one made of kind and day)",
            HelpName = "NAME",
        };
        var command = new Command(
            "keygen",
            "Makes new keys and prints their records; they sign once these are seen in the DNS"
        )
        {
            domain,
            algorithm,
            selector,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                string[] kinds = parsed.GetValue(algorithm) is "rsa" or "ed25519"
                    ? [parsed.GetValue(algorithm)!]
                    : ["rsa", "ed25519"];
                if (kinds.Length > 1 && parsed.GetValue(selector) is not null)
                    throw new CommandFailure(
                        ExitCodes.Usage,
                        "one name is for one key: say --algorithm rsa or ed25519"
                    );
                foreach (var kind in kinds)
                {
                    var arguments = new JsonObject
                    {
                        ["domain"] = parsed.GetValue(domain),
                        ["algorithm"] = kind,
                        ["selector"] = parsed.GetValue(selector),
                    };
                    var code = await ControlCall.RunAsync(
                        context,
                        parsed,
                        ControlVerbs.DkimAdd,
                        arguments,
                        ZoneLine,
                        ct
                    );
                    if (code != ExitCodes.Done)
                        return code;
                }

                return ExitCodes.Done;
            }
        );
        return command;
    }

    private static Command OfKey(CommandContext context, string name, string description, string verb)
    {
        var domain = new Argument<string>("DOMAIN") { Description = "Its domain" };
        var selector = new Argument<string>("SELECTOR") { Description = "Its name" };
        var command = new Command(name, description) { domain, selector };
        command.SetAction(
            (parsed, ct) =>
                ControlCall.RunAsync(
                    context,
                    parsed,
                    verb,
                    new JsonObject { ["domain"] = parsed.GetValue(domain), ["selector"] = parsed.GetValue(selector) },
                    Line,
                    ct
                )
        );
        return command;
    }

    private static string Line(JsonObject row) =>
        $"{row["domain"]}  {row["selector"]}  {row["algorithm"]}  {row["state"]}  made {row["created"]}"
        + (row["activated"] is { } since ? $", signs since {since}" : "")
        + (row["retired"] is { } until ? $" until {until}" : "");

    private static string ZoneLine(JsonObject row) =>
        new ZoneRecord(
            ZoneRecordKind.Dkim,
            DomainName.Parse($"{row["name"]}"),
            "TXT",
            $"{row["record"]}",
            IsOptional: false
        ).ZoneLine();
}
