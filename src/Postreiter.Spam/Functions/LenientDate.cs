using System.Globalization;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Functions;

/// <summary>
/// Finds a date in a text as rules expect it: day, month and year anywhere and in either order, then a time, then a zone. What is out of
/// range is moved to what is next to it. RFC 5322 §3.3 allows much less.
/// </summary>
internal static class LenientDate
{
    private const string Months = "janfebmaraprmayjunjulaugsepoctnovdec";

    // Zones by their names, minutes east of UTC; where a name means two, the more common one.
    private static readonly Dictionary<string, int> Zones = new(StringComparer.Ordinal)
    {
        ["UT"] = 0,
        ["UTC"] = 0,
        ["GMT"] = 0,
        ["WET"] = 0,
        ["NDT"] = -150,
        ["NST"] = -210,
        ["AST"] = -240,
        ["ADT"] = -180,
        ["EST"] = -300,
        ["EDT"] = -240,
        ["CST"] = -360,
        ["CDT"] = -300,
        ["MST"] = -420,
        ["MDT"] = -360,
        ["PST"] = -480,
        ["PDT"] = -420,
        ["HST"] = -600,
        ["AKST"] = -540,
        ["AKDT"] = -480,
        ["HADT"] = -540,
        ["HAST"] = -600,
        ["BST"] = 60,
        ["IST"] = 60,
        ["WEST"] = 60,
        ["CET"] = 60,
        ["MET"] = 60,
        ["MEZ"] = 60,
        ["CEST"] = 120,
        ["MEST"] = 120,
        ["MESZ"] = 120,
        ["EET"] = 120,
        ["EEST"] = 180,
        ["IDT"] = 180,
        ["MSK"] = 180,
        ["MSD"] = 240,
        ["BRST"] = -120,
        ["BRT"] = -180,
        ["AEST"] = 600,
        ["AEDT"] = 660,
        ["ACST"] = 570,
        ["ACDT"] = 630,
        ["AWST"] = 480,
        ["NZST"] = 720,
        ["NZDT"] = 780,
        ["JST"] = 540,
        ["KST"] = 540,
        ["HKT"] = 480,
        ["SGT"] = 480,
        ["PHT"] = 480,
    };

    private static readonly FunctionPattern ZoneName = new(@"\b([A-Z]{2,4}(?:-DST)?)\b");

    /// <summary>Seconds since 1970; null when there is no date in the text.</summary>
    public static long? Read(string text)
    {
        var words = text.Split([' ', ',', '\t', '\n', '\v', '\f', '\r'], StringSplitOptions.RemoveEmptyEntries)
            .ToList();
        if (TakeDate(words) is not var (day, month, year) || day == 0)
            return null;
        var (hour, minute, second) = TakeTime(words);
        if (day > DaysIn(year, month))
        {
            day = 1;
            month++;
            if (month > 12)
                (month, year) = (1, year + 1);
        }

        year = Math.Clamp(year, 1970, 2037);
        // A leap day of a year beyond these.
        if (day > DateTime.DaysInMonth(year, month))
            return null;
        var time = new DateTimeOffset(
            year,
            month,
            day,
            Math.Min(hour, 23),
            Math.Min(minute, 59),
            Math.Min(second, 59),
            TimeSpan.Zero
        ).ToUnixTimeSeconds();
        // Before the beginning of 1970 there is nothing.
        var offset = ZoneMinutes(words) * 60L;
        return offset > 0 && time < offset ? 0 : time - offset;
    }

    private static (int Day, int Month, int Year)? TakeDate(List<string> words)
    {
        for (var i = 0; i + 2 < words.Count; i++)
        {
            if (IsDigits(words[i]) && Month(words[i + 1]) is > 0 and var month && IsDigits(words[i + 2], 4, 4))
                return Take(words, i, 3, Number(words[i]), month, words[i + 2]);
        }

        for (var i = 0; i + 3 < words.Count; i++)
        {
            if (
                Month(words[i]) is > 0 and var month
                && IsDigits(words[i + 1])
                && IsClock(words[i + 2])
                && IsDigits(words[i + 3], 4, 4)
            )
                return Take(words, i, 4, Number(words[i + 1]), month, words[i + 3]);
        }

        for (var i = 0; i + 2 < words.Count; i++)
        {
            if (IsDigits(words[i]) && Month(words[i + 1]) is > 0 and var month && IsDigits(words[i + 2], 2, 3))
                return Take(words, i, 3, Number(words[i]), month, words[i + 2]);
        }

        return null;
    }

    private static (int, int, int) Take(List<string> words, int at, int count, int day, int month, string year)
    {
        words.RemoveRange(at, count);
        // RFC 5322 §4.3: two digits below 50 are of this century, three count from 1900.
        var number = Number(year);
        if (year.Length == 2 && number < 50)
            number += 2000;
        else if (year.Length != 4)
            number += 1900;
        return (day, month, number);
    }

    private static (int Hour, int Minute, int Second) TakeTime(List<string> words)
    {
        for (var i = 0; i < words.Count; i++)
        {
            var parts = words[i].Split(':');
            if (
                parts.Length is not (2 or 3)
                || !IsDigits(parts[0], 1, 2)
                || !IsDigits(parts[1], 2, 2)
                || (parts.Length == 3 && !IsDigits(parts[2], 2, 2))
            )
                continue;
            words.RemoveAt(i);
            return (Number(parts[0]), Number(parts[1]), parts.Length == 3 ? Number(parts[2]) : 0);
        }

        return (0, 0, 0);
    }

    private static int ZoneMinutes(List<string> words)
    {
        foreach (var word in words)
        {
            if (word.Length != 5 || word[0] is not ('+' or '-') || !IsDigits(word[1..]))
                continue;
            var minutes = (Number(word[1..3]) * 60) + Number(word[3..]);
            return word[0] == '-' ? -minutes : minutes;
        }

        foreach (var word in words)
        {
            if (ZoneName.Find(word) is { } name)
                return Zones.GetValueOrDefault(name);
        }

        return 0;
    }

    private static int DaysIn(int year, int month) =>
        month switch
        {
            4 or 6 or 9 or 11 => 30,
            2 => year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28,
            _ => 31,
        };

    private static int Month(string word)
    {
        if (word.Length != 3)
            return 0;
        var at = Months.AsSpan().IndexOf(Octets.Lower(word));
        return at >= 0 && at % 3 == 0 ? (at / 3) + 1 : 0;
    }

    private static bool IsClock(string word)
    {
        var parts = word.Split(':');
        return parts.Length == 3 && Array.TrueForAll(parts, static part => IsDigits(part));
    }

    private static bool IsDigits(string word, int least = 1, int most = int.MaxValue) =>
        word.Length >= least && word.Length <= most && !word.AsSpan().ContainsAnyExceptInRange('0', '9');

    private static int Number(string digits) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : int.MaxValue;
}
