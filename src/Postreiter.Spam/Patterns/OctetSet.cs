namespace Postreiter.Spam.Patterns;

/// <summary>A set of octets: 256 bits.</summary>
internal readonly record struct OctetSet(ulong A, ulong B, ulong C, ulong D)
{
    /// <summary>No octet.</summary>
    public static OctetSet None => default;

    /// <summary>Every octet.</summary>
    public static OctetSet All => new(~0ul, ~0ul, ~0ul, ~0ul);

    /// <summary>`\d`.</summary>
    public static OctetSet Digit { get; } = Range('0', '9');

    /// <summary>`\w`.</summary>
    public static OctetSet Word { get; } = Range('0', '9') | Range('A', 'Z') | Range('a', 'z') | Of('_');

    /// <summary>`\s`.</summary>
    public static OctetSet Space { get; } = Range(9, 13) | Of(' ');

    /// <summary>`\h`: tab, blank, no-break space (not bound to ASCII by /a).</summary>
    public static OctetSet Horizontal { get; } = Of(9) | Of(' ') | Of(0xA0);

    /// <summary>`\v`: the line ends, next-line too.</summary>
    public static OctetSet Vertical { get; } = Range(10, 13) | Of(0x85);

    /// <summary>One octet.</summary>
    public static OctetSet Of(int octet) => None.With(octet);

    /// <summary>From an octet to another, both in it.</summary>
    public static OctetSet Range(int first, int last)
    {
        var set = None;
        for (var octet = first; octet <= last; octet++)
            set = set.With(octet);
        return set;
    }

    /// <summary>Whether an octet is in it.</summary>
    public bool Contains(int octet) =>
        (
            (octet >> 6) switch
            {
                0 => A,
                1 => B,
                2 => C,
                _ => D,
            } >> (octet & 63)
            & 1
        ) != 0;

    /// <summary>The set with one octet more.</summary>
    public OctetSet With(int octet)
    {
        var bit = 1ul << (octet & 63);
        return (octet >> 6) switch
        {
            0 => this with { A = A | bit },
            1 => this with { B = B | bit },
            2 => this with { C = C | bit },
            _ => this with { D = D | bit },
        };
    }

    /// <summary>Number of octets in it.</summary>
    public int Count =>
        System.Numerics.BitOperations.PopCount(A)
        + System.Numerics.BitOperations.PopCount(B)
        + System.Numerics.BitOperations.PopCount(C)
        + System.Numerics.BitOperations.PopCount(D);

    /// <summary>The only octet; -1 when there is none or more than one.</summary>
    public int Single => Count == 1 ? First : -1;

    /// <summary>The lowest octet; -1 when there is none.</summary>
    public int First =>
        A != 0 ? System.Numerics.BitOperations.TrailingZeroCount(A)
        : B != 0 ? 64 + System.Numerics.BitOperations.TrailingZeroCount(B)
        : C != 0 ? 128 + System.Numerics.BitOperations.TrailingZeroCount(C)
        : D != 0 ? 192 + System.Numerics.BitOperations.TrailingZeroCount(D)
        : -1;

    /// <summary>Both together.</summary>
    public static OctetSet operator |(OctetSet a, OctetSet b) => new(a.A | b.A, a.B | b.B, a.C | b.C, a.D | b.D);

    /// <summary>What both have.</summary>
    public static OctetSet operator &(OctetSet a, OctetSet b) => new(a.A & b.A, a.B & b.B, a.C & b.C, a.D & b.D);

    /// <summary>All others.</summary>
    public static OctetSet operator ~(OctetSet a) => new(~a.A, ~a.B, ~a.C, ~a.D);

    /// <summary>
    /// The set without regard to case: ASCII letters, and the 30 pairs of Latin-1 (U+00C0–U+00DE with U+00E0–U+00FE but × and ÷), as
    /// Perl folds octets under /aa. No fold crosses from one to many octets.
    /// </summary>
    public OctetSet Folded() => this with { B = B | Swapped(B & Letters), D = D | Swapped(D & Latin) };

    // A-Z and a-z in the second quarter; À-Þ but ×, and à-þ but ÷, in the fourth: the two cases stand 32 octets apart.
    private const ulong Letters = 0x07FF_FFFE_07FF_FFFE;
    private const ulong Latin = 0x7F7F_FFFF_7F7F_FFFF;

    private static ulong Swapped(ulong letters) => (letters << 32) | (letters >> 32);

    /// <summary>The same letter in the other case; the octet itself where there is none.</summary>
    public static int Partner(int octet) =>
        octet switch
        {
            >= 'A' and <= 'Z' => octet | 0x20,
            >= 'a' and <= 'z' => octet & ~0x20,
            >= 0xC0 and <= 0xDE and not 0xD7 => octet | 0x20,
            >= 0xE0 and <= 0xFE and not 0xF7 => octet & ~0x20,
            _ => octet,
        };
}
