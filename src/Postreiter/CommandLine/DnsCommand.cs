using System.CommandLine;
using System.Text.Json.Nodes;
using Postreiter.Control;
using Postreiter.Core;
using Postreiter.Zone;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter dns show|check DOMAIN</c>.</summary>
internal static class DnsCommand
{
    public static Command Create(CommandContext context) =>
        new("dns", "The records that a domain of ours should have")
        {
            Named("show", "Prints them, to be put into the domain's zone", context, ShowAsync),
            Named(
                "check",
                "Looks for them in the DNS: a line each; exit code 1 when one is missing or wrong",
                context,
                CheckAsync
            ),
        };

    private static Command Named(
        string name,
        string description,
        CommandContext context,
        Func<CommandContext, ParseResult, string, CancellationToken, Task<int>> run
    )
    {
        var domain = new Argument<string>("DOMAIN") { Description = "The domain" };
        var command = new Command(name, description) { domain };
        command.SetAction((parsed, ct) => run(context, parsed, parsed.GetValue(domain) ?? "", ct));
        return command;
    }

    private static async Task<int> ShowAsync(
        CommandContext context,
        ParseResult parsed,
        string domain,
        CancellationToken ct
    )
    {
        var records = await ReadAsync(context, parsed, domain, ct);
        foreach (var record in records)
        {
            var row = new JsonObject
            {
                ["for"] = Word(record.Kind),
                ["name"] = record.Name.Ascii,
                ["type"] = record.Type,
                ["data"] = record.Data,
                ["optional"] = record.IsOptional,
                ["remark"] = record.Remark,
            };
            var comment = (record.IsOptional, record.Remark) switch
            {
                (true, { } remark) => $"; optional, {remark}\n",
                (true, null) => "; optional\n",
                (false, { } remark) => $"; {remark}\n",
                _ => "",
            };
            context.Print(parsed, row, comment + record.ZoneLine());
        }

        return ExitCodes.Done;
    }

    private static async Task<int> CheckAsync(
        CommandContext context,
        ParseResult parsed,
        string domain,
        CancellationToken ct
    )
    {
        var settings = context.Settings(parsed);
        var records = await ReadAsync(context, parsed, domain, ct);
        var (isBad, isUnknown) = (false, false);
        var check = new ZoneCheck(context.Dns(settings), settings.Hostname, context.Time);
        await foreach (var finding in check.RunAsync(records, ct))
        {
            isBad |= finding.State is ZoneState.Missing or ZoneState.Wrong;
            isUnknown |= finding.State is ZoneState.Unknown;
            Print(finding);
        }

        if (!records.Any(r => r.Kind == ZoneRecordKind.Dkim))
        {
            isBad = true;
            Print(
                new ZoneFinding(
                    ZoneState.Missing,
                    "TXT",
                    records[0].Name,
                    $"there is no DKIM key to sign with: postreiter dkim keygen {records[0].Name.Unicode}"
                )
            );
        }

        return isBad ? ExitCodes.NotSo
            : isUnknown ? ExitCodes.Failed
            : ExitCodes.Done;

        void Print(ZoneFinding finding)
        {
            var row = new JsonObject
            {
                ["state"] = Word(finding.State),
                ["name"] = finding.Name.Ascii,
                ["type"] = finding.Type,
                ["text"] = finding.Text,
            };
            context.Print(
                parsed,
                row,
                $"{Word(finding.State), -8} {finding.Type, -7} {finding.Name.Ascii}: {finding.Text}"
            );
        }
    }

    private static async Task<List<ZoneRecord>> ReadAsync(
        CommandContext context,
        ParseResult parsed,
        string text,
        CancellationToken ct
    )
    {
        if (!DomainName.TryParse(text, out var domain) || domain.IsAddressLiteral)
            throw new CommandFailure(ExitCodes.Usage, $"'{text}' is not a domain name: write example.org");
        var settings = context.Settings(parsed);
        await using var control = await context.OpenControlAsync(parsed, ct);
        var reply = await control.CallAsync(ControlVerbs.DkimList, new JsonObject { ["domain"] = domain.Ascii }, ct);
        if (reply.ExitCode != ExitCodes.Done)
            throw new CommandFailure(reply.ExitCode, reply.Message ?? "the keys cannot be read");
        var zone = new DomainZone(domain, settings.Hostname)
        {
            Reports = settings
                .Senders.ReportAddresses.Where(a => a.Domain == domain)
                .FirstOrDefault(EmailAddress.Parse("postmaster@" + domain.Ascii)),
            Now = context.Time.GetUtcNow(),
            CertificateHash = DomainZone.HashOf(context.Folder(parsed).Resolve(settings.Tls.Certificate)),
            Services = DomainZone.ServicesOf(settings.Listen),
            Keys = [.. reply.Rows.Select(r => new PublishedKey($"{r["selector"]}", $"{r["state"]}", $"{r["record"]}"))],
        };
        return [.. zone.Records()];
    }

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
