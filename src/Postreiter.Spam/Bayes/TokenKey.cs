using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;

namespace Postreiter.Spam.Bayes;

/// <summary>The key under which a token is counted: the last 40 bits of its SHA-1 (FIPS 180-4), as in SpamAssassin's databases.</summary>
/// <remarks>SHA-1 only spreads the tokens here; nothing rests on its strength.</remarks>
internal static class TokenKey
{
    /// <summary>Octets of a key.</summary>
    public const int Size = 5;

    /// <summary>Tokens whose keys are computed at one time.</summary>
    public const int Lanes = 8;

    /// <summary>Octets of a token that is computed with others; a longer one takes more than one block.</summary>
    public const int MaxTogether = 55;

    private static readonly uint[] Start = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0];

    /// <summary>The key of a token of any length.</summary>
    public static ulong Of(ReadOnlySpan<byte> token)
    {
        Span<byte> digest = stackalloc byte[SHA1.HashSizeInBytes];
#pragma warning disable CA5350 // The format of the databases says so.
        SHA1.HashData(token, digest);
#pragma warning restore CA5350
        return ((ulong)digest[15] << 32) | BinaryPrimitives.ReadUInt32BigEndian(digest[16..]);
    }

    /// <summary>The keys of eight short tokens; each step of SHA-1 is done for all of them at once.</summary>
    /// <param name="words">
    /// The message blocks, padded, word by word: <c>words[i * Lanes + lane]</c> is word i of 16 of a lane. They are spoiled.
    /// </param>
    /// <param name="keys">The keys.</param>
    public static void Of(Span<uint> words, Span<ulong> keys)
    {
        Span<Vector256<uint>> w = stackalloc Vector256<uint>[16];
        for (var i = 0; i < 16; i++)
            w[i] = Vector256.Create<uint>(words.Slice(i * Lanes, Lanes));
        var a = Vector256.Create(Start[0]);
        var b = Vector256.Create(Start[1]);
        var c = Vector256.Create(Start[2]);
        var d = Vector256.Create(Start[3]);
        var e = Vector256.Create(Start[4]);
        for (var t = 0; t < 80; t++)
        {
            var word = w[t & 15];
            if (t >= 16)
            {
                word = Rotate(w[(t - 3) & 15] ^ w[(t - 8) & 15] ^ w[(t - 14) & 15] ^ word, 1);
                w[t & 15] = word;
            }

            var (mixed, constant) = t switch
            {
                < 20 => (d ^ (b & (c ^ d)), 0x5A827999u),
                < 40 => (b ^ c ^ d, 0x6ED9EBA1u),
                < 60 => ((b & c) | (d & (b | c)), 0x8F1BBCDCu),
                _ => (b ^ c ^ d, 0xCA62C1D6u),
            };
            var next = Rotate(a, 5) + mixed + e + Vector256.Create(constant) + word;
            (e, d, c, b, a) = (d, c, Rotate(b, 30), a, next);
        }

        d += Vector256.Create(Start[3]);
        e += Vector256.Create(Start[4]);
        for (var lane = 0; lane < Lanes; lane++)
            keys[lane] = ((ulong)(d[lane] & 0xFF) << 32) | e[lane];
    }

    private static Vector256<uint> Rotate(Vector256<uint> x, [ConstantExpected] byte by) =>
        Avx512F.VL.IsSupported
            ? Avx512F.VL.RotateLeft(x, by)
            : Vector256.ShiftLeft(x, by) | Vector256.ShiftRightLogical(x, 32 - by);
}
