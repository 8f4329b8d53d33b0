using System.Globalization;

namespace Postreiter.Core;

/// <summary>Sizes as people write them: <c>512</c>, <c>64KiB</c>, <c>50MiB</c>, <c>2GiB</c>, <c>1TiB</c> (powers of 1,024).</summary>
public static class ByteSize
{
    private static readonly string[] Units = ["", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>Reads a size in bytes; a space before the unit is allowed, a fraction or a sign is not.</summary>
    /// <returns>False for an unknown unit or a value above <see cref="long.MaxValue"/>.</returns>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        var digits = text.AsSpan().Trim();
        var end = 0;
        while (end < digits.Length && char.IsAsciiDigit(digits[end]))
            end++;
        if (!long.TryParse(digits[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return false;
        var unit = digits[end..].Trim();
        for (var power = 0; power < Units.Length; power++)
        {
            if (!unit.Equals(Units[power], StringComparison.OrdinalIgnoreCase))
                continue;
            if (number > long.MaxValue >> (10 * power))
                return false;
            bytes = number << (10 * power);
            return true;
        }

        return false;
    }

    /// <summary>The largest unit with at most one decimal: <c>50MiB</c>, <c>1.5GiB</c>.</summary>
    public static string Format(long bytes)
    {
        var power = 0;
        double value = bytes;
        while (value >= 1024 && power < Units.Length - 1)
        {
            value /= 1024;
            power++;
        }

        return power == 0
            ? bytes.ToString(CultureInfo.InvariantCulture) + "B"
            : value.ToString("0.#", CultureInfo.InvariantCulture) + Units[power];
    }
}
