using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Postreiter.Control;
using Postreiter.Core;
using Postreiter.Delivery.Learning;
using Postreiter.Replay;
using Postreiter.Settings;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Scanning;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter spam explain RULE|ID</c>: what a rule looks at; or why a stored mail has its verdict, rule by rule, and which words weighed.</summary>
internal static class SpamExplainCommand
{
    public static Command Create(CommandContext context)
    {
        var what = new Argument<string>("RULE|ID")
        {
            Description =
                "The name of a rule, such as BAYES_99; or a stored mail: its id, as its 250, its Received field and postreiter trace have it, or "
                + "USER@DOMAIN/MAILBOX/UID",
        };
        var words = new Option<int>("--words")
        {
            Description = "Shows so many of the words that weighed most",
            HelpName = "N",
            DefaultValueFactory = _ => 15,
        };
        var command = new Command(
            "explain",
            "Says what a rule looks at, what it gives and where it stands; or why a stored mail got its verdict: each rule that hit then or hits now, "
                + "with points, and the words that weighed most in what is learned"
        )
        {
            what,
            words,
            SpamCommand.Config,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(words) is < 0 or > 150)
                result.AddError("--words is a number from 0 to 150: no more of them weigh");
        });
        command.SetAction(
            (parsed, ct) =>
            {
                var settings = context.SettingsOrDefaults(parsed);
                var rules = SpamCommand.ReadRules(context, parsed, settings, settings.Spam.Network);
                var wanted = parsed.GetValue(what)!;
                // A rule of that name is meant, whatever else it looks like: ids are letters and digits too.
                if (rules.TryGetRule(wanted, out var rule))
                {
                    var row = Row(rule, rules);
                    context.Print(parsed, row, string.Join('\n', row.Select(Line)));
                    return Task.FromResult(ExitCodes.Done);
                }

                if (!context.HasScanner || Place(wanted) is not { } place)
                    throw new CommandFailure(
                        ExitCodes.NotSo,
                        $"{wanted} is no rule in force, and no id of a mail; {NearestKey.Hint(wanted, rules.Rules.Select(r => r.Name))}"
                    );
                return ExplainAsync(context, parsed, rules, place, parsed.GetValue(words), ct);
            }
        );
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

    // A mailbox's name may have slashes in it, an address and a UID have none.
    private static JsonObject? Place(string text)
    {
        if (TraceId.TryParse(text, out var id))
            return new JsonObject { ["id"] = id.ToString() };
        var (first, last) = (text.IndexOf('/', StringComparison.Ordinal), text.LastIndexOf('/'));
        return
            first > 0
            && last > first
            && EmailAddress.TryParse(text.AsSpan(0, first).ToString(), out var account)
            && uint.TryParse(text.AsSpan(last + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var uid)
            ? new JsonObject
            {
                ["account"] = account.ToString(),
                ["mailbox"] = text[(first + 1)..last],
                ["uid"] = (long)uid,
            }
            : null;
    }

    private static async Task<int> ExplainAsync(
        CommandContext context,
        ParseResult parsed,
        Ruleset rules,
        JsonObject place,
        int words,
        CancellationToken ct
    )
    {
        var (settings, folder) = (context.Settings(parsed), context.Folder(parsed));
        await using var control = await context.OpenControlAsync(parsed, ct);
        place["most"] = settings.Spam.MaxScanSize;
        var reply = await control.CallAsync(ControlVerbs.MailFind, place, ct);
        using var learned = new LearnedSnapshot(control, folder.Exchange, new LearningRules(rules), context.Time);
        var judge = new MailJudge(
            rules,
            learned,
            new PreferenceFolder(folder.Resolve(settings.Spam.Preferences)),
            settings.Spam.Network
        )
        {
            MaxBytes = (int)settings.Spam.MaxScanSize,
        };
        foreach (var found in reply.Rows)
        {
            var row = found;
            // Of large mails with many copies the later ones come one by one.
            if (row["octets"] is null && row["damaged"] is null)
            {
                row["most"] = settings.Spam.MaxScanSize;
                var one = await control.CallAsync(ControlVerbs.MailFind, row, ct);
                if (one.Rows is not [var whole])
                    return context.Finish(one);
                row = whole;
            }

            var mail =
                StoredMail.FromRow(row, out var why)
                ?? throw new CommandFailure(ExitCodes.Failed, $"the mail cannot be read: {why}");
            await learned.UseAsync(mail.Account, ct);
            WeighedWords? weighed = null;
            learned.Told = (set, score) => weighed = WeighedWords.Of(set, score, words);
            var now = await judge.JudgeAsync(mail, ct);
            var explained = new ExplainedMail(
                mail,
                mail.Then,
                now,
                mail.Threshold ?? now.UserRequired ?? settings.Spam.Threshold,
                weighed,
                rules
            );
            context.Print(parsed, explained.ToJson(), explained.ToString());
        }

        return context.Finish(reply);
    }
}
