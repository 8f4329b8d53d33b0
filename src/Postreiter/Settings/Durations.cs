using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Postreiter.Settings;

/// <summary>Durations as people write them: <c>500ms</c>, <c>30s</c>, <c>5m</c>, <c>1h30m</c>, <c>2d</c>, <c>1w</c>.</summary>
internal static class Durations
{
    private static readonly (string Unit, long Milliseconds)[] Units =
    [
        ("w", 7 * 86_400_000L),
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
        ("ms", 1),
    ];

    /// <summary>Reads one or more whole numbers, each with its unit, no spaces; up to 10 years in all.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out TimeSpan? duration)
    {
        duration = null;
        var rest = text.AsSpan();
        var total = 0L;
        if (rest.IsEmpty)
            return false;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExceptInRange('0', '9');
            if (digits is < 1 or > 9)
                return false;
            var unit = rest[digits..];
            var end = unit.IndexOfAnyInRange('0', '9');
            unit = end < 0 ? unit : unit[..end];
            var index = -1;
            for (var i = 0; i < Units.Length; i++)
                index = unit.SequenceEqual(Units[i].Unit) ? i : index;
            if (index < 0)
                return false;
            total += long.Parse(rest[..digits], CultureInfo.InvariantCulture) * Units[index].Milliseconds;
            if (total > 3653L * 86_400_000)
                return false;
            rest = rest[(digits + unit.Length)..];
        }

        duration = TimeSpan.FromMilliseconds(total);
        return true;
    }

    /// <summary>The shortest text that reads as the same duration.</summary>
    public static string Format(TimeSpan duration)
    {
        var left = (long)duration.TotalMilliseconds;
        if (left == 0)
            return "0s";
        var text = new StringBuilder();
        // Weeks are read, not written: 36d says more than 5w1d.
        foreach (var (unit, size) in Units.Skip(1))
        {
            if (left >= size)
                text.Append(left / size).Append(unit);
            left %= size;
        }

        return text.ToString();
    }
}
