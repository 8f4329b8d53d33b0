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

    /// <summary><c>date-time</c> in its quotes: a day of two places, a month's name, a zone of four digits.</summary>
    public static bool TryReadDateTime(ImapReader args, out DateTimeOffset date)
    {
        date = default;
        if (
            args.Peek != '"'
            || !args.TryString(out var bytes)
            || bytes.Length != 26
            || bytes[21] is not ((byte)'+' or (byte)'-')
        )
            return false;
        var text = System.Text.Encoding.Latin1.GetString(bytes);
        return DateTimeOffset.TryParseExact(
            text.Insert(24, ":").AsSpan(text[0] == ' ' ? 1 : 0),
            text[0] == ' ' ? "d-MMM-yyyy HH:mm:ss zzz" : "dd-MMM-yyyy HH:mm:ss zzz",
            CultureInfo.InvariantCulture,
            DateTimeStyles.None,
            out date
        );
    }
}
