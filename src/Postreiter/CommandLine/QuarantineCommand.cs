using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Postreiter.Control;
using Postreiter.Core;
using Postreiter.Delivery.Learning;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter quarantine list|show|release|delete</c>.</summary>
internal static class QuarantineCommand
{
    public static Command Create(CommandContext context) =>
        new("quarantine", "Mail that was taken and is kept from its readers")
        {
            List(context),
            Show(context),
            Release(context),
            Delete(context),
        };

    private static Command List(CommandContext context)
    {
        var account = new Option<string?>("--account")
        {
            Description = "Only this account's",
            HelpName = "USER@DOMAIN",
        };
        var list = new Command("list", "Lists what is kept, the oldest first") { account };
        list.SetAction(
            (parsed, ct) =>
                ControlCall.RunPagesAsync(
                    context,
                    parsed,
                    ControlVerbs.QuarantineList,
                    after => new JsonObject { ["after"] = after, ["account"] = parsed.GetValue(account) },
                    Line,
                    ct
                )
        );
        return list;
    }

    private static Command Show(CommandContext context)
    {
        var id = new Argument<long>("ID") { Description = "The message's number" };
        var show = new Command("show", "Shows one message safely: its text as text, attachments by name alone") { id };
        show.SetAction(
            (parsed, ct) =>
                ControlCall.RunAsync(
                    context,
                    parsed,
                    ControlVerbs.QuarantineShow,
                    new JsonObject { ["id"] = parsed.GetValue(id) },
                    Full,
                    ct
                )
        );
        return show;
    }

    private static Command Release(CommandContext context)
    {
        var ids = new Argument<long[]>("ID") { Description = "Numbers of messages", Arity = ArgumentArity.OneOrMore };
        var learn = new Option<bool>("--learn")
        {
            Description = "Teaches the filter, for the account alone, that it is good mail",
        };
        var release = new Command("release", "Delivers messages: into the INBOX, or on their way to other servers")
        {
            ids,
            learn,
        };
        release.SetAction(
            async (parsed, ct) =>
            {
                var settings = context.Settings(parsed);
                var rules = parsed.GetValue(learn)
                    ? new LearningRules(SpamCommand.ReadRulesOrNone(context, parsed, settings))
                    : null;
                await using var control = await context.OpenControlAsync(parsed, ct);
                var most = (int)Math.Min(settings.Spam.MaxScanSize, int.MaxValue);
                return await EachAsync(
                    parsed.GetValue(ids)!,
                    id => ReleaseAsync(context, parsed, control, rules, most, id, ct)
                );
            }
        );
        return release;
    }

    private static async Task<int> ReleaseAsync(
        CommandContext context,
        ParseResult parsed,
        IControl control,
        LearningRules? rules,
        int most,
        long id,
        CancellationToken ct
    )
    {
        var arguments = new JsonObject
        {
            ["id"] = id,
            ["learn"] = rules is not null,
            ["most"] = most,
        };
        var reply = await control.CallAsync(ControlVerbs.QuarantineRelease, arguments, ct);
        var outcome = reply.ExitCode;
        foreach (var row in reply.Rows)
        {
            var octets = (string?)row["octets"];
            row.Remove("octets");
            string? why = null;
            if (rules is not null && octets is null)
                why = "it is not for one account alone";
            else if (octets is not null && rules is not null)
            {
                var mail = rules.Read(
                    Convert.FromBase64String(octets),
                    isSpam: false,
                    mayRelearn: true,
                    context.Time.GetUtcNow()
                );
                if (mail is null)
                    why = "it has no header";
                else
                {
                    var learned = await control.CallAsync(
                        ControlVerbs.SpamLearn,
                        new JsonObject
                        {
                            ["account"] = (string?)row["account"],
                            ["mails"] = new JsonArray(SpamLearnCommand.Row(mail, "ham")),
                        },
                        ct
                    );
                    if (learned.ExitCode != ExitCodes.Done)
                    {
                        why = "the filter could not be taught";
                        // It is released all the same, and cannot be released again.
                        outcome = Math.Max(outcome, context.Finish(learned));
                    }
                }
            }

            if (rules is not null)
                row["learned"] = why is null;
            context.Print(
                parsed,
                row,
                $"{row["id"]} released"
                    + (
                        rules is null ? ""
                        : why is null ? " and learned"
                        : $", not learned: {why}"
                    )
            );
        }

        return Math.Max(outcome, context.Finish(reply));
    }

    private static Command Delete(CommandContext context)
    {
        var ids = new Argument<long[]>("ID") { Description = "Numbers of messages", Arity = ArgumentArity.OneOrMore };
        var delete = new Command("delete", "Deletes messages for good; nobody is told") { ids };
        delete.SetAction(
            (parsed, ct) =>
                EachAsync(
                    parsed.GetValue(ids)!,
                    id =>
                        ControlCall.RunAsync(
                            context,
                            parsed,
                            ControlVerbs.QuarantineDelete,
                            new JsonObject { ["id"] = id },
                            row => $"{row["id"]} deleted",
                            ct
                        )
                )
        );
        return delete;
    }

    // All of them, whatever becomes of one; the worst outcome is the command's.
    private static async Task<int> EachAsync(long[] ids, Func<long, Task<int>> act)
    {
        var worst = ExitCodes.Done;
        foreach (var id in ids)
            worst = Math.Max(worst, await act(id));
        return worst;
    }

    private static string Line(JsonObject row) =>
        Terminal.Plain(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{row["id"]}  {row["date"]}  {ByteSize.Format((long?)row["size"] ?? 0)}  {row["account"] ?? "-"}  from <{row["sender"]}>  to {string.Join(' ', (row["recipients"] as JsonArray ?? []).Select(static r => $"{r}"))}"
            )
        ) + $"\n    {Terminal.Plain($"{row["reason"]}")}\n    {Terminal.Plain($"{row["subject"]}")}";

    private static string Full(JsonObject row)
    {
        var text = new StringBuilder(Line(row));
        foreach (var key in new[] { "trace", "from", "to" })
            text.Append(CultureInfo.InvariantCulture, $"\n{key}: {Terminal.Plain($"{row[key]}")}");
        foreach (var part in (row["parts"] as JsonArray ?? []).OfType<JsonObject>())
            text.Append(
                    CultureInfo.InvariantCulture,
                    $"\npart: {Terminal.Plain($"{part["type"]}")}, {ByteSize.Format((long?)part["size"] ?? 0)}"
                )
                .Append(part["name"] is { } name ? $", \"{Terminal.Plain($"{name}")}\"" : "");
        if ((string?)row["text"] is { } body)
        {
            text.Append('\n');
            foreach (var line in body.ReplaceLineEndings("\n").Split('\n'))
                text.Append("\n| ").Append(Terminal.Plain(line));
        }

        return text.ToString();
    }
}
