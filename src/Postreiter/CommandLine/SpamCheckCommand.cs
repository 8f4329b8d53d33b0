using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Postreiter.Core;
using Postreiter.Hosting;
using Postreiter.MailAuth.Dmarc;
using Postreiter.Settings;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Network;
using Postreiter.Spam.Rules;
using Postreiter.Spam.Scanning;
using Postreiter.Spam.Senders;
using Postreiter.Transfer;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter spam check PATH…|-</c>: scans mails on all processors and prints the results in the order of the mails.</summary>
internal static class SpamCheckCommand
{
    private const long MaxBytes = 1L << 30;

    // Results wait for their turn; so many mails are read ahead of the one that is printed.
    private static readonly int Ahead = 4 * Environment.ProcessorCount;

    // A mail that waits for the DNS uses no processor.
    private const int WaitingAtOnce = 32;

    public static Command Create(CommandContext context)
    {
        var paths = new Argument<string[]>("PATH")
        {
            Description = "Files, folders (searched in depth), Maildirs or mbox files; - is standard input",
            Arity = ArgumentArity.OneOrMore,
        };
        var network = new Option<bool>("--network")
        {
            Description = "Lets rules ask the DNS, within spam.network_budget a mail",
        };
        var command = new Command(
            "check",
            "Scores mails by the rules: verdict, points and the rules that hit, a line for each mail"
        )
        {
            paths,
            SpamCommand.Config,
            network,
        };
        command.SetAction(
            (parsed, ct) => CheckAsync(context, parsed, parsed.GetValue(paths)!, parsed.GetValue(network), ct)
        );
        return command;
    }

    private static async Task<int> CheckAsync(
        CommandContext context,
        ParseResult parsed,
        string[] paths,
        bool asksNetwork,
        CancellationToken ct
    )
    {
        var settings = context.SettingsOrDefaults(parsed);
        var rules = SpamCommand.ReadRules(context, parsed, settings, asksNetwork);
        // JSON names the sub-rules too: all of them have to run then.
        var asJson = parsed.GetValue(context.AsJson);
        var engine = new MailScans(
            rules,
            new SpamEngineOptions
            {
                KeepsAllSubRules = asJson,
                Network = asksNetwork ? new SpamNetwork(context.Dns(settings), context.Time) : null,
                NetworkBudget = settings.Spam.NetworkBudget,
            },
            asksNetwork
                ? new SenderEvaluation(
                    context.Dns(settings),
                    Suffixes(context, parsed, settings),
                    context.Time,
                    new SafeRandom(RandomNumberGenerator.GetInt32(int.MaxValue))
                )
                : null
        );
        var threshold = settings.Spam.Threshold;
        var most = settings.Spam.MaxScanSize;
        var found = MailPaths.Find(paths);
        var sources = new MailSources(found, context.Terminal.OpenInput, MaxBytes) { KeepsSingle = true };
        using var bar = new TransferBar(context.Terminal, context.Time, "checked");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var atOnce = asksNetwork ? WaitingAtOnce : Environment.ProcessorCount;
        var results = Channel.CreateBounded<Task<Checked>>(asksNetwork ? WaitingAtOnce : Ahead);
        var reading = StartAsync(
            sources,
            results.Writer,
            mail => engine.ScoreAsync(mail, most, stop.Token),
            atOnce,
            stop.Token
        );
        var (spam, count, skipped, total) = (0, 0, 0, sources.TotalBytes);
        try
        {
            await foreach (var work in results.Reader.ReadAllAsync(ct))
            {
                var one = await work;
                if (one.Result is not { } result)
                {
                    skipped++;
                    bar.Say($"skipped: {one.Id}: {one.Skipped}");
                    continue;
                }

                count++;
                var isSpam = result.Points >= threshold;
                spam += isSpam ? 1 : 0;
                if (found.Count > 1 && !asJson)
                    bar.Hide();
                Print(context, parsed, one, result, (threshold, most, rules), isSpam);
                if (found.Count > 1)
                    bar.Report((sources.BytesRead, total));
            }

            await reading;
        }
        finally
        {
            await stop.CancelAsync();
        }

        if (count > 1)
            bar.Say($"{count} mails, {spam} of them spam");
        return skipped == 0 ? ExitCodes.Done : ExitCodes.NotSo;
    }

    private static PublicSuffixList Suffixes(CommandContext context, ParseResult parsed, ServerSettings settings)
    {
        try
        {
            return ServerParts.Suffixes(context.Folder(parsed), settings);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure(ExitCodes.Usage, $"dmarc.public_suffixes: {e.Message}");
        }
    }

    private static async Task StartAsync(
        MailSources sources,
        ChannelWriter<Task<Checked>> results,
        Func<ReadOnlyMemory<byte>, ValueTask<ScanResult>> scan,
        int atOnce,
        CancellationToken ct
    )
    {
        using var gate = new SemaphoreSlim(atOnce);
        var running = new List<Task>();
        Exception? fault = null;
        try
        {
            await foreach (var mail in sources.ReadAsync(ct))
            {
                if (mail.Bytes is not { } bytes)
                {
                    await results.WriteAsync(Task.FromResult(new Checked(mail.Source, 0, null, mail.Skipped)), ct);
                    continue;
                }

                await gate.WaitAsync(ct);
                var work = Task.Run(
                    async () =>
                    {
                        try
                        {
                            return new Checked(mail.Source, bytes.Length, await scan(bytes), null);
                        }
                        finally
                        {
                            gate.Release();
                        }
                    },
                    CancellationToken.None
                );
                running.RemoveAll(t => t.IsCompleted);
                running.Add(work);
                await results.WriteAsync(work, ct);
            }
        }
        catch (OperationCanceledException e)
        {
            fault = e;
        }
        finally
        {
            // The gate is theirs until they are through.
            await Task.WhenAll(running)
                .ContinueWith(
                    static _ => { },
                    CancellationToken.None,
                    TaskContinuationOptions.None,
                    TaskScheduler.Default
                );
            results.TryComplete(fault);
        }
    }

    private static void Print(
        CommandContext context,
        ParseResult parsed,
        Checked one,
        ScanResult result,
        (double Threshold, long MaxBytes, Ruleset Rules) settings,
        bool isSpam
    )
    {
        var hits = new JsonObject();
        foreach (var hit in result.Hits.OrderBy(h => h.Name, StringComparer.Ordinal))
        {
            // As SpamAssassin lists them: what one hit of a rule gives, also where several were counted into the total.
            var isCounted =
                settings.Rules.TryGetRule(hit.Name, out var rule)
                && rule.Flags.IsMultiple
                && rule.Kind != RuleKind.Meta;
            hits[hit.Name] = Math.Round(isCounted ? hit.Points / Math.Max(1, hit.Count) : hit.Points, 3);
        }

        var row = new JsonObject
        {
            ["id"] = one.Id,
            ["bytes"] = one.Bytes,
            ["score"] = result.Points,
            ["required"] = settings.Threshold,
            ["spam"] = isSpam,
            ["hits"] = hits,
        };
        var subs = new JsonObject();
        foreach (var hit in result.SubHits.OrderBy(h => h.Name, StringComparer.Ordinal))
            subs[hit.Name] = hit.Count;
        row["sub"] = subs;
        var notes = "";
        if (one.Bytes > settings.MaxBytes)
        {
            row["scanned"] = settings.MaxBytes;
            notes += $" (the first {settings.MaxBytes} of {one.Bytes} bytes: spam.max_scan_size)";
        }

        if (result.GivenUp.Count > 0)
        {
            row["gave_up"] = new JsonArray([.. result.GivenUp.Select(n => JsonValue.Create(n))]);
            notes += $" (took too long and count as not hit: {string.Join(", ", result.GivenUp)})";
        }

        var names = string.Join(", ", hits.Select(h => $"{h.Key} {h.Value}"));
        context.Print(
            parsed,
            row,
            $"{(isSpam ? "spam" : "ham ")} {result.Points, 6:F1} {one.Id}  {(names.Length > 0 ? names : "no rule hits")}{notes}"
        );
    }

    private sealed record Checked(string Id, long Bytes, ScanResult? Result, string? Skipped);
}
