using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Postreiter.Core;

namespace Postreiter.Milter.Syntax;

/// <summary>The frame of the milter protocol: a length of four octets in network order, a code, and data.</summary>
public static class MilterPacket
{
    /// <summary>Most octets of data that a side takes without having said otherwise.</summary>
    public const int MaxData = 65_535;

    /// <summary>Most octets of a piece of the body.</summary>
    public const int MaxChunk = 65_535;

    /// <summary>Octets in front of the code.</summary>
    public const int LengthBytes = 4;

    /// <summary>Reads one packet.</summary>
    /// <param name="input">Only <see cref="ParseStatus.Complete"/> moves it.</param>
    /// <param name="mostData">A packet with more data is invalid, as is one without a code.</param>
    /// <param name="code">The code.</param>
    /// <param name="data">The data; a part of <paramref name="input"/>.</param>
    public static ParseStatus TryRead(
        ref ReadOnlySequence<byte> input,
        int mostData,
        out byte code,
        out ReadOnlySequence<byte> data
    )
    {
        (code, data) = (0, default);
        if (input.Length < LengthBytes)
            return ParseStatus.NeedMoreData;
        Span<byte> head = stackalloc byte[LengthBytes];
        input.Slice(0, LengthBytes).CopyTo(head);
        var length = BinaryPrimitives.ReadUInt32BigEndian(head);
        if (length == 0 || length > (uint)mostData + 1)
            return ParseStatus.Invalid;
        if (input.Length < LengthBytes + length)
            return ParseStatus.NeedMoreData;
        var packet = input.Slice(LengthBytes, length);
        code = packet.FirstSpan.Length > 0 ? packet.FirstSpan[0] : packet.ToArray()[0];
        data = packet.Slice(1);
        input = input.Slice(LengthBytes + length);
        return ParseStatus.Complete;
    }

    /// <summary>Writes a packet without data.</summary>
    public static void Write(IBufferWriter<byte> output, byte code) => Write(output, code, default);

    /// <summary>Writes a packet.</summary>
    public static void Write(IBufferWriter<byte> output, byte code, ReadOnlySpan<byte> data)
    {
        ArgumentNullException.ThrowIfNull(output);
        var span = output.GetSpan(LengthBytes + 1);
        BinaryPrimitives.WriteUInt32BigEndian(span, (uint)data.Length + 1);
        span[LengthBytes] = code;
        output.Advance(LengthBytes + 1);
        output.Write(data);
    }
}

/// <summary>Puts the data of a packet together: numbers, and texts that end with NUL.</summary>
internal sealed class MilterData
{
    private const int MostKept = 16 * 1024;

    private ArrayBufferWriter<byte> _data = new(256);

    /// <summary>What was written.</summary>
    public ReadOnlySpan<byte> Span => _data.WrittenSpan;

    /// <summary>Begins anew.</summary>
    public MilterData Clear()
    {
        _data.ResetWrittenCount();
        return this;
    }

    /// <summary>Begins anew, without the room that something large took: who waits long keeps none.</summary>
    public void Slim() => _data = Slim(_data, 256);

    /// <summary>As the other, of what packets are written to.</summary>
    public static ArrayBufferWriter<byte> Slim(ArrayBufferWriter<byte> output, int size)
    {
        if (output.Capacity > MostKept)
            return new ArrayBufferWriter<byte>(size);
        output.ResetWrittenCount();
        return output;
    }

    /// <summary>An octet.</summary>
    public MilterData Octet(byte octet)
    {
        _data.GetSpan(1)[0] = octet;
        _data.Advance(1);
        return this;
    }

    /// <summary>A number of 16 bits.</summary>
    public MilterData Short(ushort number)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_data.GetSpan(2), number);
        _data.Advance(2);
        return this;
    }

    /// <summary>A number of 32 bits.</summary>
    public MilterData Number(uint number)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_data.GetSpan(4), number);
        _data.Advance(4);
        return this;
    }

    /// <summary>A text in UTF-8; what stands behind a NUL is cut off.</summary>
    public MilterData Text(string text) => Text(Encoding.UTF8.GetBytes(text));

    /// <summary>A text of octets.</summary>
    public MilterData Text(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOf((byte)0);
        _data.Write(end < 0 ? text : text[..end]);
        return Octet(0);
    }
}

/// <summary>Takes the data of a packet apart.</summary>
internal ref struct MilterDataReader(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _rest = data;

    /// <summary>Whether all was read.</summary>
    public readonly bool IsAtEnd => _rest.IsEmpty;

    /// <summary>A number of 32 bits.</summary>
    public bool TryNumber(out uint number)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(_rest, out number))
            return false;
        _rest = _rest[4..];
        return true;
    }

    /// <summary>A number of 16 bits.</summary>
    public bool TryShort(out ushort number)
    {
        if (!BinaryPrimitives.TryReadUInt16BigEndian(_rest, out number))
            return false;
        _rest = _rest[2..];
        return true;
    }

    /// <summary>An octet.</summary>
    public bool TryOctet(out byte octet)
    {
        octet = 0;
        if (_rest.IsEmpty)
            return false;
        octet = _rest[0];
        _rest = _rest[1..];
        return true;
    }

    /// <summary>A text that ends with NUL.</summary>
    public bool TryText(out ReadOnlySpan<byte> text)
    {
        var end = _rest.IndexOf((byte)0);
        text = end < 0 ? default : _rest[..end];
        if (end < 0)
            return false;
        _rest = _rest[(end + 1)..];
        return true;
    }

    /// <summary>A text in UTF-8; what is none is replaced.</summary>
    public bool TryText(out string text)
    {
        var good = TryText(out ReadOnlySpan<byte> bytes);
        text = good ? Encoding.UTF8.GetString(bytes) : "";
        return good;
    }

    /// <summary>All texts that are left.</summary>
    /// <param name="most">More are an error.</param>
    /// <param name="texts">In order.</param>
    public bool TryTexts(int most, out List<string> texts)
    {
        texts = [];
        while (!IsAtEnd)
        {
            if (texts.Count == most || !TryText(out string text))
                return false;
            texts.Add(text);
        }

        return true;
    }
}
