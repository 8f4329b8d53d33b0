using System.Globalization;

namespace Postreiter.Settings;

/// <content>Keys of the quarantine.</content>
internal static partial class SettingKeys
{
    private const string TimeOfDay = "HH:mm";

    private static bool TryReadTimeOfDay(string text, out TimeOnly? value)
    {
        value = null;
        if (text.Length == 0)
            return true;
        var isTime = TimeOnly.TryParseExact(
            text,
            TimeOfDay,
            CultureInfo.InvariantCulture,
            DateTimeStyles.None,
            out var time
        );
        value = time;
        return isTime;
    }

    private static IEnumerable<SettingKey> Quarantine() =>
        [
            Key(
                "quarantine.keep",
                SettingTypes.Duration("1h", "3650d"),
                s => s.Quarantine.Keep,
                (s, v) => s with { Quarantine = s.Quarantine with { Keep = v } },
                "How long a message is kept in the quarantine; then it is deleted."
            ),
            Key(
                "quarantine.max_size",
                SettingTypes.Size(1L << 20, 1L << 50),
                s => s.Quarantine.MaxBytes,
                (s, v) => s with { Quarantine = s.Quarantine with { MaxBytes = v } },
                "Most that is kept there in all. Further messages that would be kept are answered 452 4.3.1: what was taken is not thrown "
                    + "away before its time."
            ),
            Key(
                "quarantine.digest",
                DigestTime,
                s => s.Quarantine.Digest,
                (s, v) => s with { Quarantine = s.Quarantine with { Digest = v } },
                "When in the day (UTC) each account gets a message that lists what of its mail is newly kept; \"\" sends none."
            ),
        ];
}
