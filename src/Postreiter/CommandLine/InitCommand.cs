using System.CommandLine;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Authentication;
using Postreiter.Control;
using Postreiter.Core;
using Postreiter.Hosting;
using Postreiter.Settings;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter init</c>: a new data folder.</summary>
internal static class InitCommand
{
    private const UnixFileMode FolderMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public static Command Create(CommandContext context)
    {
        var hostname = new Option<string>("--hostname")
        {
            Description = "This server's name, such as mx.example.org",
            HelpName = "HOST",
            Required = true,
        };
        var domains = new Option<string[]>("--domain")
        {
            Description = "A domain whose mail is ours; may be repeated",
            HelpName = "DOMAIN",
        };
        var command = new Command(
            "init",
            "Makes a new data folder: settings, an empty store, a self-signed certificate"
        )
        {
            hostname,
            domains,
        };
        command.SetAction(
            (parsed, ct) =>
                InitAsync(context, parsed, parsed.GetValue(hostname) ?? "", parsed.GetValue(domains) ?? [], ct)
        );
        return command;
    }

    private static async Task<int> InitAsync(
        CommandContext context,
        ParseResult parsed,
        string hostname,
        string[] domains,
        CancellationToken ct
    )
    {
        if (!DomainName.TryParse(hostname, out var host) || host.IsAddressLiteral || !host.Ascii.Contains('.'))
            throw new CommandFailure(ExitCodes.Usage, $"'{hostname}' is not a host name: write mx.example.org");
        foreach (var domain in domains.Where(d => !DomainName.TryParse(d, out var name) || name.IsAddressLiteral))
            throw new CommandFailure(ExitCodes.Usage, $"'{domain}' is not a domain name: write example.org");

        var folder = context.Folder(parsed);
        if (
            File.Exists(folder.Root)
            || (Directory.Exists(folder.Root) && Directory.EnumerateFileSystemEntries(folder.Root).Any())
        )
            throw new CommandFailure(ExitCodes.NotSo, $"{folder.Root} is in use already; nothing was changed");
        Directory.CreateDirectory(folder.Root, FolderMode);

        // The settings come last: a folder that has them is whole.
        var settings = new ServerSettings { Hostname = host };
        ServerCertificate.WriteSelfSigned(
            host,
            folder.Resolve(settings.Tls.Certificate),
            folder.Resolve(settings.Tls.Key),
            context.Time
        );
        LoginKey.Open(folder);
        await using (var store = await context.Stores.OpenAsync(folder, settings, NullLogger.Instance, ct))
        {
            foreach (var domain in domains)
                await DirectoryVerbs.AddDomainAsync(store, new JsonObject { ["domain"] = domain }, context.Time, ct);
        }

        await using (var file = new StreamWriter(folder.SettingsFile, Options()))
            await file.WriteAsync(Template(host));
        await context.Terminal.Error.WriteLineAsync(
            $"""
            {folder.Root} is ready. Next:
              postreiter account add you@{(domains is [var first, ..] ? first : "example.org")} --data {folder.Root}
              postreiter dns show {(domains is [var own, ..] ? own : "example.org")} --data {folder.Root}
              postreiter serve --data {folder.Root}
            """
        );
        return ExitCodes.Done;
    }

    private static FileStreamOptions Options() =>
        new()
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };

    private static string Template(DomainName host)
    {
        var defaults = new ServerSettings();
        string[] shown =
        [
            "listen.smtp",
            "listen.submission",
            "listen.submissions",
            "listen.imap",
            "listen.imaps",
            "listen.pop3",
            "listen.pop3s",
            "listen.http",
            "tls.certificate",
            "tls.key",
            "smtp.max_message_size",
        ];
        var lines = shown.Select(name => $"# {name} = {SettingKeys.Find(name)!.Write(defaults)}");
        return $"""
            # Settings of this Postreiter server. Every key: postreiter config explain --all
            # After a change: postreiter config check, then restart, or send SIGHUP.

            hostname = {TomlText.Quote(host.Unicode)}

            # Defaults that are often changed:
            {string.Join('\n', lines)}

            # All mail for other servers by one relay:
            # outbound.smarthost = {"{"} host = "relay.example.org", port = 587, tls = "required", username = "me", password = "${"{"}file:relay.password{"}"}" {"}"}

            """;
    }
}
