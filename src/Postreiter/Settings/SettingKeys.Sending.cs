namespace Postreiter.Settings;

/// <content>Keys of mail that goes out.</content>
internal static partial class SettingKeys
{
    private static IEnumerable<SettingKey> Sending() =>
        [
            Key(
                "outbound.smarthost",
                OutboundTypes.Smarthost,
                s => s.Outbound.Smarthost,
                (s, v) => s with { Outbound = s.Outbound with { Smarthost = v } },
                "Hands all mail for other servers to this one. tls: none, opportunistic (STARTTLS when offered), "
                    + "required (STARTTLS with a valid certificate) or implicit (TLS from the first byte, as on port 465).",
                defaultText: "none",
                isSecret: true
            ),
            Key(
                "outbound.routes",
                SettingTypes.List(OutboundTypes.Route),
                s => s.Outbound.Routes,
                (s, v) => s with { Outbound = s.Outbound with { Routes = v } },
                "Where mail for exactly this domain goes instead of to its MX or the smarthost."
            ),
            Key(
                "outbound.port",
                SettingTypes.Number(1, 65535),
                s => s.Outbound.Port,
                (s, v) => s with { Outbound = s.Outbound with { Port = v } },
                "The port used for delivery to MX hosts. For tests."
            ),
            Key(
                "outbound.retry",
                SettingTypes.List(SettingTypes.Duration("1s", "30d"), 1),
                s => s.Outbound.Retry,
                (s, v) => s with { Outbound = s.Outbound with { Retry = v } },
                "Waiting times after failed attempts; the last one repeats."
            ),
            Key(
                "outbound.give_up",
                SettingTypes.Duration("1s", "30d"),
                s => s.Outbound.GiveUp,
                (s, v) => s with { Outbound = s.Outbound with { GiveUp = v } },
                "Age at which undeliverable mail goes back to its sender with a report (RFC 5321 §4.5.4.1)."
            ),
            Key(
                "outbound.warn_after",
                SettingTypes.Duration("1s", "30d"),
                s => s.Outbound.WarnAfter,
                (s, v) => s with { Outbound = s.Outbound with { WarnAfter = v } },
                "Age at which the sender is told of a delay, once."
            ),
        ];
}
