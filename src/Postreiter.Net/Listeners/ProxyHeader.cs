using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Postreiter.Core;

namespace Postreiter.Net.Listeners;

/// <summary>
/// The header with which a proxy in front of us names the real peer: the PROXY protocol of HAProxy (proxy-protocol.txt),
/// version 1 (a line of text) and version 2 (binary).
/// </summary>
/// <param name="Source">The real peer; null when the proxy speaks for itself (LOCAL, UNKNOWN, an address family that is not IP).</param>
/// <param name="Destination">Where the peer connected to; null with <paramref name="Source"/>.</param>
internal sealed record ProxyHeader(IPEndPoint? Source, IPEndPoint? Destination)
{
    /// <summary>Longest version 1 header: <c>PROXY TCP6</c>, two addresses, two ports, CRLF.</summary>
    public const int MaxLineBytes = 107;

    /// <summary>Longest version 2 header taken; TLVs of real proxies (a client certificate's name) stay far below.</summary>
    public const int MaxBinaryBytes = 4096;

    private const int BinaryPrefix = 16;
    private static readonly ProxyHeader Itself = new(null, null);

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Reads a header.</summary>
    /// <returns>Only <see cref="ParseStatus.Complete"/> moves <paramref name="input"/> behind the header.</returns>
    public static ParseStatus TryRead(ref SequenceReader<byte> input, out ProxyHeader? header)
    {
        header = null;
        if (!input.TryPeek(out var first))
            return ParseStatus.NeedMoreData;
        return first switch
        {
            (byte)'P' => TryReadLine(ref input, out header),
            (byte)'\r' => TryReadBinary(ref input, out header),
            _ => ParseStatus.Invalid,
        };
    }

    private static ParseStatus TryReadLine(ref SequenceReader<byte> input, out ProxyHeader? header)
    {
        header = null;
        var peek = input;
        if (!peek.TryReadTo(out ReadOnlySequence<byte> line, "\r\n"u8))
            return input.Remaining >= MaxLineBytes ? ParseStatus.Invalid : ParseStatus.NeedMoreData;
        if (line.Length + 2 > MaxLineBytes)
            return ParseStatus.Invalid;
        var words = Encoding.Latin1.GetString(line).Split(' ');
        // What follows UNKNOWN is to be passed over.
        if (words is ["PROXY", "UNKNOWN", ..])
            header = Itself;
        else if (
            words is ["PROXY", "TCP4" or "TCP6", var from, var to, var fromPort, var toPort]
            && TryReadEnd(from, fromPort, words[1], out var source)
            && TryReadEnd(to, toPort, words[1], out var destination)
        )
            header = new ProxyHeader(source, destination);
        if (header is null)
            return ParseStatus.Invalid;
        input = peek;
        return ParseStatus.Complete;
    }

    private static bool TryReadEnd(string address, string port, string family, out IPEndPoint end)
    {
        end = null!;
        var wanted = family == "TCP4" ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        // IPAddress takes "1.2" and "[::1]%3" too; a proxy writes neither.
        if (
            address.AsSpan().ContainsAny("%[]/")
            || !IPAddress.TryParse(address, out var ip)
            || ip.AddressFamily != wanted
            || (family == "TCP4" && ip.ToString() != address)
            || !ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        )
            return false;
        end = new IPEndPoint(ip, number);
        return true;
    }

    private static ParseStatus TryReadBinary(ref SequenceReader<byte> input, out ProxyHeader? header)
    {
        header = null;
        Span<byte> prefix = stackalloc byte[BinaryPrefix];
        var have = (int)Math.Min(input.Remaining, BinaryPrefix);
        input.TryCopyTo(prefix[..have]);
        var signature = Math.Min(have, Signature.Length);
        if (!prefix[..signature].SequenceEqual(Signature[..signature]))
            return ParseStatus.Invalid;
        if (have < BinaryPrefix)
            return ParseStatus.NeedMoreData;
        var (command, family) = (prefix[12], prefix[13]);
        int length = BinaryPrimitives.ReadUInt16BigEndian(prefix[14..]);
        if (command is not (0x20 or 0x21) || length + BinaryPrefix > MaxBinaryBytes)
            return ParseStatus.Invalid;
        if (input.Remaining < BinaryPrefix + length)
            return ParseStatus.NeedMoreData;
        Span<byte> addresses = stackalloc byte[36];
        addresses = addresses[..Math.Min(length, addresses.Length)];
        var peek = input;
        peek.Advance(BinaryPrefix);
        peek.TryCopyTo(addresses);
        // 0x20 is LOCAL: the proxy asks how we are; its addresses mean nothing. 0x11 and 0x21: TCP over IPv4 and IPv6.
        header = (command, family) switch
        {
            (0x21, 0x11) => Ends(addresses, 4),
            (0x21, 0x21) => Ends(addresses, 16),
            _ => Itself,
        };
        if (header is null)
            return ParseStatus.Invalid;
        // The rest of the length are TLVs, of no use to us.
        input.Advance(BinaryPrefix + length);
        return ParseStatus.Complete;
    }

    private static ProxyHeader? Ends(ReadOnlySpan<byte> bytes, int size)
    {
        if (bytes.Length < (2 * size) + 4)
            return null;
        var ports = bytes[(2 * size)..];
        return new ProxyHeader(
            new IPEndPoint(new IPAddress(bytes[..size]), BinaryPrimitives.ReadUInt16BigEndian(ports)),
            new IPEndPoint(new IPAddress(bytes[size..(2 * size)]), BinaryPrimitives.ReadUInt16BigEndian(ports[2..]))
        );
    }
}
