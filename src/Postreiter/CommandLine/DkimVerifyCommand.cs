using System.CommandLine;
using System.Text.Json.Nodes;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Dkim;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter dkim verify PATH|-</c>: works without a data folder.</summary>
internal static class DkimVerifyCommand
{
    private const int MaxBytes = 100 << 20;

    public static Command Create(CommandContext context)
    {
        var path = new Argument<string>("PATH") { Description = "A file with one message, or - for standard input" };
        var command = new Command(
            "verify",
            "Checks the DKIM signatures and the ARC chain of a message; exit code 1 when no signature holds"
        )
        {
            path,
        };
        command.SetAction((parsed, ct) => VerifyAsync(context, parsed, parsed.GetValue(path) ?? "-", ct));
        return command;
    }

    private static async Task<int> VerifyAsync(
        CommandContext context,
        ParseResult parsed,
        string path,
        CancellationToken ct
    )
    {
        var (header, body) = Split(WithCrlf(await ReadAsync(context, path, ct)));
        var dns = context.Dns(context.SettingsOrDefaults(parsed));
        using var message = new SignedMessage(header.Span);
        var dkim = new DkimVerifier(dns, context.Time).Start(message);
        var arc = new ArcValidator(dns, context.Time).Start(message);
        message.AppendBody(body.Span);
        var outcomes = await dkim.CompleteAsync(ct);
        foreach (var outcome in outcomes)
            Print(context, parsed, outcome);
        var chain = await arc.CompleteAsync(ct);
        if (chain.Result != ArcResult.None)
            Print(context, parsed, chain);
        if (outcomes.Any(o => o.Result == DkimResult.Pass))
            return ExitCodes.Done;
        return outcomes.Any(o => o.Result == DkimResult.TempError) ? ExitCodes.Failed : ExitCodes.NotSo;
    }

    private static void Print(CommandContext context, ParseResult parsed, DkimOutcome outcome)
    {
        var result = outcome.Result.ToString().ToLowerInvariant();
        var row = new JsonObject
        {
            ["method"] = "dkim",
            ["result"] = result,
            ["domain"] = outcome.Domain,
            ["selector"] = outcome.Selector,
            ["identity"] = outcome.Identity,
            ["algorithm"] = outcome.Algorithm,
            ["testing"] = outcome.IsTesting,
            ["reason"] = outcome.Reason,
        };
        var whose = outcome.Domain.Length > 0 ? $" d={outcome.Domain} s={outcome.Selector} a={outcome.Algorithm}" : "";
        context.Print(parsed, row, $"dkim={result}{whose}: {outcome.Reason}");
    }

    private static void Print(CommandContext context, ParseResult parsed, ArcOutcome chain)
    {
        var result = chain.Result.ToString().ToLowerInvariant();
        var row = new JsonObject
        {
            ["method"] = "arc",
            ["result"] = result,
            ["sets"] = chain.Sets,
            ["sealers"] = new JsonArray([.. chain.Sealers.Select(s => (JsonNode)s)]),
            ["reason"] = chain.Reason,
        };
        context.Print(parsed, row, $"arc={result} {chain.Sets} sets {string.Join(' ', chain.Sealers)}: {chain.Reason}");
    }

    private static async Task<byte[]> ReadAsync(CommandContext context, string path, CancellationToken ct)
    {
        await using var file = path == "-" ? context.Terminal.OpenInput() : File.OpenRead(path);
        using var bytes = new MemoryStream();
        var buffer = new byte[81_920];
        while (await file.ReadAsync(buffer, ct) is > 0 and var count)
        {
            if (bytes.Length + count > MaxBytes)
                throw new CommandFailure(ExitCodes.Usage, $"{path} is longer than {MaxBytes >> 20} MiB");
            bytes.Write(buffer, 0, count);
        }

        return bytes.ToArray();
    }

    // Files of this system end their lines with LF; on the wire it was CRLF.
    private static ReadOnlyMemory<byte> WithCrlf(byte[] bytes)
    {
        var result = new MemoryStream(bytes.Length + (bytes.Length / 32));
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r'))
                result.WriteByte((byte)'\r');
            result.WriteByte(bytes[i]);
        }

        return result.GetBuffer().AsMemory(0, (int)result.Length);
    }

    private static (ReadOnlyMemory<byte> Header, ReadOnlyMemory<byte> Body) Split(ReadOnlyMemory<byte> message)
    {
        var text = message.Span;
        if (text.StartsWith("\r\n"u8))
            return (default, message[2..]);
        var end = text.IndexOf("\r\n\r\n"u8);
        return end < 0 ? (message, default) : (message[..(end + 2)], message[(end + 4)..]);
    }
}
