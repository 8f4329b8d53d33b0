using Postreiter.Imap.Syntax;
using Postreiter.Messages;

namespace Postreiter.Imap.Fetching;

/// <summary>Finds where a section stands in a stored message (RFC 9051 §6.4.5.1).</summary>
internal static class SectionPlace
{
    /// <summary>The part that numbers lead to; null when there is none.</summary>
    public static MimePart? Find(MimePart root, IReadOnlyList<uint> path)
    {
        var (part, isMessage) = (root, true);
        foreach (var number in path)
        {
            if (!isMessage && part.Message is { } inside)
                (part, isMessage) = (inside, true);
            if (part.Type == "multipart")
            {
                if (number > part.Parts.Count)
                    return null;
                (part, isMessage) = (part.Parts[(int)number - 1], false);
                continue;
            }

            // A message that is no multipart has one part, its body, with the number 1.
            if (number != 1 || !isMessage)
                return null;
            isMessage = false;
        }

        return part;
    }

    /// <summary>
    /// The bytes a section names; for the HEADER.FIELDS forms the whole header. Null when there is no such part.
    /// </summary>
    /// <param name="section">The section.</param>
    /// <param name="root">The part tree; may be null for the whole message.</param>
    /// <param name="prefixLength">Bytes in front of the content. Places in the tree are those of the content.</param>
    /// <param name="length">Bytes of the message.</param>
    public static ByteRange? Find(Section section, MimePart? root, int prefixLength, long length)
    {
        if (section is { Path.Count: 0, Text: SectionText.Whole } || root is null)
            return new ByteRange(0, length);
        var part = Find(root, section.Path);
        if (part is null)
            return null;
        var (start, end) = section.Text switch
        {
            SectionText.Whole => Body(part),
            SectionText.Mime => (part.HeaderOffset, part.BodyOffset),
            SectionText.Text => Message() is { } message ? Body(message) : (-1, -1),
            _ => Message() is { } message ? (message.HeaderOffset, message.BodyOffset) : (-1, -1),
        };
        if (start < 0)
            return null;
        // The message's own header begins with the prefix.
        var from =
            part == root && start == 0 && section.Text is not (SectionText.Whole or SectionText.Text)
                ? 0
                : start + prefixLength;
        (start, end) = (Math.Min(from, length), Math.Min(end + prefixLength, length));
        return new ByteRange(start, Math.Max(0, end - start));

        MimePart? Message() => section.Path.Count == 0 ? part : part.Message;
    }

    /// <summary>What a partial leaves of ranges.</summary>
    public static IReadOnlyList<ByteRange> Cut(IReadOnlyList<ByteRange> ranges, Partial? partial)
    {
        if (partial is not { } cut)
            return ranges;
        var (skip, left) = (cut.Origin, cut.Length);
        var result = new List<ByteRange>();
        foreach (var range in ranges)
        {
            var skipped = Math.Min(skip, range.Length);
            var taken = Math.Min(left, range.Length - skipped);
            (skip, left) = (skip - skipped, left - taken);
            if (taken > 0)
                result.Add(new ByteRange(range.Offset + skipped, taken));
        }

        return result;
    }

    private static (long Start, long End) Body(MimePart part) => (part.BodyOffset, part.BodyOffset + part.BodyLength);
}
