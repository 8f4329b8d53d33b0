using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Postreiter.Control;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter spam bayes dump|backup|restore|clear|expire</c>: what was learned, as a whole.</summary>
internal static class SpamBayesCommand
{
    public static Command Create(CommandContext context) =>
        new("bayes", "What was learned of spam: shows it, takes it along, brings it back, forgets it")
        {
            Dump(context),
            Backup(context),
            Restore(context),
            Clear(context),
            Expire(context),
        };

    private static Option<string?> Account() =>
        new("--account")
        {
            Description = "What this account learned (default: what the server learned)",
            HelpName = "USER@DOMAIN",
        };

    private static Command Dump(CommandContext context)
    {
        var account = Account();
        var tokens = new Option<bool>("--tokens")
        {
            Description = "Also a line for each token: probability, spam, ham, time, key",
        };
        var command = new Command("dump", "Says how much was learned, in the form of sa-learn --dump")
        {
            account,
            tokens,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                await using var control = await context.OpenControlAsync(parsed, ct);
                var arguments = new JsonObject { ["account"] = parsed.GetValue(account) };
                var reply = await control.CallAsync(ControlVerbs.SpamLearned, arguments, ct);
                foreach (var row in reply.Rows)
                    context.Print(parsed, row, Lines(row));
                if (reply.ExitCode == ExitCodes.Done && parsed.GetValue(tokens))
                    return await DumpTokensAsync(context, parsed, control, parsed.GetValue(account), ct);
                return context.Finish(reply);
            }
        );
        return command;
    }

    private static string Lines(JsonObject row)
    {
        (string Name, string Key)[] numbers =
        [
            ("nspam", "spam"),
            ("nham", "ham"),
            ("ntokens", "tokens"),
            ("oldest atime", "oldest"),
            ("newest atime", "newest"),
            ("last expiry atime", "expired"),
            ("last expire atime delta", "expired_age"),
            ("last expire reduction count", "expired_tokens"),
        ];
        return string.Join(
            '\n',
            numbers.Select(n => $"0.000          0 {(long?)row[n.Key] ?? 0, 10}          0  non-token data: {n.Name}")
        );
    }

    private static async Task<int> DumpTokensAsync(
        CommandContext context,
        ParseResult parsed,
        IControl control,
        string? account,
        CancellationToken ct
    )
    {
        using var file = context.Folder(parsed).Exchange.NewFile();
        var arguments = new JsonObject { ["account"] = account, ["file"] = file.Name };
        var reply = await control.CallAsync(ControlVerbs.SpamBackup, arguments, ct);
        if (reply.ExitCode != ExitCodes.Done)
            return context.Finish(reply);
        var (spam, ham) = ((double)((long?)reply.Rows[0]["spam"] ?? 0), (double)((long?)reply.Rows[0]["ham"] ?? 0));
        await foreach (var line in File.ReadLinesAsync(file.FullPath, ct))
        {
            if (line.Split('\t') is not ["t", var s, var h, var time, var key])
                continue;
            var (inSpam, inHam) = (
                double.Parse(s, CultureInfo.InvariantCulture),
                double.Parse(h, CultureInfo.InvariantCulture)
            );
            // As sa-learn --dump has it: Robinson's f(w), 0.5 where nothing was learned of one kind.
            var plain = spam > 0 && ham > 0 ? inSpam * ham / ((inHam * spam) + (inSpam * ham)) : 0.5;
            var probability = ((0.030 * 0.538) + ((inSpam + inHam) * plain)) / (0.030 + inSpam + inHam);
            var row = new JsonObject
            {
                ["key"] = key,
                ["probability"] = Math.Round(probability, 3),
                ["spam"] = inSpam,
                ["ham"] = inHam,
                ["time"] = long.Parse(time, CultureInfo.InvariantCulture),
            };
            context.Print(
                parsed,
                row,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{probability:F3} {inSpam, 10} {inHam, 10} {time, 10}  {key}"
                )
            );
        }

        return ExitCodes.Done;
    }

    private static Command Backup(CommandContext context)
    {
        var account = Account();
        var file = new Argument<string>("FILE") { Description = "A new file; - is standard output" };
        var command = new Command("backup", "Writes all that was learned, in the form of sa-learn --backup")
        {
            account,
            file,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var target = parsed.GetValue(file)!;
                if (target != "-" && File.Exists(target))
                    throw new CommandFailure(ExitCodes.NotSo, $"{target} is there already");
                await using var control = await context.OpenControlAsync(parsed, ct);
                using var written = context.Folder(parsed).Exchange.NewFile();
                var arguments = new JsonObject { ["account"] = parsed.GetValue(account), ["file"] = written.Name };
                var reply = await control.CallAsync(ControlVerbs.SpamBackup, arguments, ct);
                if (reply.ExitCode != ExitCodes.Done)
                    return Finish(context, target, reply);
                if (target == "-")
                {
                    await foreach (var line in File.ReadLinesAsync(written.FullPath, Encoding.Latin1, ct))
                        context.Terminal.Output.Write(line + "\n");
                    return ExitCodes.Done;
                }

                await CopyAsync(written.FullPath, target, ct);
                foreach (var row in reply.Rows)
                    context.Print(
                        parsed,
                        row,
                        $"{row["tokens"]} tokens of {row["spam"]} spam and {row["ham"]} ham mails"
                    );
                return ExitCodes.Done;
            }
        );
        return command;
    }

    private static Command Restore(CommandContext context)
    {
        var account = Account();
        var file = new Argument<string>("FILE")
        {
            Description = "A file of sa-learn --backup or of spam bayes backup; - is standard input",
        };
        var command = new Command("restore", "Puts what a backup says in the place of all that was learned")
        {
            account,
            file,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var source = parsed.GetValue(file)!;
                if (source != "-" && !File.Exists(source))
                    throw new CommandFailure(ExitCodes.Usage, $"{source} is not there");
                await using var control = await context.OpenControlAsync(parsed, ct);
                using var given = context.Folder(parsed).Exchange.NewFile();
                await FillAsync(
                    given,
                    source == "-" ? context.Terminal.OpenInput : () => File.OpenRead(source),
                    source,
                    ct
                );
                var arguments = new JsonObject { ["account"] = parsed.GetValue(account), ["file"] = given.Name };
                var reply = await control.CallAsync(ControlVerbs.SpamRestore, arguments, ct);
                foreach (var row in reply.Rows)
                {
                    context.Print(
                        parsed,
                        row,
                        $"{row["tokens"]} tokens of {row["spam"]} spam and {row["ham"]} ham mails, {row["mails"]} names of mails; {row["passed_over"]} lines passed over"
                    );
                }

                return Finish(context, source, reply);
            }
        );
        return command;
    }

    // The server speaks of a file that it was handed; people know it by the name that they gave.
    private static int Finish(CommandContext context, string file, ControlReply reply) =>
        context.Finish(reply.Message is { } message ? reply with { Message = $"{file}: {message}" } : reply);

    private static async Task CopyAsync(string from, string to, CancellationToken ct)
    {
        // Under its name a backup is whole and on the disk: nobody tells half of one from all of it by looking.
        var part = to + ".part";
        var isOurs = false;
        try
        {
            await using var source = File.OpenRead(from);
            await using (var target = new FileStream(part, FileMode.CreateNew, FileAccess.Write))
            {
                isOurs = true;
                await source.CopyToAsync(target, ct);
                target.Flush(flushToDisk: true);
            }

            File.Move(part, to);
            isOurs = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure(ExitCodes.Failed, $"{to} cannot be written: {e.Message}");
        }
        finally
        {
            if (isOurs)
                File.Delete(part);
        }
    }

    private static async Task FillAsync(ExchangeFile file, Func<Stream> open, string source, CancellationToken ct)
    {
        try
        {
            await using var input = open();
            await file.FillAsync(input, ct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure(ExitCodes.Failed, $"{source} cannot be handed to the server: {e.Message}");
        }
    }

    private static Command Clear(CommandContext context)
    {
        var account = Account();
        var command = new Command("clear", "Forgets all that was learned") { account };
        command.SetAction(
            (parsed, ct) =>
                ControlCall.RunAsync(
                    context,
                    parsed,
                    ControlVerbs.SpamClear,
                    new JsonObject { ["account"] = parsed.GetValue(account) },
                    static _ => "",
                    ct
                )
        );
        return command;
    }

    private static Command Expire(CommandContext context)
    {
        var account = Account();
        var command = new Command(
            "expire",
            "Forgets tokens that were of use to no mail for a long time, where there are too many"
        )
        {
            account,
        };
        command.SetAction(
            (parsed, ct) =>
            {
                var settings = context.Settings(parsed);
                var rules = SpamCommand.ReadRulesOrNone(context, parsed, settings);
                var arguments = new JsonObject
                {
                    ["account"] = parsed.GetValue(account),
                    ["most"] = (long)rules.Settings.Number("bayes_expiry_max_db_size"),
                };
                return ControlCall.RunAsync(
                    context,
                    parsed,
                    ControlVerbs.SpamExpire,
                    arguments,
                    static row => $"{row["removed"]} tokens forgotten, {row["kept"]} kept",
                    ct
                );
            }
        );
        return command;
    }
}
