using System.Globalization;

namespace Postreiter.Spam.Results;

/// <summary>Numbers as C's printf writes them, which is how points are printed everywhere in this field.</summary>
internal static class CNumber
{
    /// <summary>As <c>%.Nf</c>: an exact half is rounded to the even digit, which .NET's own formats do not.</summary>
    /// <param name="value">A finite number.</param>
    /// <param name="digits">Digits behind the point, 0 to 4.</param>
    public static string Fixed(double value, int digits)
    {
        // A half at the last digit has at most digits + 1 binary places; such a number is exact in decimal too.
        var isShort = Math.Abs(value) < 1e9 && Math.Floor(value * 32) == value * 32;
        var text = isShort
            ? Math.Round((decimal)value, digits, MidpointRounding.ToEven)
                .ToString($"F{digits}", CultureInfo.InvariantCulture)
            : value.ToString($"F{digits}", CultureInfo.InvariantCulture);
        return text;
    }

    /// <summary>As <c>%.15g</c>: how Perl prints a number that nobody formats.</summary>
    public static string General(double value) => value.ToString("G15", CultureInfo.InvariantCulture);
}
