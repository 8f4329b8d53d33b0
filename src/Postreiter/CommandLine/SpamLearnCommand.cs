using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Postreiter.Control;
using Postreiter.Delivery.Learning;
using Postreiter.Storage.Learning;
using Postreiter.Transfer;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter spam learn --spam|--ham|--forget PATH…|-</c>: shows mails to the filter, or takes back what it learned of them.</summary>
internal static class SpamLearnCommand
{
    // One unit of work of the store, and what is divided into tokens side by side.
    private const int BatchMails = 200;
    private const long BatchBytes = 8 * 1024 * 1024;
    private const int MostNamed = 1000;

    public static Command Create(CommandContext context)
    {
        var spam = new Option<bool>("--spam") { Description = "The mails are spam" };
        var ham = new Option<bool>("--ham") { Description = "The mails are good" };
        var forget = new Option<bool>("--forget") { Description = "Takes back what was learned of the mails" };
        var account = new Option<string?>("--account")
        {
            Description = "Learns for this account alone (default: for the server)",
            HelpName = "USER@DOMAIN",
        };
        var paths = new Argument<string[]>("PATH")
        {
            Description = "Files, folders (searched in depth), Maildirs or mbox files; - is standard input",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command(
            "learn",
            "Learns from mails; one that is learned already counts once, and moves when it is shown as the other; exit code 1 when some could not be read"
        )
        {
            spam,
            ham,
            forget,
            account,
            paths,
        };
        command.Validators.Add(result =>
        {
            if (new[] { spam, ham, forget }.Count(option => result.GetValue(option)) != 1)
                result.AddError("say what the mails are: one of --spam, --ham and --forget");
        });
        command.SetAction(
            (parsed, ct) =>
                LearnAsync(
                    context,
                    parsed,
                    parsed.GetValue(spam) ? "spam"
                        : parsed.GetValue(ham) ? "ham"
                        : "forget",
                    parsed.GetValue(account),
                    parsed.GetValue(paths)!,
                    ct
                )
        );
        return command;
    }

    private static async Task<int> LearnAsync(
        CommandContext context,
        ParseResult parsed,
        string kind,
        string? account,
        string[] paths,
        CancellationToken ct
    )
    {
        var settings = context.Settings(parsed);
        var files = MailPaths.Find(paths);
        var rules = new LearningRules(SpamCommand.ReadRulesOrNone(context, parsed, settings));
        await using var control = await context.OpenControlAsync(parsed, ct);
        var sources = new MailSources(files, context.Terminal.OpenInput, settings.Smtp.MaxMessageSize);
        using var bar = new TransferBar(context.Terminal, context.Time, kind == "forget" ? "forgotten" : "learned");
        var skipped = 0;
        var run = new Run(
            context,
            control,
            rules,
            kind,
            account,
            (int)Math.Min(settings.Spam.MaxScanSize, int.MaxValue),
            Skip
        );
        var (total, began) = (sources.TotalBytes, context.Time.GetTimestamp());
        ControlReply? failure = null;
        await foreach (var mail in sources.ReadAsync(ct))
        {
            if (mail.Skipped is { } why)
            {
                Skip(mail.Source, why);
                continue;
            }

            failure = await run.AddAsync(mail.Source, mail.Bytes!, ct);
            if (failure is not null)
                break;
            var seconds = Math.Max(context.Time.GetElapsedTime(began).TotalSeconds, 0.001);
            bar.Detail = string.Create(
                CultureInfo.InvariantCulture,
                $", {run.Examined} mails, {run.Examined / seconds:F0} mails/s"
            );
            bar.Report((sources.BytesRead, total));
        }

        failure ??= await run.FlushAsync(ct);
        bar.Dispose();
        if (skipped > MostNamed)
            context.Terminal.Error.WriteLine($"skipped: {skipped - MostNamed} more");
        var verb = kind == "forget" ? "Forgot" : "Learned";
        context.Print(
            parsed,
            new JsonObject
            {
                ["changed"] = run.Changed,
                ["examined"] = run.Examined,
                ["skipped"] = skipped,
            },
            $"{verb} tokens from {run.Changed} message(s) ({run.Examined} message(s) examined)"
        );
        if (failure is not null)
            return context.Finish(failure);
        return skipped == 0 ? ExitCodes.Done : ExitCodes.NotSo;

        void Skip(string source, string why)
        {
            if (++skipped <= MostNamed)
                bar.Say($"skipped: {source}: {why}");
        }
    }

    /// <summary>Mails on their way: read, divided into tokens side by side, learned in batches.</summary>
    private sealed class Run(
        CommandContext context,
        IControl control,
        LearningRules rules,
        string kind,
        string? account,
        int maxScan,
        Action<string, string> skip
    )
    {
        private readonly List<(string Source, byte[] Mail)> _batch = [];
        private long _bytes;

        public int Examined { get; private set; }

        public long Changed { get; private set; }

        /// <summary>Takes a mail.</summary>
        /// <returns>Why it cannot go on; null when it can.</returns>
        public async Task<ControlReply?> AddAsync(string source, byte[] mail, CancellationToken ct)
        {
            _batch.Add((source, mail));
            _bytes += mail.Length;
            return _batch.Count >= BatchMails || _bytes >= BatchBytes ? await FlushAsync(ct) : null;
        }

        /// <summary>Has learned what waits.</summary>
        public async Task<ControlReply?> FlushAsync(CancellationToken ct)
        {
            if (_batch.Count == 0)
                return null;
            var rows = new MailToLearn?[_batch.Count];
            var now = context.Time.GetUtcNow();
            Parallel.For(
                0,
                rows.Length,
                new ParallelOptions { CancellationToken = ct, MaxDegreeOfParallelism = Environment.ProcessorCount },
                i =>
                {
                    var mail = _batch[i].Mail;
                    rows[i] = rules.Read(mail.AsMemory(0, Math.Min(mail.Length, maxScan)), null, true, now);
                }
            );
            foreach (var (source, _) in _batch.Where((_, i) => rows[i] is null))
                skip(source, "it is no mail: it has no header");
            Examined += rows.Count(static row => row is not null);
            _batch.Clear();
            _bytes = 0;
            var arguments = new JsonObject
            {
                ["account"] = account,
                ["mails"] = new JsonArray([.. rows.OfType<MailToLearn>().Select(m => Row(m, kind))]),
            };
            var reply = await control.CallAsync(ControlVerbs.SpamLearn, arguments, ct);
            if (reply.ExitCode != ExitCodes.Done)
                return reply;
            Changed += (long?)reply.Rows[0]["changed"] ?? 0;
            return null;
        }
    }

    /// <summary>A mail as the store is asked to learn it.</summary>
    internal static JsonObject Row(MailToLearn mail, string kind) =>
        new()
        {
            ["name"] = mail.Name,
            ["other"] = mail.OtherName,
            ["kind"] = kind,
            ["time"] = (long)mail.Time,
            ["tokens"] = Convert.ToBase64String(mail.Tokens.Span),
        };
}
