using System.CommandLine;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using Postreiter.Hosting;
using Postreiter.Settings;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter serve</c>: runs until SIGTERM or SIGINT.</summary>
internal static class ServeCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("serve", "Runs the server until SIGTERM or SIGINT; prints \"ready\" when it listens");
        command.SetAction((parsed, ct) => ServeAsync(context, parsed, ct));
        return command;
    }

    private static async Task<int> ServeAsync(CommandContext context, ParseResult parsed, CancellationToken ct)
    {
        var settings = context.Settings(parsed);
        var signals = Channel.CreateUnbounded<PosixSignal>();
        using var terminate = Watch(PosixSignal.SIGTERM, signals.Writer);
        using var interrupt = Watch(PosixSignal.SIGINT, signals.Writer);
        using var hangUp = Watch(PosixSignal.SIGHUP, signals.Writer);
        var systemd = new SystemdNotifier();

        await using var server = await MailServer.StartAsync(
            context.ServerEnvironment(),
            context.Folder(parsed),
            settings,
            ct
        );
        await context.Terminal.Output.WriteLineAsync("ready");
        await context.Terminal.Output.FlushAsync(ct);
        systemd.Notify(ServiceState.Ready);
        while (await NextAsync(signals.Reader, ct) is PosixSignal.SIGHUP)
            settings = Reload(context, parsed, server, settings);
        systemd.Notify(ServiceState.Stopping);
        server.Logger.LogInformation("Stopping");
        await server.StopAsync();
        return ExitCodes.Done;
    }

    private static async Task<PosixSignal> NextAsync(ChannelReader<PosixSignal> signals, CancellationToken ct)
    {
        try
        {
            return await signals.ReadAsync(ct);
        }
        catch (OperationCanceledException)
        {
            return PosixSignal.SIGTERM;
        }
    }

    private static ServerSettings Reload(
        CommandContext context,
        ParseResult parsed,
        MailServer server,
        ServerSettings running
    )
    {
        SettingsResult read;
        try
        {
            read = context.ReadSettings(parsed);
        }
        catch (CommandFailure failure)
        {
            server.Logger.LogError("The settings stay as they were: {Reason}", failure.Message);
            return running;
        }

        if (read.Mistakes.Count > 0)
        {
            var mistakes = string.Join("; ", read.Mistakes);
            server.Logger.LogError("The settings stay as they were; the file does not check: {Mistakes}", mistakes);
            return running;
        }

        var waiting = SettingKeys
            .All.Where(k => k.NeedsRestart && k.Write(read.Settings) != k.Write(running))
            .Select(k => k.Name)
            .ToList();
        if (waiting.Count > 0)
            server.Logger.LogWarning("These changes wait for a restart: {Keys}", string.Join(", ", waiting));
        server.Reload(read.Settings);
        return read.Settings;
    }

    private static PosixSignalRegistration Watch(PosixSignal signal, ChannelWriter<PosixSignal> to) =>
        PosixSignalRegistration.Create(
            signal,
            context =>
            {
                context.Cancel = true;
                to.TryWrite(context.Signal);
            }
        );
}
