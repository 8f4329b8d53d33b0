using System.CommandLine;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Postreiter.Hosting;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter serve</c>: runs until SIGTERM or SIGINT.</summary>
internal static class ServeCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command(
            "serve",
            "Runs the server until SIGTERM or SIGINT; prints \"ready\" when it listens; SIGHUP reads settings and certificate again"
        );
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
        var systemd = new ServiceNotices(context.Terminal.Environment);

        await using var server = await MailServer.StartAsync(
            context.ServerEnvironment(),
            context.Folder(parsed),
            settings,
            ct
        );
        await context.Terminal.Output.WriteLineAsync("ready");
        await context.Terminal.Output.FlushAsync(ct);
        systemd.Ready();
        using var watchdog = systemd.StartWatchdog(context.Time);
        using var memory = IdleMemory.Watch(context.Time);
        while (await NextAsync(signals.Reader, ct) is PosixSignal.SIGHUP)
        {
            systemd.Reloading(context.Time);
            Reload(context, parsed, server);
            systemd.Ready();
        }

        systemd.Stopping();
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

    private static void Reload(CommandContext context, ParseResult parsed, MailServer server)
    {
        try
        {
            var read = context.ReadSettings(parsed);
            if (read.Mistakes.Count == 0)
                server.Reload(read.Settings);
            foreach (var mistake in read.Mistakes)
                server.Logger.LogError("The settings stay as they were: {Mistake}", mistake);
        }
        catch (CommandFailure failure)
        {
            server.Logger.LogError("The settings stay as they were: {Reason}", failure.Message);
        }
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
