namespace Postreiter.Settings;

/// <content>Keys of logs and metrics.</content>
internal static partial class SettingKeys
{
    private static IEnumerable<SettingKey> Operation() =>
        [
            Key(
                "log.format",
                SettingTypes.OneOf<LogFormat>(),
                s => s.Log.Format,
                (s, v) => s with { Log = s.Log with { Format = v } },
                "How log lines look: text, systemd (with priorities), json, or auto (systemd under systemd, else "
                    + "text).",
                effect: SettingEffect.AtStart
            ),
            Key(
                "log.level",
                SettingTypes.OneOf<Microsoft.Extensions.Logging.LogLevel>(),
                s => s.Log.Level,
                (s, v) => s with { Log = s.Log with { Level = v } },
                "The least level that is logged."
            ),
            Key(
                "telemetry.otlp",
                SettingTypes.FromText<string>("an http:// or https:// address, or \"\"", TryReadOtlp, TomlText.Quote),
                s => s.TelemetryOtlp,
                (s, v) => s with { TelemetryOtlp = v },
                "An OpenTelemetry collector that gets the metrics by OTLP, e.g. \"http://127.0.0.1:4317\"; empty "
                    + "sends none.",
                effect: SettingEffect.AtStart
            ),
        ];
}
