using System.CommandLine;
using System.Net;
using System.Text.Json.Nodes;
using Postreiter.MailAuth.Spf;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter spf check</c>: works without a data folder.</summary>
internal static class SpfCommand
{
    public static Command Create(CommandContext context)
    {
        var ip = new Option<string>("--ip")
        {
            Description = "Address of the sending host",
            HelpName = "IP",
            Required = true,
        };
        var from = new Option<string>("--from")
        {
            Description = "The reverse path (MAIL FROM); \"\" is the null sender, which is checked by its HELO",
            HelpName = "ADDRESS",
            Required = true,
        };
        var helo = new Option<string?>("--helo") { Description = "What it said in HELO", HelpName = "NAME" };
        var check = new Command("check", "Whether a host may send for a domain; exit code 1 when it may not")
        {
            ip,
            from,
            helo,
        };
        check.SetAction(
            async (parsed, ct) =>
            {
                if (!IPAddress.TryParse(parsed.GetValue(ip), out var address))
                    throw new CommandFailure(
                        ExitCodes.Usage,
                        $"'{parsed.GetValue(ip)}' is not an IP address: write 192.0.2.1 or 2001:db8::1"
                    );
                var sender = (parsed.GetValue(from) ?? "").Trim('<', '>');
                var settings = context.SettingsOrDefaults(parsed);
                var request = new SpfRequest(
                    address,
                    sender,
                    parsed.GetValue(helo) ?? "",
                    settings.Hostname.IsEmpty ? "unknown" : settings.Hostname.Ascii
                );
                var evaluator = new SpfEvaluator(context.Dns(settings), context.Time);
                return Print(context, parsed, sender, await evaluator.CheckMailFromAsync(request, ct));
            }
        );
        return new Command("spf", "Checks senders by SPF (RFC 7208)") { check };
    }

    private static int Print(CommandContext context, ParseResult parsed, string sender, SpfOutcome outcome)
    {
        var result = outcome.Result.ToString().ToLowerInvariant();
        var row = new JsonObject
        {
            ["result"] = result,
            ["identity"] = sender.Length == 0 ? "helo" : "mailfrom",
            ["domain"] = outcome.Domain,
            ["reason"] = outcome.Reason,
            ["explanation"] = outcome.Explanation,
            ["lookups"] = new JsonArray([.. outcome.Lookups.Select(l => (JsonNode)l)]),
        };
        string[] lines =
        [
            $"{result}: {outcome.Reason}",
            .. outcome.Explanation is { } words ? [$"  {outcome.Domain} says: {words}"] : Array.Empty<string>(),
            .. outcome.Lookups.Select(l => "  " + l),
        ];
        context.Print(parsed, row, string.Join('\n', lines));
        return outcome.Result switch
        {
            SpfResult.TempError => ExitCodes.Failed,
            SpfResult.Fail or SpfResult.SoftFail or SpfResult.PermError => ExitCodes.NotSo,
            _ => ExitCodes.Done,
        };
    }
}
