using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Postreiter.Settings;

namespace Postreiter.Hosting;

/// <summary>Log lines go to standard error; standard output is for data. Scopes carry the connection id.</summary>
internal static class HostLogging
{
    /// <summary>Sets format and level.</summary>
    public static void Configure(ILoggingBuilder logging, LogSettings settings, LogLevelSwitch level)
    {
        logging.SetMinimumLevel(LogLevel.Trace);
        logging.AddFilter((category, given) => given >= level.Level && (given >= LogLevel.Warning || IsOurs(category)));
        logging.Services.Configure<ConsoleLoggerOptions>(options =>
        {
            options.LogToStandardErrorThreshold = LogLevel.Trace;
            // A log that nobody reads must not stop the mail.
            options.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
            options.MaxQueueLength = 10_000;
        });
        var format = settings.Format switch
        {
            LogFormat.Auto => SystemdHelpers.IsSystemdService() ? LogFormat.Systemd : LogFormat.Text,
            var given => given,
        };
        _ = format switch
        {
            LogFormat.Json => logging.AddJsonConsole(options =>
            {
                options.IncludeScopes = true;
                options.UseUtcTimestamp = true;
                options.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
            }),
            LogFormat.Systemd => logging.AddSystemdConsole(options => options.IncludeScopes = true),
            _ => logging.AddSimpleConsole(options =>
            {
                options.IncludeScopes = true;
                options.SingleLine = true;
                options.UseUtcTimestamp = true;
                options.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
                options.ColorBehavior = LoggerColorBehavior.Disabled;
            }),
        };
    }

    // The frameworks' own chatter; what they warn of stays.
    private static bool IsOurs(string? category) =>
        category?.StartsWith("Postreiter", StringComparison.Ordinal) == true;
}

/// <summary>The least level that is logged; may change at any time.</summary>
internal sealed class LogLevelSwitch
{
    private volatile int _level = (int)LogLevel.Information;

    /// <summary>The level.</summary>
    public LogLevel Level
    {
        get => (LogLevel)_level;
        set => _level = (int)value;
    }
}
