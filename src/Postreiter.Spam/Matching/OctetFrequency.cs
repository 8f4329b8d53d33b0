namespace Postreiter.Spam.Matching;

/// <summary>How often an octet stands in the text of a mail, roughly: what a literal is worth as a filter.</summary>
internal static class OctetFrequency
{
    // Letters of English text in per mille, folded; the rest by kind. Only the order of magnitude matters.
    private const string Letters = "etaoinsrhldcumfpgwybvkxjqz";

    private static readonly double[] Table = Make();

    /// <summary>Share of an octet, folded; from 0 to 1.</summary>
    public static double Of(int octet) => Table[octet];

    /// <summary>Expected share of places where a folded text stands.</summary>
    public static double Of(ReadOnlySpan<byte> text)
    {
        var share = 1.0;
        foreach (var octet in text)
            share *= Table[octet];
        return share;
    }

    /// <summary>Share of a set of octets as they stand, large letters rarer than small ones; from 0 to 1.</summary>
    public static double Of(Patterns.OctetSet set)
    {
        var share = 0.0;
        for (var octet = 0; octet < 256; octet++)
        {
            if (set.Contains(octet))
                share += Table[octet] * (octet is >= 'A' and <= 'Z' ? 0.15 : 1);
        }

        return Math.Min(share, 1);
    }

    private static double[] Make()
    {
        var table = new double[256];
        Array.Fill(table, 0.001);
        table.AsSpan(0x80).Fill(0.002);
        double[] shares =
        [
            .10,
            .075,
            .07,
            .065,
            .062,
            .06,
            .055,
            .052,
            .045,
            .036,
            .034,
            .026,
            .024,
            .022,
            .020,
            .019,
            .018,
            .017,
            .016,
            .014,
            .010,
            .007,
            .003,
            .003,
            .002,
            .002,
        ];
        for (var i = 0; i < Letters.Length; i++)
        {
            table[Letters[i]] = shares[i];
            table[Letters[i] - 0x20] = shares[i];
        }
        for (var digit = '0'; digit <= '9'; digit++)
            table[digit] = .008;
        (table[' '], table['\n'], table['.'], table['-'], table['=']) = (.16, .02, .02, .01, .01);
        (table[','], table['/'], table[':'], table['_'], table['<'], table['>']) = (.01, .012, .008, .006, .01, .01);
        return table;
    }
}
