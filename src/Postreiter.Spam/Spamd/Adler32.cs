namespace Postreiter.Spam.Spamd;

/// <summary>The checksum of zlib streams (RFC 1950 §8.2).</summary>
internal static class Adler32
{
    private const uint Modulus = 65521;

    // So many octets can be added up before the sums pass 32 bits.
    private const int MostAtOnce = 5552;

    /// <summary>Of some octets, as it stands in a stream: most significant octet first.</summary>
    public static byte[] Of(ReadOnlySpan<byte> octets)
    {
        var (a, b) = (1u, 0u);
        while (!octets.IsEmpty)
        {
            var part = octets[..Math.Min(MostAtOnce, octets.Length)];
            foreach (var octet in part)
            {
                a += octet;
                b += a;
            }

            (a, b) = (a % Modulus, b % Modulus);
            octets = octets[part.Length..];
        }

        return [(byte)(b >> 8), (byte)b, (byte)(a >> 8), (byte)a];
    }
}
