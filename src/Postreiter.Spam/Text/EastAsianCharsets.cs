namespace Postreiter.Spam.Text;

/// <summary>Which pairs of octets the smaller charsets of East Asia have; the runtime reads larger ones by their names.</summary>
internal static class EastAsianCharsets
{
    /// <summary>GB 2312-80: the rows of signs are not full, nor is the last one of the common characters.</summary>
    public static bool IsGb2312(int pair) =>
        (pair >> 8, pair & 0xFF) switch
        {
            (_, < 0xA1 or > 0xFE) => false,
            (0xA1 or 0xA3, _) => true,
            (0xA2, var cell) => cell is (>= 0xB1 and <= 0xE2) or (>= 0xE5 and <= 0xEE) or (>= 0xF1 and <= 0xFC),
            (0xA4, var cell) => cell <= 0xF3,
            (0xA5, var cell) => cell <= 0xF6,
            (0xA6, var cell) => cell is <= 0xB8 or (>= 0xC1 and <= 0xD8),
            (0xA7, var cell) => cell is <= 0xC1 or (>= 0xD1 and <= 0xF1),
            (0xA8, var cell) => cell is <= 0xBA or (>= 0xC5 and <= 0xE9),
            (0xA9, var cell) => cell is >= 0xA4 and <= 0xEF,
            (0xD7, var cell) => cell <= 0xF9,
            (>= 0xB0 and <= 0xF7, _) => true,
            _ => false,
        };

    /// <summary>KS X 1001, of which the rows C9 and FE are free.</summary>
    public static bool IsKsX1001(int pair) =>
        (pair >> 8, pair & 0xFF) switch
        {
            (_, < 0xA1 or > 0xFE) => false,
            (0xC9 or 0xFE, _) => false,
            (>= 0xA1, _) => true,
            _ => false,
        };

    /// <summary>JIS X 0208 in Shift_JIS, without what vendors put into its free rows.</summary>
    public static bool IsShiftJis(int pair) =>
        (pair >> 8, pair & 0xFF) switch
        {
            (_, < 0x40 or 0x7F or > 0xFC) => false,
            (0x87 or (>= 0xED and <= 0xFC), _) => false,
            ((>= 0x81 and <= 0x9F) or (>= 0xE0 and <= 0xEC), _) => true,
            _ => false,
        };
}
