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

/// <summary><c>postreiter spam replay</c>: stored mail judged anew by changed rules, another threshold, or what is learned by now.</summary>
internal static class SpamReplayCommand
{
    private const int MostNamed = 1000;

    private sealed record Request(DateTimeOffset Since, string? Account, double? Threshold, bool ShowsAll);

    public static Command Create(CommandContext context)
    {
        var since = new Option<string>("--since")
        {
            Description = "Mail that came in since then: 7d for seven days, 2026-03-01, or 2026-03-01T12:00Z",
            HelpName = "TIME",
            DefaultValueFactory = _ => "7d",
        };
        var rules = new Option<string[]>("--rules")
        {
            Description =
                "A folder or file of rules; those that are named take the place of spam.rules (default: the rules in force); may be repeated",
            HelpName = "PATH",
        };
        var threshold = new Option<double?>("--threshold")
        {
            Description = "Points from which mail is spam (default: each account's own, else spam.threshold)",
            HelpName = "N",
        };
        var account = new Option<string?>("--account")
        {
            Description = "Only this account's mail (default: everybody's)",
            HelpName = "USER@DOMAIN",
        };
        var all = new Option<bool>("--all") { Description = "Shows mails whose verdict stays, too" };
        var command = new Command(
            "replay",
            "Shows which stored mails would be judged otherwise, and by which rules, before anything changes: by other rules or another threshold, or by "
                + "what is learned by now. The network is not asked: what depends on it counts as it did when the mail came in. Nothing is changed"
        )
        {
            since,
            rules,
            SpamCommand.Config,
            threshold,
            account,
            all,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(threshold) is { } points && !double.IsFinite(points))
                result.AddError("--threshold is a number of points, such as 5.5");
        });
        command.SetAction(
            (parsed, ct) =>
            {
                var request = new Request(
                    Moments.Read(parsed.GetValue(since)!, context.Time),
                    parsed.GetValue(account),
                    parsed.GetValue(threshold),
                    parsed.GetValue(all)
                );
                return RunAsync(context, parsed, request, parsed.GetValue(rules) ?? [], ct);
            }
        );
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context,
        ParseResult parsed,
        Request request,
        string[] paths,
        CancellationToken ct
    )
    {
        var settings = context.Settings(parsed);
        if (Array.Find(paths, path => !File.Exists(path) && !Directory.Exists(path)) is { } missing)
            throw new CommandFailure(ExitCodes.Usage, $"there is no {missing}, which --rules names");
        var hasOthers = paths.Length > 0 || parsed.GetValue(SpamCommand.Config) is { Length: > 0 };
        var wanted = SpamCommand.ReadRules(context, parsed, settings, settings.Spam.Network, paths);
        var inForce = hasOthers ? SpamCommand.ReadRulesInForce(context, parsed, settings) ?? wanted : wanted;
        // Whoever waits for the server comes first.
        context.GiveWay();
        await using var control = await context.OpenControlAsync(parsed, ct);
        var accounts = await AccountsAsync(control, request.Account, ct);
        var folder = context.Folder(parsed);
        using var learned = new LearnedSnapshot(control, folder.Exchange, new LearningRules(wanted), context.Time);
        var judge = new MailJudge(
            wanted,
            learned,
            new PreferenceFolder(folder.Resolve(settings.Spam.Preferences)),
            settings.Spam.Network
        )
        {
            MaxBytes = (int)settings.Spam.MaxScanSize,
        };
        using var bar = new TransferBar(context.Terminal, context.Time, "judged");
        var run = new Run(context, parsed, control, settings, request, judge, inForce, bar);
        foreach (var (address, _) in accounts)
        {
            await learned.UseAsync(address, ct);
            await run.JudgeAsync(address, accounts.Sum(static a => a.Messages), ct);
        }

        bar.Dispose();
        if (run.Sum.Skipped > MostNamed)
            context.Terminal.Error.WriteLine($"skipped: {run.Sum.Skipped - MostNamed} more");
        context.Print(parsed, run.Sum.ToJson(), run.Sum.ToString());
        return run.Sum.Skipped == 0 ? ExitCodes.Done : ExitCodes.NotSo;
    }

    private static async Task<IReadOnlyList<(string Address, long Messages)>> AccountsAsync(
        IControl control,
        string? only,
        CancellationToken ct
    )
    {
        EmailAddress? wanted = null;
        if (only is not null)
        {
            var found = await control.CallAsync(ControlVerbs.MailAccount, new JsonObject { ["account"] = only }, ct);
            if (found.ExitCode != ExitCodes.Done)
                throw new CommandFailure(found.ExitCode, found.Message ?? $"{only} cannot be found");
            wanted = EmailAddress.Parse(only);
        }

        var reply = await control.CallAsync(ControlVerbs.AccountList, [], ct);
        return
        [
            .. reply
                .Rows.Select(static row =>
                    (Address: (string?)row["address"] ?? "", Messages: (long?)row["messages"] ?? 0)
                )
                .Where(a => wanted is not { } one || EmailAddress.Parse(a.Address).Key == one.Key),
        ];
    }

    /// <summary>One replay under way.</summary>
    private sealed class Run(
        CommandContext context,
        ParseResult parsed,
        IControl control,
        ServerSettings settings,
        Request request,
        MailJudge judge,
        Ruleset inForce,
        TransferBar bar
    )
    {
        private readonly StoredMails _mails = new(control, settings.Spam.MaxScanSize);
        private readonly long _began = context.Time.GetTimestamp();
        private long _examined;

        /// <summary>What was found so far.</summary>
        public ReplaySum Sum { get; } = new();

        /// <summary>Judges an account's mail.</summary>
        public async Task JudgeAsync(string account, long total, CancellationToken ct)
        {
            await foreach (var (rows, examined) in _mails.ReadAsync(account, request.Since, ct))
            {
                var changes = new VerdictChange?[rows.Count];
                await Parallel.ForAsync(
                    0,
                    rows.Count,
                    new ParallelOptions { CancellationToken = ct, MaxDegreeOfParallelism = Environment.ProcessorCount },
                    async (i, stop) => changes[i] = await JudgeAsync(rows[i], stop)
                );
                foreach (var change in changes.OfType<VerdictChange>())
                    Show(change);
                _examined += examined;
                var seconds = Math.Max(context.Time.GetElapsedTime(_began).TotalSeconds, 0.001);
                bar.Detail = string.Create(
                    CultureInfo.InvariantCulture,
                    $", {Sum.Judged} mails, {Sum.Judged / seconds:F0} mails/s"
                );
                bar.Report((_examined, total));
            }
        }

        private async ValueTask<VerdictChange?> JudgeAsync(JsonObject row, CancellationToken ct)
        {
            if (StoredMail.FromRow(row, out var why) is not { } mail)
            {
                lock (Sum)
                {
                    if (++Sum.Skipped <= MostNamed)
                        bar.Say(Terminal.Plain($"skipped: {row["account"]}/{row["mailbox"]}/{row["uid"]}: {why}"));
                }

                return null;
            }

            if (mail.Then is not { } then)
            {
                lock (Sum)
                    Sum.Unjudged++;
                return null;
            }

            var now = await judge.JudgeAsync(mail, ct);
            var required = request.Threshold ?? mail.Threshold ?? now.UserRequired ?? settings.Spam.Threshold;
            return new VerdictChange(mail, then, now, required);
        }

        private void Show(VerdictChange change)
        {
            Sum.Add(change);
            if (!change.IsFlip && !request.ShowsAll)
                return;
            bar.Hide();
            context.Print(parsed, change.ToJson(inForce), Lines(change));
        }

        private string Lines(VerdictChange change)
        {
            var (mail, then, now) = (change.Mail, change.Then, change.Now);
            var verdict = (then.IsSpam, change.IsSpam) switch
            {
                (false, true) => "junk now",
                (true, false) => "wanted now",
                (true, true) => "still junk",
                _ => "still wanted",
            };
            var text = string.Create(
                CultureInfo.InvariantCulture,
                $"{verdict, -12} {then.Points, 5:F1} -> {now.Points, 5:F1} of {change.Required:F1}  {Terminal.Plain(mail.Name)}  {mail.Account} {Terminal.Plain(mail.Mailbox)}  {mail.Subject}"
            );
            foreach (var (what, rules) in Reasons(change))
                text += $"\n{"", 13}{what}: {rules}";
            return text;
        }

        private IEnumerable<(string What, string Rules)> Reasons(VerdictChange change)
        {
            if (change.Gained.ToList() is { Count: > 0 } gained)
                yield return ("gained", string.Join(", ", gained.Select(static r => $"{r.Name} {Number(r.Points)}")));
            if (change.Lost(inForce).ToList() is { Count: > 0 } lost)
                yield return (
                    "lost",
                    string.Join(
                        ", ",
                        lost.Select(static r => $"{r.Name} {(r.Points is { } p ? Number(p) : "")}".TrimEnd())
                    )
                );
            if (change.Reweighed(inForce).ToList() is { Count: > 0 } weighed)
                yield return (
                    "other points",
                    string.Join(", ", weighed.Select(static r => $"{r.Name} {Number(r.From)} -> {Number(r.To)}"))
                );
            if (change.Then.Required is { } before && Math.Abs(before - change.Required) > 0.05)
                yield return ("threshold", $"{Number(before)} -> {Number(change.Required)}");
        }

        private static string Number(double points) => Math.Round(points, 3).ToString(CultureInfo.InvariantCulture);
    }
}
