using System.CommandLine;
using System.Text.Json.Nodes;
using Postreiter.Settings;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Scanning;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter spam check|explain|lint|update|learn|bayes|replay</c>: the first four work without a data folder, and while the server runs.</summary>
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
            SpamExplainCommand.Create(context),
            Lint(context),
            SpamUpdateCommand.Create(context),
            SpamLearnCommand.Create(context),
            SpamBayesCommand.Create(context),
            SpamReplayCommand.Create(context),
        };

    /// <summary>The ruleset of the settings.</summary>
    /// <param name="context">The way to the data folder.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="asksNetwork">Whether rules may ask the network.</param>
    /// <param name="instead">Folders and files in place of those of the settings; none = those.</param>
    /// <exception cref="CommandFailure">There is none, or it cannot be read.</exception>
    public static Ruleset ReadRules(
        CommandContext context,
        ParseResult parsed,
        ServerSettings settings,
        bool asksNetwork = false,
        IReadOnlyList<string>? instead = null
    )
    {
        var paths = Paths(context, parsed, settings, instead);
        return Read(parsed.GetValue(Config) ?? [], paths, asksNetwork)
            ?? throw new CommandFailure(
                ExitCodes.NotSo,
                $"spam scoring is off: there are no rules in {string.Join(", ", paths)}; "
                    + "install the package spamassassin, or name folders in spam.rules"
            );
    }

    /// <summary>As <see cref="ReadRules"/>; where there are no rules, what holds without any: to learn needs none.</summary>
    public static Ruleset ReadRulesOrNone(CommandContext context, ParseResult parsed, ServerSettings settings) =>
        Read(parsed.GetValue(Config) ?? [], Paths(context, parsed, settings), asksNetwork: false)
        ?? new RulesetReader().Complete();

    /// <summary>The ruleset as a server of these settings has it, without those of <see cref="Config"/>; null where there are none.</summary>
    public static Ruleset? ReadRulesInForce(CommandContext context, ParseResult parsed, ServerSettings settings) =>
        Read([], Paths(context, parsed, settings), settings.Spam.Network);

    private static Ruleset? Read(string[] further, IReadOnlyList<string> paths, bool asksNetwork)
    {
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

    private static IReadOnlyList<string> Paths(
        CommandContext context,
        ParseResult parsed,
        ServerSettings settings,
        IReadOnlyList<string>? instead = null
    )
    {
        var folder = context.Folder(parsed);
        // What is named on the command line is found from where it is run, and is all there is: an update of the site's is not added.
        if (instead is { Count: > 0 })
            return [.. instead.Select(Path.GetFullPath)];
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
}
