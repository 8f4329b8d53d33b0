using System.Text;
using Postreiter.Storage.Mail;

namespace Postreiter.Transfer;

/// <summary>Flags that mail programs keep in <c>Status</c> and <c>X-Status</c> fields of an mbox.</summary>
internal static class StatusFlags
{
    /// <summary>The flags of a message; none where the fields are not there.</summary>
    public static SystemFlags Read(ReadOnlySpan<byte> message)
    {
        var flags = SystemFlags.None;
        while (!message.IsEmpty)
        {
            var end = message.IndexOf("\r\n"u8);
            if (end <= 0)
                break;
            var line = message[..end];
            message = message[(end + 2)..];
            var colon = line.IndexOf((byte)':');
            if (colon is not (6 or 8))
                continue;
            var name = Encoding.Latin1.GetString(line[..colon]);
            if (name.Equals("Status", StringComparison.OrdinalIgnoreCase))
                flags |= line[colon..].Contains((byte)'R') ? SystemFlags.Seen : SystemFlags.None;
            else if (name.Equals("X-Status", StringComparison.OrdinalIgnoreCase))
                flags |= ReadMore(line[colon..]);
        }

        return flags;
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
