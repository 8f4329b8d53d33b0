using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Postreiter.Control;
using Postreiter.Settings;
using Postreiter.Spam.Scanning;
using Postreiter.Spam.Updates;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter spam update</c>: rules from a channel of SpamAssassin's kind, or from a file brought by hand.</summary>
internal static class SpamUpdateCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private sealed record Request(UpdateChannel Channel, string? From, SigningKeys? Keys, bool IsOnlyAsked);

    public static Command Create(CommandContext context)
    {
        var channel = new Argument<string>("CHANNEL")
        {
            Description = "Name of the channel",
            DefaultValueFactory = _ => UpdateChannel.SpamAssassin,
        };
        var from = new Option<string?>("--from")
        {
            Description =
                "An update brought by hand: a file SERIAL.tar.gz, a folder of such (the newest is taken), or its http address; "
                + "SERIAL.tar.gz.sha512 or .sha256, and .asc, stand beside it",
            HelpName = "PATH|URL",
        };
        var key = new Option<string[]>("--key")
        {
            Description =
                "A file of OpenPGP keys that may sign, in place of the files in the data folder's update-keys and SpamAssassin's own; "
                + "may be repeated",
            HelpName = "FILE",
        };
        var unsigned = new Option<bool>("--no-signature")
        {
            Description = "Trusts the hashes alone: whoever writes to the mirror then writes your rules",
        };
        var check = new Option<bool>("--check")
        {
            Description = "Only says whether there is something new; exit code 1 when there is not",
        };
        var command = new Command(
            "update",
            "Fetches rules, checks them, and puts them in force at once; the old ones stay when anything is wrong"
        )
        {
            channel,
            from,
            key,
            unsigned,
            check,
        };
        command.SetAction(
            (parsed, ct) =>
            {
                var name = parsed.GetValue(channel)!;
                if (!UpdateChannel.TryParse(name, out var wanted))
                    throw new CommandFailure(
                        ExitCodes.Usage,
                        $"'{name}' is no name of a channel: write {UpdateChannel.SpamAssassin}"
                    );
                var isOnlyAsked = parsed.GetValue(check);
                var keys =
                    isOnlyAsked || parsed.GetValue(unsigned)
                        ? null
                        : Keys(context.Folder(parsed), parsed.GetValue(key) ?? []);
                return RunAsync(context, parsed, new Request(wanted, parsed.GetValue(from), keys, isOnlyAsked), ct);
            }
        );
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context,
        ParseResult parsed,
        Request request,
        CancellationToken ct
    )
    {
        var data = context.Folder(parsed);
        var updates = new UpdateFolder(data.RuleUpdates);
        var installed = updates.Installed(request.Channel);
        using var http = new HttpClient { Timeout = Patience };
        var client = new ChannelClient(context.Dns(context.SettingsOrDefaults(parsed)), http, context.Random);
        try
        {
            var serial = request.From is { } place
                ? UpdateSource.SerialOf(place)
                : await client.FindSerialAsync(request.Channel, ct);
            if (installed >= serial)
            {
                Say(serial, "current", $"{request.Channel.Name} is up to date at {installed}");
                return request.IsOnlyAsked ? ExitCodes.NotSo : ExitCodes.Done;
            }

            if (request.IsOnlyAsked)
            {
                Say(
                    serial,
                    "new",
                    $"{request.Channel.Name} has {serial}; installed is {installed?.ToString(CultureInfo.InvariantCulture) ?? "nothing"}"
                );
                return ExitCodes.Done;
            }

            context.Terminal.Error.WriteLine($"fetching {serial}.tar.gz of {request.Channel.Name}");
            var update = request.From is { } source
                ? await UpdateSource.ReadAsync(source, client, ct)
                : await client.FetchAsync(request.Channel, serial, ct);
            var signer = update.Check(request.Keys);
            context.Terminal.Error.WriteLine("reading all its rules");
            var count = updates.Install(request.Channel, update);
            var told = await ReloadAsync(data, ct);
            Say(
                serial,
                "installed",
                $"{request.Channel.Name} {serial}: {count} rules, {(signer is null ? "signature not looked at" : $"signed by {signer}")}; "
                    + told
            );
            return ExitCodes.Done;
        }
        catch (Exception e)
            when (e is InvalidDataException or HttpRequestException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure(
                ExitCodes.Failed,
                $"{request.Channel.Name} is not updated, what is in force stays ({installed?.ToString(CultureInfo.InvariantCulture) ?? "no update"}): {e.Message}"
            );
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new CommandFailure(
                ExitCodes.Failed,
                $"no answer in {Patience.TotalMinutes:0} minutes; nothing is changed"
            );
        }

        void Say(long serial, string state, string line) =>
            context.Print(
                parsed,
                new JsonObject
                {
                    ["channel"] = request.Channel.Name.Ascii,
                    ["serial"] = serial,
                    ["state"] = state,
                },
                line
            );
    }

    private static SigningKeys Keys(DataFolder data, string[] named)
    {
        var own = data.UpdateKeys;
        string[] files =
            named.Length > 0
                ? named
                :
                [
                    .. Directory.Exists(own) ? Directory.GetFiles(own) : [],
                    .. new[] { Path.Combine(RuleSources.Packaged, "sa-update-pubkey.txt") }.Where(File.Exists),
                ];
        if (files.Length == 0)
            throw new CommandFailure(
                ExitCodes.Usage,
                $"there is no key to check signatures with: put the channel's public key into {own}, or name it by --key"
            );
        try
        {
            return SigningKeys.Read(files);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure(ExitCodes.Usage, e.Message);
        }
    }

    // The update is installed, whatever comes of this.
    private static async Task<string> ReloadAsync(DataFolder data, CancellationToken ct)
    {
        try
        {
            await using var running = await ControlOpener.ConnectAsync(data, ct);
            if (running is null)
                return "in force when the server starts";
            var reply = await running.CallAsync(ControlVerbs.RulesReload, [], ct);
            return reply.ExitCode == ExitCodes.Done
                ? "the running server was told"
                : $"the running server was not told: {reply.Message}";
        }
        catch (Exception e)
            when (e is CommandFailure or HttpRequestException or IOException or UnauthorizedAccessException)
        {
            return $"the running server was not told: {e.Message}";
        }
    }
}
