using System.Buffers.Binary;
using System.Text;

namespace Postreiter.Dns.Wire;

/// <summary>Writes a question (RFC 1035 §4.1).</summary>
internal static class DnsQuery
{
    /// <summary>What we take by UDP: passes everywhere without fragments (RFC 9715 §3 names 1,400 as the most).</summary>
    public const int UdpPayload = 1232;

    /// <summary>Writes one question with RD and AD set, so that a resolver that validates says so (RFC 6840 §5.7).</summary>
    /// <param name="id">The message's id.</param>
    /// <param name="name">Labels of 1 to 63 characters between dots, 253 in all, ASCII.</param>
    /// <param name="type">Type.</param>
    /// <param name="edns">Whether to say what we take by UDP (RFC 6891 §6.1); some old servers refuse to read it.</param>
    public static byte[] Write(ushort id, string name, DnsType type, bool edns)
    {
        var bytes = new List<byte>(name.Length + 29) { (byte)(id >> 8), (byte)id, 0x01, 0x20 };
        bytes.AddRange([0, 1, 0, 0, 0, 0, 0, (byte)(edns ? 1 : 0)]);
        foreach (var label in name.Split('.'))
        {
            bytes.Add(checked((byte)label.Length));
            bytes.AddRange(Encoding.ASCII.GetBytes(label));
        }

        bytes.AddRange([0, (byte)((int)type >> 8), (byte)type, 0, 1]);
        if (edns)
        {
            Span<byte> opt = stackalloc byte[11];
            opt.Clear();
            BinaryPrimitives.WriteUInt16BigEndian(opt[1..], (ushort)DnsType.Opt);
            BinaryPrimitives.WriteUInt16BigEndian(opt[3..], UdpPayload);
            bytes.AddRange(opt);
        }

        return [.. bytes];
    }
}
