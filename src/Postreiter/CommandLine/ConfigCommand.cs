using System.CommandLine;
using System.Text.Json.Nodes;
using Postreiter.Settings;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter config check|show|explain</c>.</summary>
internal static class ConfigCommand
{
    public static Command Create(CommandContext context)
    {
        var check = new Command("check", "Checks the settings; lists every mistake (exit code 2)");
        check.SetAction(parsed => Check(context, parsed));
        var show = new Command("show", "Prints the settings in force and where each comes from; secrets masked");
        show.SetAction(parsed => Show(context, parsed));
        var key = new Argument<string?>("KEY")
        {
            Description = "A key, such as listen.smtp, or a section",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var all = new Option<bool>("--all") { Description = "Prints the whole manual as Markdown" };
        var explain = new Command("explain", "Prints what a key means") { key, all };
        explain.SetAction(parsed => Explain(context, parsed, parsed.GetValue(key), parsed.GetValue(all)));
        return new Command("config", "Checks, shows and explains settings") { check, show, explain };
    }

    private static int Check(CommandContext context, ParseResult parsed)
    {
        var mistakes = context.ReadSettings(parsed).Mistakes;
        foreach (var mistake in mistakes)
        {
            if (parsed.GetValue(context.AsJson))
            {
                var data = new JsonObject
                {
                    ["key"] = mistake.Key,
                    ["value"] = mistake.Value,
                    ["right"] = mistake.Right,
                };
                context.Print(parsed, data, "");
            }
            else
            {
                context.Terminal.Error.WriteLine(mistake);
            }
        }

        if (mistakes.Count == 0)
            context.Terminal.Error.WriteLine("the settings are good");
        return mistakes.Count == 0 ? ExitCodes.Done : ExitCodes.Usage;
    }

    private static int Show(CommandContext context, ParseResult parsed)
    {
        var result = context.ReadSettings(parsed);
        foreach (var key in SettingKeys.All)
        {
            var source = result.Sources.GetValueOrDefault(key.Name);
            var value = source?.Text ?? key.Write(result.Settings);
            var from = source?.Name ?? "default";
            var data = new JsonObject
            {
                ["key"] = key.Name,
                ["value"] = value,
                ["source"] = from,
            };
            context.Print(
                parsed,
                data,
                value.Length == 0 ? $"# {key.Name} is not set" : $"{key.Name} = {value}  # {from}"
            );
        }

        foreach (var mistake in result.Mistakes)
            context.Terminal.Error.WriteLine(mistake);
        return result.Mistakes.Count == 0 ? ExitCodes.Done : ExitCodes.Usage;
    }

    private static int Explain(CommandContext context, ParseResult parsed, string? name, bool all)
    {
        if (all)
        {
            context.Terminal.Output.Write(SettingsManual.Markdown());
            return ExitCodes.Done;
        }

        if (name is null)
            throw new CommandFailure(ExitCodes.Usage, "name a key or a section, or say --all");
        var keys = SettingKeys
            .All.Where(k => k.Name == name || k.Name.StartsWith(name + ".", StringComparison.Ordinal))
            .ToList();
        if (keys.Count == 0)
        {
            var hint = NearestKey.Hint(name, SettingKeys.All.Select(k => k.Name));
            throw new CommandFailure(ExitCodes.NotSo, $"{name} is not a known key; {hint}");
        }

        foreach (var key in keys)
        {
            var data = new JsonObject
            {
                ["key"] = key.Name,
                ["doc"] = key.Doc,
                ["value"] = key.Expected,
                ["default"] = key.DefaultText ?? key.Write(new ServerSettings()),
                ["effect"] = key.Effect switch
                {
                    SettingEffect.AtReload => "reload",
                    SettingEffect.AtStart => "start",
                    _ => "later",
                },
            };
            context.Print(parsed, data, $"{key.Name}\n{SettingsManual.Explain(key)}");
        }

        return ExitCodes.Done;
    }
}
