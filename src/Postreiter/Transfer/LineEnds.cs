namespace Postreiter.Transfer;

/// <summary>Brings messages from files into the form of the wire and back.</summary>
internal static class LineEnds
{
    /// <summary>Every line end becomes CRLF: a bare LF and a bare CR alike; a last line without one gets it.</summary>
    public static byte[] ToCrLf(ReadOnlySpan<byte> text)
    {
        if (!NeedsChange(text))
            return text.ToArray();
        using var result = new MemoryStream(text.Length + (text.Length / 32) + 2);
        while (!text.IsEmpty)
        {
            var end = text.IndexOfAny((byte)'\r', (byte)'\n');
            result.Write(end < 0 ? text : text[..end]);
            result.Write("\r\n"u8);
            if (end < 0)
                break;
            var isPair = text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n';
            text = text[(end + (isPair ? 2 : 1))..];
        }

        return result.ToArray();
    }

    /// <summary>CRLF becomes LF.</summary>
    public static byte[] ToLf(ReadOnlySpan<byte> text)
    {
        var result = new byte[text.Length];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\r' || i + 1 == text.Length || text[i + 1] != '\n')
                result[length++] = text[i];
        }

        return result[..length];
    }

    private static bool NeedsChange(ReadOnlySpan<byte> text)
    {
        if (text.Length < 2 || !text.EndsWith("\r\n"u8))
            return !text.IsEmpty;
        while (text.IndexOfAny((byte)'\r', (byte)'\n') is var end and >= 0)
        {
            if (text[end] == '\n' || end + 1 == text.Length || text[end + 1] != '\n')
                return true;
            text = text[(end + 2)..];
        }

        return false;
    }
}
