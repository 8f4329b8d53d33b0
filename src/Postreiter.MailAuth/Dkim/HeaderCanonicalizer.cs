using System.Buffers;

namespace Postreiter.MailAuth.Dkim;

/// <summary>The two ways to canonicalize (RFC 6376 §3.4).</summary>
internal enum Canonicalization
{
    /// <summary>As it is, but for empty lines at the end of the body.</summary>
    Simple,

    /// <summary>White space and the case of field names do not count.</summary>
    Relaxed,
}

/// <summary>Canonicalizes header fields (RFC 6376 §3.4.1, §3.4.2).</summary>
internal static class HeaderCanonicalizer
{
    private static readonly SearchValues<byte> s_white = SearchValues.Create(" \t\r"u8);

    /// <summary>Writes one field.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="kind">How.</param>
    /// <param name="field">The field, its CRLF included.</param>
    /// <param name="nameLength">Octets of its name.</param>
    /// <param name="valueStart">Octet behind its colon.</param>
    public static void Write(
        IBufferWriter<byte> output,
        Canonicalization kind,
        ReadOnlySpan<byte> field,
        int nameLength,
        int valueStart
    )
    {
        WriteOpen(output, kind, field[..^2], nameLength, valueStart);
        output.Write("\r\n"u8);
    }

    /// <summary>
    /// Writes the signature's own field: the value of <c>b=</c> taken out with the white space around it, and no CRLF at the
    /// end (RFC 6376 §3.7).
    /// </summary>
    /// <param name="output">Where to.</param>
    /// <param name="kind">How.</param>
    /// <param name="field">The field, its CRLF included.</param>
    /// <param name="nameLength">Octets of its name.</param>
    /// <param name="valueStart">Octet behind its colon.</param>
    /// <param name="signature">Where the value of <c>b=</c> lies, counted from <paramref name="valueStart"/>.</param>
    public static void WriteUnsigned(
        IBufferWriter<byte> output,
        Canonicalization kind,
        ReadOnlySpan<byte> field,
        int nameLength,
        int valueStart,
        Range signature
    )
    {
        field = field[..^2];
        var (offset, length) = signature.GetOffsetAndLength(field.Length - valueStart);
        var cut = ArrayPool<byte>.Shared.Rent(field.Length);
        field[..(valueStart + offset)].CopyTo(cut);
        field[(valueStart + offset + length)..].CopyTo(cut.AsSpan(valueStart + offset));
        WriteOpen(output, kind, cut.AsSpan(0, field.Length - length), nameLength, valueStart);
        ArrayPool<byte>.Shared.Return(cut);
    }

    /// <summary>Writes a field that we made ourselves, relaxed and without the CRLF at its end.</summary>
    public static void WriteOpen(IBufferWriter<byte> output, ReadOnlySpan<byte> field, int nameLength) =>
        WriteOpen(output, Canonicalization.Relaxed, field[..^2], nameLength, nameLength + 1);

    private static void WriteOpen(
        IBufferWriter<byte> output,
        Canonicalization kind,
        ReadOnlySpan<byte> field,
        int nameLength,
        int valueStart
    )
    {
        if (kind == Canonicalization.Simple)
        {
            output.Write(field);
            return;
        }

        var target = output.GetSpan(field.Length + 1);
        for (var i = 0; i < nameLength; i++)
            target[i] = field[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)(field[i] | 0x20) : field[i];
        target[nameLength] = (byte)':';
        output.Advance(nameLength + 1 + Relax(field[valueStart..], target[(nameLength + 1)..]));
    }

    // Unfolded, runs of white space as one space, none at the ends.
    private static int Relax(ReadOnlySpan<byte> value, Span<byte> target)
    {
        var length = 0;
        var isSpaceDue = false;
        while (!value.IsEmpty)
        {
            var plain = value.IndexOfAny(s_white);
            // A CR that begins no fold is text like any other.
            if (plain >= 0 && value[plain] == '\r' && !(plain + 1 < value.Length && value[plain + 1] == '\n'))
                plain++;
            else if (plain < 0)
                plain = value.Length;
            if (plain > 0)
            {
                if (isSpaceDue && length > 0)
                    target[length++] = (byte)' ';
                isSpaceDue = false;
                value[..plain].CopyTo(target[length..]);
                length += plain;
                value = value[plain..];
                continue;
            }

            if (value[0] == '\r')
            {
                value = value[2..];
                continue;
            }

            isSpaceDue = true;
            value = value[1..];
        }

        return length;
    }
}
