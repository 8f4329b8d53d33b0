using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Postreiter.Settings;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Scanning;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter spam check|explain|lint|update|learn|bayes</c>: the first four work without a data folder, and while the server runs.</summary>
internal static class SpamCommand
{
    /// <summary><c>--config</c> of the verbs that read rules.</summary>
    public static readonly Option<string[]> Config = new("--config")
    {
        Description =
            "A file of rules or settings in SpamAssassin's language, read behind those of spam.rules; may be repeated",
        HelpName = "FILE",
    };

    public static Command Create(CommandContext context) =>
        new(
            "spam",
            "Checks mail for spam, explains rules, reads and updates rulesets, learns. Rulesets are those of the setting spam.rules, e.g. "
                + "--set 'spam.rules=[\"/usr/share/spamassassin\"]'"
        )
        {
            SpamCheckCommand.Create(context),
            Explain(context),
            Lint(context),
            SpamUpdateCommand.Create(context),
            SpamLearnCommand.Create(context),
            SpamBayesCommand.Create(context),
        };

    /// <summary>The ruleset of the settings.</summary>
    /// <exception cref="CommandFailure">There is none, or it cannot be read.</exception>
    public static Ruleset ReadRules(
        CommandContext context,
        ParseResult parsed,
        ServerSettings settings,
        bool asksNetwork = false
    )
    {
        var paths = Paths(context, parsed, settings);
        return Read(parsed, paths, asksNetwork)
            ?? throw new CommandFailure(
                ExitCodes.NotSo,
                $"spam scoring is off: there are no rules in {string.Join(", ", paths)}; "
                    + "install the package spamassassin, or name folders in spam.rules"
            );
    }

    /// <summary>As <see cref="ReadRules"/>; where there are no rules, what holds without any: to learn needs none.</summary>
    public static Ruleset ReadRulesOrNone(CommandContext context, ParseResult parsed, ServerSettings settings) =>
        Read(parsed, Paths(context, parsed, settings), asksNetwork: false) ?? new RulesetReader().Complete();

    private static Ruleset? Read(ParseResult parsed, IReadOnlyList<string> paths, bool asksNetwork)
    {
        var further = parsed.GetValue(Config) ?? [];
        if (Array.Find(further, file => !File.Exists(file)) is { } missing)
            throw new CommandFailure(ExitCodes.Usage, $"there is no file {missing}, which --config names");
        try
        {
            return RuleSources.Read(paths, new RulesetOptions { IsLocal = !asksNetwork }, last: further);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure(ExitCodes.Failed, $"the rules cannot be read: {e.Message}");
        }
    }

    private static IReadOnlyList<string> Paths(CommandContext context, ParseResult parsed, ServerSettings settings)
    {
        var folder = context.Folder(parsed);
        return RuleSources.WithStarter(
            RuleSources.WithUpdates(settings.Spam.Rules.Select(folder.Resolve), folder.RuleUpdates),
            RuleSources.Packaged,
            RuleSources.Starter
        );
    }

    private static Command Lint(CommandContext context)
    {
        var command = new Command(
            "lint",
            "Reads the rulesets; says each line that is wrong (exit code 1) and each that asks for what this engine cannot do"
        )
        {
            Config,
        };
        command.SetAction(parsed =>
        {
            var settings = context.SettingsOrDefaults(parsed);
            var rules = ReadRules(context, parsed, settings, settings.Spam.Network);
            var warnings = RuleCheck.Warnings(rules).ToList();
            foreach (var warning in warnings)
            {
                var row = new JsonObject
                {
                    ["file"] = warning.File,
                    ["line"] = warning.Line,
                    ["message"] = warning.Message,
                    ["error"] = warning.IsError,
                };
                context.Print(parsed, row, (warning.IsError ? "" : "note: ") + warning);
            }

            var errors = warnings.Count(w => w.IsError);
            context.Terminal.Error.WriteLine(
                $"{rules.Count} rules in force; {errors} lines are wrong, {warnings.Count - errors} ask for what this engine cannot do"
            );
            return errors == 0 ? ExitCodes.Done : ExitCodes.NotSo;
        });
        return command;
    }

    private static Command Explain(CommandContext context)
    {
        var name = new Argument<string>("RULE") { Description = "The name of a rule, such as BAYES_99" };
        var command = new Command("explain", "Says what a rule looks at, what it gives and where it stands")
        {
            name,
            Config,
        };
        command.SetAction(parsed =>
        {
            var settings = context.SettingsOrDefaults(parsed);
            var rules = ReadRules(context, parsed, settings, settings.Spam.Network);
            var wanted = parsed.GetValue(name)!;
            if (!rules.TryGetRule(wanted, out var rule))
            {
                throw new CommandFailure(
                    ExitCodes.NotSo,
                    $"{wanted} is no rule in force; {NearestKey.Hint(wanted, rules.Rules.Select(r => r.Name))}"
                );
            }

            var row = Row(rule, rules);
            context.Print(parsed, row, string.Join('\n', row.Select(Line)));
            return ExitCodes.Done;
        });
        return command;
    }

    private static JsonObject Row(Rule rule, Ruleset rules)
    {
        var row = new JsonObject
        {
            ["name"] = rule.Name,
            ["kind"] = rule.Kind.ToString().ToLowerInvariant(),
            ["definition"] = rule.Definition,
            ["file"] = rule.File,
            ["line"] = rule.Line,
            ["description"] = rule.Description,
            ["points"] = new JsonArray([.. rule.Scores.Select(s => JsonValue.Create(s))]),
            ["priority"] = rule.Priority,
            ["flags"] = rule.Flags.Text,
        };
        if (rule.Function.Length > 0)
            row["function"] = rule.Function;
        var users = rules.Rules.Where(r => r.Expression?.Names.Contains(rule.Name) == true).Select(r => r.Name);
        row["used_by"] = new JsonArray([.. users.Select(u => JsonValue.Create(u))]);
        var notes = RuleCheck.Warnings(rules).Where(w => w.File == rule.File && w.Line == rule.Line);
        row["notes"] = new JsonArray([.. notes.Select(w => JsonValue.Create(w.Message))]);
        return row;
    }

    private static string Line(KeyValuePair<string, JsonNode?> field) =>
        field.Value is JsonArray list
            ? $"{field.Key, -12} {string.Join(", ", list.Select(n => n is JsonValue v && v.TryGetValue<double>(out var points) ? points.ToString(CultureInfo.InvariantCulture) : n?.ToString()))}"
            : $"{field.Key, -12} {field.Value}";
}
