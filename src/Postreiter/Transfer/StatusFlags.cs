using System.Text;
using Postreiter.Storage.Mail;

namespace Postreiter.Transfer;

/// <summary>Flags that mail programs keep in <c>Status</c> and <c>X-Status</c> fields of an mbox.</summary>
internal static class StatusFlags
{
    /// <summary>The flags of a message; none where the fields are not there. Of several the first counts: we write ours on top.</summary>
    public static SystemFlags Read(ReadOnlySpan<byte> message)
    {
        var flags = SystemFlags.None;
        var (hasStatus, hasMore) = (false, false);
        while (TryReadField(ref message, out var line, out var name))
        {
            if (name == Field.Status && !hasStatus)
                (flags, hasStatus) = (
                    flags | (line[7..].Contains((byte)'R') ? SystemFlags.Seen : SystemFlags.None),
                    true
                );
            else if (name == Field.More && !hasMore)
                (flags, hasMore) = (flags | ReadMore(line[9..]), true);
        }

        return flags;
    }

    /// <summary>The message without these fields.</summary>
    public static byte[] Remove(byte[] message)
    {
        ReadOnlySpan<byte> rest = message;
        using var result = new MemoryStream(message.Length);
        while (TryReadField(ref rest, out var line, out var name))
        {
            if (name == Field.Other)
                result.Write(message, message.Length - rest.Length - line.Length - 2, line.Length + 2);
        }

        if (result.Length + rest.Length == message.Length)
            return message;
        result.Write(rest);
        return result.ToArray();
    }

    // One line of the header at a time: these fields are never folded.
    private static bool TryReadField(ref ReadOnlySpan<byte> message, out ReadOnlySpan<byte> line, out Field name)
    {
        line = default;
        name = Field.Other;
        var end = message.IndexOf("\r\n"u8);
        if (end <= 0)
            return false;
        line = message[..end];
        message = message[(end + 2)..];
        if (Ascii.EqualsIgnoreCase(line[..Math.Min(7, line.Length)], "Status:"u8))
            name = Field.Status;
        else if (Ascii.EqualsIgnoreCase(line[..Math.Min(9, line.Length)], "X-Status:"u8))
            name = Field.More;
        return true;
    }

    private enum Field
    {
        Other,
        Status,
        More,
    }

    private static SystemFlags ReadMore(ReadOnlySpan<byte> letters)
    {
        var flags = SystemFlags.None;
        foreach (var letter in letters)
        {
            flags |= (char)letter switch
            {
                'A' => SystemFlags.Answered,
                'F' => SystemFlags.Flagged,
                'T' => SystemFlags.Draft,
                'D' => SystemFlags.Deleted,
                _ => SystemFlags.None,
            };
        }

        return flags;
    }
}
