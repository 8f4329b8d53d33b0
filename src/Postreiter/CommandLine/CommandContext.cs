using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Postreiter.Control;
using Postreiter.Dns;
using Postreiter.Hosting;
using Postreiter.Messages;
using Postreiter.Settings;

namespace Postreiter.CommandLine;

/// <summary>What all commands share: the terminal, the options that every one takes, and the way to the store.</summary>
internal sealed class CommandContext(
    Terminal terminal,
    TimeProvider time,
    Random random,
    IStoreOpener? stores,
    Func<IMessageScanner>? scanner
)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary><c>--data</c>.</summary>
    public Option<string?> Data { get; } =
        new("--data")
        {
            Description = $"The data folder (default: POSTREITER_DATA, else {DataFolder.Default})",
            HelpName = "DIR",
            Recursive = true,
        };

    /// <summary><c>--set</c>.</summary>
    public Option<string[]> Set { get; } =
        new("--set")
        {
            Description = "Overrides a setting for this run, with a TOML value; may be repeated",
            HelpName = "KEY=VALUE",
            Recursive = true,
        };

    /// <summary><c>--json</c>.</summary>
    public Option<bool> AsJson { get; } =
        new("--json") { Description = "Prints data as JSON, one object a line", Recursive = true };

    /// <summary>Where commands read and write.</summary>
    public Terminal Terminal => terminal;

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    /// <summary>Where delivery ids come from.</summary>
    public Random Random => random;

    /// <summary>Opens stores.</summary>
    public IStoreOpener Stores => stores ?? throw new InvalidOperationException("no store engine is wired");

    /// <summary>Asks the DNS as the settings say; for the server of this run too.</summary>
    public Func<ServerSettings, IDnsResolver> Dns { get; init; } =
        settings => new DnsResolver(settings.DnsServers, time);

    /// <summary>Lets others have the processors first; for work that nobody waits for. Default nothing.</summary>
    public Action GiveWay { get; init; } = static () => { };

    /// <summary>Whether this build has a store engine.</summary>
    public bool HasStore => stores is not null;

    /// <summary>Whether this build reads messages.</summary>
    public bool HasScanner => scanner is not null;

    /// <summary>What a server of this run takes from outside.</summary>
    public ServerEnvironment ServerEnvironment() => new(time, random, Stores, Scanner) { Dns = Dns };

    private Func<IMessageScanner> Scanner =>
        scanner ?? (() => throw new InvalidOperationException("no message reader is wired"));

    /// <summary>The data folder of this run.</summary>
    public DataFolder Folder(ParseResult parsed) =>
        new(
            parsed.GetValue(Data) is { Length: > 0 } given ? given
            : terminal.Environment("POSTREITER_DATA") is { Length: > 0 } fromEnvironment ? fromEnvironment
            : DataFolder.Default
        );

    /// <summary>The settings with what is wrong about them.</summary>
    public SettingsResult ReadSettings(ParseResult parsed)
    {
        try
        {
            return Folder(parsed).ReadSettings(parsed.GetValue(Set) ?? []);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure(ExitCodes.Failed, $"the settings cannot be read: {e.Message}");
        }
    }

    /// <summary>The settings.</summary>
    /// <exception cref="CommandFailure">They do not check; every mistake is in the message.</exception>
    public ServerSettings Settings(ParseResult parsed)
    {
        var result = ReadSettings(parsed);
        return result.Mistakes.Count == 0
            ? result.Settings
            : throw new CommandFailure(ExitCodes.Usage, string.Join('\n', result.Mistakes));
    }

    /// <summary>The settings; where there is no data folder, the defaults and <c>--set</c>: for commands that only compute.</summary>
    /// <exception cref="CommandFailure">They do not check; every mistake is in the message.</exception>
    public ServerSettings SettingsOrDefaults(ParseResult parsed)
    {
        var folder = Folder(parsed);
        if (File.Exists(folder.SettingsFile))
            return Settings(parsed);
        var reader = new SettingsReader(folder.Root, terminal.Environment);
        var result = reader.Read(null, DataFolder.SettingsName, parsed.GetValue(Set) ?? []);
        return result.Mistakes.Count == 0
            ? result.Settings
            : throw new CommandFailure(ExitCodes.Usage, string.Join('\n', result.Mistakes));
    }

    /// <summary>Asks the running server, or opens the store when none runs.</summary>
    /// <exception cref="CommandFailure">Neither can be done.</exception>
    public async Task<IControl> OpenControlAsync(ParseResult parsed, CancellationToken ct)
    {
        var folder = Folder(parsed);
        var settings = Settings(parsed);
        return await ControlOpener.OpenAsync(folder, settings, Stores, Scanner, time, random, ct);
    }

    /// <summary>Prints one object: as JSON, or the line made of it.</summary>
    public void Print(ParseResult parsed, JsonObject data, string line) =>
        terminal.Output.WriteLine(parsed.GetValue(AsJson) ? data.ToJsonString(Json) : line);

    /// <summary>Ends a command by a reply: its message to standard error, its code as exit code.</summary>
    public int Finish(ControlReply reply)
    {
        if (reply.Message is { } message)
            terminal.Error.WriteLine(message);
        return reply.ExitCode;
    }
}
