using System.Globalization;

namespace Postreiter.Imap.Syntax;

/// <summary>Dates of RFC 9051 §9.</summary>
internal static class ImapDate
{
    /// <summary><c>date-time</c> without its quotes, e.g. <c> 1-Jan-2026 12:00:00 +0100</c>.</summary>
    public static string Write(DateTimeOffset date)
    {
        var offset = date.Offset;
        var sign = offset < TimeSpan.Zero ? '-' : '+';
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{date.Day, 2}-{date:MMM-yyyy HH:mm:ss} {sign}{offset.Duration():hhmm}"
        );
    }

    /// <summary><c>date</c>, quoted or not, e.g. <c>1-Feb-1994</c>.</summary>
    public static bool TryRead(ImapReader args, out DateOnly date)
    {
        date = default;
        return args.TryAstring(out var bytes)
            && DateOnly.TryParseExact(
                System.Text.Encoding.Latin1.GetString(bytes),
                ["d-MMM-yyyy", "dd-MMM-yyyy"],
                CultureInfo.InvariantCulture,
                DateTimeStyles.None,
                out date
            );
    }
}
