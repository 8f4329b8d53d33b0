using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Postreiter.Dns.Wire;

/// <summary>An answer as it came (RFC 1035 §4.1). Reading it is pure and linear in its length.</summary>
internal sealed class DnsMessage
{
    private const int HeaderBytes = 12;
    private const int MaxNameBytes = 255;

    private DnsMessage() { }

    /// <summary>The id of the question it answers.</summary>
    public ushort Id { get; private init; }

    /// <summary>Cut to fit into a datagram (TC).</summary>
    public bool IsTruncated { get; private init; }

    /// <summary>The server vouches for it (AD, RFC 4035 §3.2.3).</summary>
    public bool IsAuthentic { get; private init; }

    /// <summary>RCODE.</summary>
    public DnsResponseCode Code { get; private init; }

    /// <summary>The name asked for, null when the question is not repeated.</summary>
    public string? QuestionName { get; private init; }

    /// <summary>The type asked for.</summary>
    public DnsType QuestionType { get; private init; }

    /// <summary>The answer section.</summary>
    public IReadOnlyList<DnsRecord> Answers { get; private init; } = [];

    /// <summary>The authority section.</summary>
    public IReadOnlyList<DnsRecord> Authorities { get; private init; } = [];

    /// <summary>Reads a whole message.</summary>
    /// <returns>False for what is no answer, or one that is malformed anywhere up to the end of its authority section.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out DnsMessage? message)
    {
        message = null;
        if (bytes.Length < HeaderBytes)
            return false;
        var flags = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        var questions = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        // QR says that it is an answer; OPCODE 0 that it is one to a query.
        if ((flags & 0xF800) != 0x8000 || questions > 1)
            return false;
        var at = HeaderBytes;
        string? name = null;
        var type = default(DnsType);
        if (questions == 1)
        {
            if (!TryReadName(bytes, ref at, out name) || bytes.Length - at < 4)
                return false;
            type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
            at += 4;
        }

        var isTruncated = (flags & 0x0200) != 0;
        List<DnsRecord> answers = [];
        List<DnsRecord> authorities = [];
        // A cut answer is asked for again by TCP: what is in it does not matter.
        if (
            !isTruncated
            && !(
                TryReadRecords(bytes, ref at, BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]), answers)
                && TryReadRecords(bytes, ref at, BinaryPrimitives.ReadUInt16BigEndian(bytes[8..]), authorities)
            )
        )
            return false;
        message = new DnsMessage
        {
            Id = BinaryPrimitives.ReadUInt16BigEndian(bytes),
            IsTruncated = isTruncated,
            IsAuthentic = (flags & 0x0020) != 0,
            Code = (DnsResponseCode)(flags & 0x000F),
            QuestionName = name,
            QuestionType = type,
            Answers = answers,
            Authorities = authorities,
        };
        return true;
    }

    /// <summary>A name as it stands in <see cref="DnsRecord.Owner"/>.</summary>
    /// <param name="name">Printable ASCII, dots between labels.</param>
    public static string Written(string name) =>
        name.Replace("\\", "\\092", StringComparison.Ordinal).Replace(" ", "\\032", StringComparison.Ordinal);

    private static bool TryReadRecords(ReadOnlySpan<byte> bytes, ref int at, int count, List<DnsRecord> records)
    {
        for (var i = 0; i < count; i++)
        {
            if (!TryReadName(bytes, ref at, out var owner) || bytes.Length - at < 10)
                return false;
            var type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
            var ttl = BinaryPrimitives.ReadUInt32BigEndian(bytes[(at + 4)..]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 8)..]);
            at += 10;
            if (bytes.Length - at < length || !TryReadValue(bytes, at, length, type, out var value))
                return false;
            at += length;
            // RFC 2181 §8: a TTL with the highest bit set is 0.
            records.Add(new DnsRecord(owner, type, ttl > int.MaxValue ? 0 : ttl, value));
        }

        return true;
    }

    private static bool TryReadValue(ReadOnlySpan<byte> bytes, int at, int length, DnsType type, out object? value)
    {
        value = null;
        var end = at + length;
        string name;
        switch (type)
        {
            case DnsType.A:
            case DnsType.Aaaa:
                if (length != (type == DnsType.A ? 4 : 16))
                    return false;
                value = new IPAddress(bytes.Slice(at, length));
                return true;
            case DnsType.Ns:
            case DnsType.Cname:
            case DnsType.Ptr:
                if (!TryReadName(bytes, ref at, out name) || at != end)
                    return false;
                value = name;
                return true;
            case DnsType.Mx:
                if (length < 3)
                    return false;
                int preference = BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
                at += 2;
                if (!TryReadName(bytes, ref at, out name) || at != end)
                    return false;
                value = new MxData(preference, name);
                return true;
            case DnsType.Soa:
                if (
                    !TryReadName(bytes, ref at, out name)
                    || !TryReadName(bytes, ref at, out var mailbox)
                    || end - at != 20
                )
                    return false;
                value = Soa(name, mailbox, bytes.Slice(at, 20));
                return true;
            case DnsType.Srv:
                if (length < 7)
                    return false;
                var (priority, weight) = (Number(bytes, at), Number(bytes, at + 2));
                var port = Number(bytes, at + 4);
                at += 6;
                if (!TryReadName(bytes, ref at, out name) || at != end)
                    return false;
                value = new SrvData(priority, weight, port, name);
                return true;
            case DnsType.Tlsa:
                if (length < 3)
                    return false;
                var data = Convert.ToHexStringLower(bytes[(at + 3)..end]);
                value = new TlsaRecord(bytes[at], bytes[at + 1], bytes[at + 2], data);
                return true;
            case DnsType.Txt:
                return TryReadText(bytes.Slice(at, length), out value);
            default:
                return true;
        }
    }

    private static SoaData Soa(string server, string mailbox, ReadOnlySpan<byte> numbers)
    {
        var text = new StringBuilder($"{server}. {mailbox}.");
        for (var i = 0; i < 20; i += 4)
            text.Append(' ').Append(BinaryPrimitives.ReadUInt32BigEndian(numbers[i..]));
        return new SoaData(server, BinaryPrimitives.ReadUInt32BigEndian(numbers[16..]), text.ToString());
    }

    private static int Number(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);

    /// <summary>One or more strings of a length and that many bytes; joined (RFC 7208 §3.3, RFC 6376 §3.6.2.2).</summary>
    private static bool TryReadText(ReadOnlySpan<byte> data, out object? value)
    {
        var text = new StringBuilder(data.Length);
        value = null;
        while (!data.IsEmpty)
        {
            if (data.Length - 1 < data[0])
                return false;
            text.Append(Encoding.Latin1.GetString(data.Slice(1, data[0])));
            data = data[(data[0] + 1)..];
        }

        value = text.ToString();
        return true;
    }

    /// <summary>A name, with pointers to earlier ones (RFC 1035 §4.1.4); only ever backwards, so that it ends.</summary>
    private static bool TryReadName(ReadOnlySpan<byte> bytes, ref int at, out string name)
    {
        name = "";
        var text = new StringBuilder();
        var (from, total) = (at, 0);
        var lowest = at;
        int? after = null;
        while (true)
        {
            if (from >= bytes.Length)
                return false;
            var length = bytes[from];
            if (length >= 0xC0)
            {
                if (from + 1 >= bytes.Length)
                    return false;
                after ??= from + 2;
                from = ((length & 0x3F) << 8) | bytes[from + 1];
                if (from >= lowest)
                    return false;
                lowest = from;
                continue;
            }

            if (length == 0)
                break;
            total += length + 1;
            if (length > 63 || total >= MaxNameBytes || bytes.Length - from - 1 < length)
                return false;
            if (text.Length > 0)
                text.Append('.');
            foreach (var b in bytes.Slice(from + 1, length))
                Append(text, b);
            from += length + 1;
        }

        at = after ?? from + 1;
        name = text.Length == 0 ? "." : text.ToString();
        return true;
    }

    private static void Append(StringBuilder text, byte b)
    {
        // A dot inside a label is not the dot between two.
        if (b is > (byte)' ' and <= (byte)'~' and not ((byte)'.' or (byte)'\\'))
            text.Append((char)b);
        else
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\{b:D3}");
    }
}
