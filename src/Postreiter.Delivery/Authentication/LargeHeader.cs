using System.Buffers;
using System.Text;
using Postreiter.Delivery.Inbound;
using Postreiter.MailAuth.Dkim;

namespace Postreiter.Delivery.Authentication;

/// <summary>
/// L30: of a large header, who checks or signs gets only the fields that signatures are over: with the reader of the message it would
/// stand in memory twice.
/// </summary>
internal static class LargeHeader
{
    // The most that a header with every usual field has; no copy is made below.
    private const int Large = 64 * 1024;

    // With 256 KiB of header in the reader, and what else a session has: 512 KiB.
    private const int Most = 192 * 1024;

    private static readonly string[] Authentication =
    [
        "From",
        "DKIM-Signature",
        "ARC-Seal",
        "ARC-Message-Signature",
        "ARC-Authentication-Results",
    ];

    private static readonly HashSet<string> Ours = new(
        [.. Authentication, .. new DkimSigningOptions().OversignedFields, .. new DkimSigningOptions().SignedFields],
        StringComparer.OrdinalIgnoreCase
    );

    /// <summary>What the signatures in a header need of it.</summary>
    /// <param name="header">Whole.</param>
    /// <returns>The same bytes when they are few; nothing when even those that are signed are too many: as if there were no signature.</returns>
    public static ReadOnlyMemory<byte> ForCheck(ReadOnlyMemory<byte> header) =>
        header.Length <= Large ? header : PickSigned(header);

    /// <summary>The fields that the signatures in a header are over, and those of the authentication itself.</summary>
    internal static ReadOnlyMemory<byte> PickSigned(ReadOnlyMemory<byte> header)
    {
        var names = new HashSet<string>(Authentication, StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in Fields(header))
        {
            if (name is "dkim-signature" or "arc-message-signature")
                AddSigned(names, Encoding.Latin1.GetString(value.Span));
        }

        return Pick(header, names);
    }

    /// <summary>What our own signatures and seals are over.</summary>
    /// <inheritdoc cref="ForCheck"/>
    public static ReadOnlyMemory<byte> ForSigning(ReadOnlyMemory<byte> header) =>
        header.Length <= Large ? header : Pick(header, Ours);

    private static void AddSigned(HashSet<string> names, string signature)
    {
        // RFC 6376 §3.5: h= is a list of names with colons between.
        foreach (var tag in signature.Split(';'))
        {
            var equals = tag.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && tag.AsSpan(0, equals).Trim() is "h")
                names.UnionWith(tag[(equals + 1)..].Split(':').Select(static n => n.Trim()));
        }
    }

    private static ReadOnlyMemory<byte> Pick(ReadOnlyMemory<byte> header, HashSet<string> names)
    {
        var picked = new ArrayBufferWriter<byte>(Large);
        var lookup = names.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var (name, value) in Fields(header, wholeFields: true))
        {
            if (!lookup.Contains(name))
                continue;
            if (picked.WrittenCount + value.Length > Most)
            {
                InboundMetrics.Limit("L30");
                return default;
            }

            picked.Write(value.Span);
        }

        return picked.WrittenSpan.ToArray();
    }

    private static IEnumerable<(string Name, ReadOnlyMemory<byte> Value)> Fields(
        ReadOnlyMemory<byte> header,
        bool wholeFields = false
    )
    {
        while (!header.IsEmpty)
        {
            var end = FieldEnd(header.Span);
            var colon = header.Span[..end].IndexOf((byte)':');
            if (colon > 0)
            {
                var name = Encoding.Latin1.GetString(header.Span[..colon].TrimEnd(" \t"u8)).ToLowerInvariant();
                yield return (name, wholeFields ? header[..end] : header[(colon + 1)..end]);
            }

            header = header[end..];
        }
    }

    private static int FieldEnd(ReadOnlySpan<byte> header)
    {
        for (var at = 0; ; )
        {
            // Only CRLF ends a line, as for those who read the fields next.
            var line = header[at..].IndexOf("\r\n"u8);
            if (line < 0)
                return header.Length;
            at += line + 2;
            if (at == header.Length || header[at] is not ((byte)' ' or (byte)'\t'))
                return at;
        }
    }
}
