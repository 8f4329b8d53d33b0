using System.Text;

namespace Postreiter.Messages.Parsing;

/// <summary>Cuts a header block into fields (RFC 5322 §2.2).</summary>
internal static class HeaderFields
{
    /// <summary>Reads the block of one header; lines that are no field are passed over.</summary>
    /// <param name="block">The header from its first byte; the empty line may be there or not.</param>
    /// <param name="offset">Where the block begins in the message.</param>
    /// <param name="tooMany">Whether there were more than L4 allows; those are not in the list.</param>
    public static List<HeaderField> Read(ReadOnlyMemory<byte> block, long offset, out bool tooMany)
    {
        // The scanner uses its buffer again for the next part; the fields keep a copy of theirs.
        ReadOnlyMemory<byte> bytes = block.ToArray();
        tooMany = false;
        var fields = new List<HeaderField>();
        for (var start = 0; start < bytes.Length; )
        {
            var end = FieldEnd(bytes.Span, start);
            var line = bytes.Span[start..end];
            var colon = line.IndexOf((byte)':');
            if (colon > 0 && IsName(line[..colon].TrimEnd(" \t"u8)))
            {
                if (fields.Count == HeaderLimits.MaxFields)
                {
                    tooMany = true;
                    break;
                }

                var value = bytes[(start + colon + 1)..(end - LineEnd(line))];
                var name = Encoding.ASCII.GetString(line[..colon].TrimEnd(" \t"u8));
                fields.Add(new HeaderField(name, (int)Math.Min(offset + start, int.MaxValue), end - start, value));
            }

            start = end;
        }

        return fields;
    }

    // The end of the line that is not followed by white space.
    private static int FieldEnd(ReadOnlySpan<byte> bytes, int start)
    {
        for (var at = start; ; )
        {
            var line = bytes[at..].IndexOf((byte)'\n');
            if (line < 0)
                return bytes.Length;
            at += line + 1;
            if (at == bytes.Length || bytes[at] is not ((byte)' ' or (byte)'\t'))
                return at;
        }
    }

    private static int LineEnd(ReadOnlySpan<byte> line) =>
        line.EndsWith("\r\n"u8) ? 2
        : line.EndsWith("\n"u8) ? 1
        : 0;

    // RFC 5322 §3.6.8: printable US-ASCII but the colon.
    private static bool IsName(ReadOnlySpan<byte> name) =>
        !name.IsEmpty && !name.ContainsAnyExceptInRange((byte)33, (byte)126);
}
