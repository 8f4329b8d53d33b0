using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Postreiter.Control;
using Postreiter.Storage.Mail;
using Postreiter.Transfer;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter mail import|export|undelete</c>.</summary>
internal static class MailCommand
{
    private const int MostEntries = 1_000_000;

    public static Command Create(CommandContext context) =>
        new("mail", "Brings mail in and out, and back")
        {
            Import(context),
            Export(context),
            UndeleteCommand.Create(context, Account()),
        };

    private static Command Import(CommandContext context)
    {
        var (account, mailbox, path) = Common("An mbox file, a Maildir folder or a folder of .eml files");
        var command = new Command("import", "Files messages into a mailbox; exit code 1 when some were skipped")
        {
            account,
            mailbox,
            path,
        };
        command.SetAction(
            (parsed, ct) =>
                ImportAsync(
                    context,
                    parsed,
                    parsed.GetValue(account)!,
                    parsed.GetValue(mailbox)!,
                    parsed.GetValue(path)!,
                    ct
                )
        );
        return command;
    }

    private static Command Export(CommandContext context)
    {
        var (account, mailbox, path) = Common("A new file or folder");
        var format = new Option<string>("--format")
        {
            Description = "What is written (default: mbox where PATH ends in .mbox, else maildir)",
        };
        format.AcceptOnlyFromAmong("mbox", "maildir", "eml");
        var command = new Command("export", "Writes the messages of a mailbox") { account, mailbox, format, path };
        command.SetAction(
            (parsed, ct) =>
            {
                var target = parsed.GetValue(path)!;
                var form =
                    parsed.GetValue(format)
                    ?? (target.EndsWith(".mbox", StringComparison.OrdinalIgnoreCase) ? "mbox" : "maildir");
                return ExportAsync(
                    context,
                    parsed,
                    parsed.GetValue(account)!,
                    parsed.GetValue(mailbox)!,
                    form,
                    target,
                    ct
                );
            }
        );
        return command;
    }

    private static async Task<int> ImportAsync(
        CommandContext context,
        ParseResult parsed,
        string account,
        string mailbox,
        string path,
        CancellationToken ct
    )
    {
        var maxBytes = context.Settings(parsed).Smtp.MaxMessageSize;
        if (!File.Exists(path) && !Directory.Exists(path))
            throw new CommandFailure(ExitCodes.Usage, $"{path} is not there");
        await using var control = await context.OpenControlAsync(parsed, ct);
        var known = await control.CallAsync(ControlVerbs.MailAccount, new JsonObject { ["account"] = account }, ct);
        if (known.ExitCode != ExitCodes.Done)
            return context.Finish(known);

        await using var file = File.Exists(path) ? File.OpenRead(path) : null;
        var messages =
            file is not null ? MboxFormat.ReadAsync(file, maxBytes, ct)
            : MailFolder.IsMaildir(path) ? MailFolder.ReadMaildirAsync(path, maxBytes, ct)
            : MailFolder.ReadEmlAsync(path, maxBytes, ct);
        var total = file?.Length ?? MailFolder.Count(path);
        using var bar = new TransferBar(context.Terminal, context.Time, "imported");
        var (imported, skipped) = (0, 0);
        await foreach (var message in messages)
        {
            var why =
                message.Skipped
                ?? (imported + skipped >= MostEntries ? $"more than {MostEntries} entries (L32)" : null);
            if (why is null && message.Bytes is { } bytes)
            {
                var target = new AppendTarget(account, message.Mailbox ?? mailbox, message.Flags, message.Date);
                var reply = await control.AppendAsync(target, bytes, ct);
                // L32: what cannot be filed (the quota, a name that is none) is named, and the rest goes on.
                if (reply.ExitCode is not (ExitCodes.Done or ExitCodes.NotSo))
                {
                    bar.Dispose();
                    Report(context, parsed, "imported", imported, skipped);
                    return context.Finish(reply);
                }

                why = reply.ExitCode == ExitCodes.Done ? null : reply.Message;
            }

            if (why is null)
            {
                imported++;
            }
            else
            {
                skipped++;
                bar.Say($"skipped: {message.Source}: {why}");
            }

            bar.Report((file is null ? imported + skipped : message.Read, total));
        }

        bar.Dispose();
        Report(context, parsed, "imported", imported, skipped);
        // A script that removes the source afterwards must notice.
        return skipped == 0 ? ExitCodes.Done : ExitCodes.NotSo;
    }

    private static async Task<int> ExportAsync(
        CommandContext context,
        ParseResult parsed,
        string account,
        string mailbox,
        string format,
        string path,
        CancellationToken ct
    )
    {
        if (File.Exists(path) || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any()))
            throw new CommandFailure(ExitCodes.NotSo, $"{path} is there already");
        await using var control = await context.OpenControlAsync(parsed, ct);
        var arguments = new JsonObject { ["account"] = account, ["mailbox"] = mailbox };
        var list = await control.CallAsync(ControlVerbs.MailList, arguments, ct);
        if (list.ExitCode != ExitCodes.Done)
            return context.Finish(list);

        await using var mbox = format == "mbox" ? new FileStream(path, FileMode.CreateNew) : null;
        if (format == "maildir")
            MailFolder.CreateMaildir(path);
        else if (format == "eml")
            Directory.CreateDirectory(path);
        using var bar = new TransferBar(context.Terminal, context.Time, "exported");
        var (exported, gone) = (0, 0);
        foreach (var row in list.Rows)
        {
            var uid = (uint)((long?)row["uid"] ?? 0);
            var flags = (SystemFlags)((int?)row["flags"] ?? 0);
            var date = DateTimeOffset.Parse((string?)row["date"] ?? "", CultureInfo.InvariantCulture);
            using var bytes = new MemoryStream();
            if (!await control.CopyMessageAsync(account, mailbox, uid, bytes, ct))
            {
                // Expunged since it was listed.
                gone++;
                continue;
            }

            var message = bytes.ToArray();
            if (mbox is not null)
                await MboxFormat.WriteAsync(mbox, message, date, flags, ct);
            else if (format == "maildir")
                await WriteMaildirAsync(path, message, date, uid, flags, ct);
            else
                await WriteFileAsync(Path.Combine(path, $"{uid:D10}.eml"), message, date, ct);
            exported++;
            bar.Report((exported + gone, list.Rows.Count));
        }

        bar.Dispose();
        Report(context, parsed, "exported", exported, gone);
        return ExitCodes.Done;
    }

    private static async Task WriteMaildirAsync(
        string folder,
        byte[] message,
        DateTimeOffset date,
        uint uid,
        SystemFlags flags,
        CancellationToken ct
    )
    {
        var name = MailFolder.MaildirName(date, uid, flags);
        var temporary = Path.Combine(folder, "tmp", name);
        await WriteFileAsync(temporary, LineEnds.ToLf(message), date, ct);
        File.Move(temporary, Path.Combine(folder, "cur", name));
    }

    // The time of the file is when the message came in; an import takes it from there.
    private static async Task WriteFileAsync(string path, byte[] message, DateTimeOffset date, CancellationToken ct)
    {
        await File.WriteAllBytesAsync(path, message, ct);
        File.SetLastWriteTimeUtc(path, date.UtcDateTime);
    }

    private static void Report(CommandContext context, ParseResult parsed, string verb, int done, int skipped) =>
        context.Print(
            parsed,
            new JsonObject { [verb] = done, ["skipped"] = skipped },
            $"{done} {verb}, {skipped} skipped"
        );

    private static (Option<string> Account, Option<string> Mailbox, Argument<string> Path) Common(string path) =>
        (
            Account(),
            new Option<string>("--mailbox")
            {
                Description = "The mailbox",
                HelpName = "NAME",
                DefaultValueFactory = _ => Mailbox.Inbox,
            },
            new Argument<string>("PATH") { Description = path }
        );

    private static Option<string> Account() =>
        new("--account")
        {
            Description = "Whose mail",
            HelpName = "USER@DOMAIN",
            Required = true,
        };
}
