using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Postreiter.Core;

namespace Postreiter.Delivery.Gate.Greylisting;

/// <summary>
/// The 64-bit names of greylist rows. They are the same on every machine and in every version, for they stand in the store. Two of a million
/// rows have the same with a chance of 1 to 36 million; then one sender is delayed less.
/// </summary>
internal static class GreylistKey
{
    private const ulong OfTriplet = 1;
    private const ulong OfClient = 2;
    private const ulong OfCorrespondent = 3;
    private const ulong OfAccount = 4;

    /// <summary>Of client, sender and recipient.</summary>
    public static long Triplet(in GreylistClient client, EmailAddress? sender, EmailAddress recipient)
    {
        Span<char> text = stackalloc char[GreylistSender.MaxLength];
        var hash = OfTriplet;
        if (client.Pool.IsEmpty)
            Add(ref hash, Network(client));
        else
            AddText(ref hash, client.Pool.Ascii);
        AddText(ref hash, text[..GreylistSender.Write(sender, text)]);
        AddAddress(ref hash, recipient);
        return Finish(hash);
    }

    /// <summary>Of a client's network.</summary>
    public static long OfNetwork(in GreylistClient client)
    {
        var hash = OfClient;
        Add(ref hash, Network(client));
        return Finish(hash);
    }

    /// <summary>Of a client's domain.</summary>
    public static long OfDomain(DomainName domain)
    {
        var hash = OfClient;
        AddText(ref hash, domain.Ascii);
        return Finish(hash);
    }

    /// <summary>Of somebody to whom somebody here has written.</summary>
    public static long OfAddress(EmailAddress address)
    {
        var hash = OfCorrespondent;
        AddAddress(ref hash, address);
        return Finish(hash);
    }

    /// <summary>Of an account and somebody to whom it has written.</summary>
    public static long OfPair(EmailAddress account, EmailAddress address)
    {
        var hash = OfAccount;
        AddAddress(ref hash, account);
        AddAddress(ref hash, address);
        return Finish(hash);
    }

    // Of 3 or 8 octets: which, is said by the last one, that no /64 uses.
    private static ulong Network(in GreylistClient client)
    {
        Span<byte> octets = stackalloc byte[16];
        var length = client.WriteNetwork(octets);
        var number = BinaryPrimitives.ReadUInt64LittleEndian(octets);
        return length == 3 ? number | 4UL << 56 : number;
    }

    private static void AddAddress(ref ulong hash, EmailAddress address)
    {
        Span<char> lower = stackalloc char[EmailAddress.MaxLocalPartLength];
        var local = address.LocalPart;
        AddText(ref hash, lower[..local.AsSpan(0, Math.Min(local.Length, lower.Length)).ToLowerInvariant(lower)]);
        AddText(ref hash, address.Domain.Ascii);
    }

    private static void AddText(ref ulong hash, ReadOnlySpan<char> text)
    {
        var octets = MemoryMarshal.AsBytes(text);
        for (; octets.Length >= 8; octets = octets[8..])
            Add(ref hash, BinaryPrimitives.ReadUInt64LittleEndian(octets));
        Span<byte> rest = stackalloc byte[8];
        octets.CopyTo(rest);
        Add(ref hash, BinaryPrimitives.ReadUInt64LittleEndian(rest));
        // Its length parts it from what follows.
        Add(ref hash, (ulong)text.Length);
    }

    // The steps of MurmurHash3 (64 bit), which is in the public domain.
    private static void Add(ref ulong hash, ulong word)
    {
        word *= 0x87c37b91114253d5;
        word = BitOperations.RotateLeft(word, 31);
        word *= 0x4cf5ad432745937f;
        hash = (BitOperations.RotateLeft(hash ^ word, 27) * 5) + 0x52dce729;
    }

    private static long Finish(ulong hash)
    {
        hash ^= hash >> 33;
        hash *= 0xff51afd7ed558ccd;
        hash ^= hash >> 33;
        hash *= 0xc4ceb9fe1a85ec53;
        return (long)(hash ^ (hash >> 33));
    }
}
