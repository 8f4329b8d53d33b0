using System.Buffers;
using System.Text;

namespace Postreiter.Messages;

/// <summary>
/// The compact form of a message's part tree with its ENVELOPEs, as the store keeps it beside each message. Numbers are
/// little-endian base 128; a text is its length in UTF-8 plus one, then its bytes, 0 for none.
/// </summary>
public static class MessageStructure
{
    private const byte Version = 1;
    private const int MaxDepth = Parsing.PartBudget.MaxDepth + 1;

    /// <summary>Writes a tree.</summary>
    public static ReadOnlyMemory<byte> Write(MimePart root)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        buffer.GetSpan(1)[0] = Version;
        buffer.Advance(1);
        WritePart(buffer, root);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a tree.</summary>
    /// <exception cref="FormatException">The bytes are not of <see cref="Write"/>.</exception>
    public static MimePart Read(ReadOnlyMemory<byte> structure)
    {
        var reader = new Reader(structure.Span);
        if (reader.Byte() != Version)
            throw new FormatException("The stored structure of a message is of an unknown version");
        return reader.Part(0);
    }

    private static void WritePart(ArrayBufferWriter<byte> to, MimePart part)
    {
        Text(to, part.Type);
        Text(to, part.Subtype);
        Pairs(to, part.Parameters);
        Text(to, part.ContentId);
        Text(to, part.Description);
        Text(to, part.Encoding);
        Text(to, part.Disposition);
        Pairs(to, part.DispositionParameters);
        Number(to, part.Languages.Count);
        foreach (var language in part.Languages)
            Text(to, language);
        Text(to, part.Location);
        Text(to, part.Md5);
        Number(to, part.HeaderOffset);
        Number(to, part.BodyOffset);
        Number(to, part.BodyLength);
        Number(to, part.BodyLines);
        Number(to, part.Parts.Count);
        foreach (var child in part.Parts)
            WritePart(to, child);
        Number(to, part.Message is null ? 0 : 1);
        if (part.Message is { } message)
            WritePart(to, message);
        Number(to, part.Envelope is null ? 0 : 1);
        if (part.Envelope is { } envelope)
            WriteEnvelope(to, envelope);
    }

    private static void WriteEnvelope(ArrayBufferWriter<byte> to, Envelope envelope)
    {
        Text(to, envelope.Date);
        Text(to, envelope.Subject);
        Addresses(to, envelope.From);
        // Mostly the same as From: said once.
        AddressesUnless(to, envelope.Sender, envelope.From);
        AddressesUnless(to, envelope.ReplyTo, envelope.From);
        Addresses(to, envelope.To);
        Addresses(to, envelope.Cc);
        Addresses(to, envelope.Bcc);
        Text(to, envelope.InReplyTo);
        Text(to, envelope.MessageId);
    }

    private static void AddressesUnless(
        ArrayBufferWriter<byte> to,
        IReadOnlyList<EnvelopeAddress> list,
        IReadOnlyList<EnvelopeAddress> same
    )
    {
        var isSame = list.SequenceEqual(same);
        Number(to, isSame ? 1 : 0);
        if (!isSame)
            Addresses(to, list);
    }

    private static void Addresses(ArrayBufferWriter<byte> to, IReadOnlyList<EnvelopeAddress> list)
    {
        Number(to, list.Count);
        foreach (var address in list)
        {
            Text(to, address.Name);
            Text(to, address.Mailbox);
            Text(to, address.Host);
        }
    }

    private static void Pairs(ArrayBufferWriter<byte> to, IReadOnlyList<KeyValuePair<string, string>> pairs)
    {
        Number(to, pairs.Count);
        foreach (var (name, value) in pairs)
        {
            Text(to, name);
            Text(to, value);
        }
    }

    private static void Text(ArrayBufferWriter<byte> to, string? text)
    {
        if (text is null)
        {
            Number(to, 0);
            return;
        }

        var length = Encoding.UTF8.GetByteCount(text);
        Number(to, length + 1L);
        Encoding.UTF8.GetBytes(text, to.GetSpan(length));
        to.Advance(length);
    }

    private static void Number(ArrayBufferWriter<byte> to, long number)
    {
        var span = to.GetSpan(10);
        var length = 0;
        for (var left = (ulong)number; ; left >>= 7)
        {
            span[length++] = (byte)((left & 127) | (left > 127 ? 128u : 0));
            if (left <= 127)
                break;
        }

        to.Advance(length);
    }

    private ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public byte Byte()
        {
            if (_rest.IsEmpty)
                throw new FormatException("The stored structure of a message ends too early");
            var b = _rest[0];
            _rest = _rest[1..];
            return b;
        }

        public MimePart Part(int depth)
        {
            if (depth > MaxDepth)
                throw new FormatException("The stored structure of a message is nested too deeply");
            return new MimePart
            {
                Type = Text() ?? "",
                Subtype = Text() ?? "",
                Parameters = Pairs(),
                ContentId = Text(),
                Description = Text(),
                Encoding = Text() ?? "",
                Disposition = Text(),
                DispositionParameters = Pairs(),
                Languages = Texts(),
                Location = Text(),
                Md5 = Text(),
                HeaderOffset = Number(),
                BodyOffset = Number(),
                BodyLength = Number(),
                BodyLines = Number(),
                Parts = Parts(depth + 1),
                Message = Number() == 1 ? Part(depth + 1) : null,
                Envelope = Number() == 1 ? Envelope() : null,
            };
        }

        private MimePart[] Parts(int depth)
        {
            var parts = new MimePart[Count()];
            for (var i = 0; i < parts.Length; i++)
                parts[i] = Part(depth);
            return parts;
        }

        private Envelope Envelope()
        {
            var date = Text();
            var subject = Text();
            var from = Addresses();
            return new Envelope
            {
                Date = date,
                Subject = subject,
                From = from,
                Sender = Number() == 1 ? from : Addresses(),
                ReplyTo = Number() == 1 ? from : Addresses(),
                To = Addresses(),
                Cc = Addresses(),
                Bcc = Addresses(),
                InReplyTo = Text(),
                MessageId = Text(),
            };
        }

        private EnvelopeAddress[] Addresses()
        {
            var list = new EnvelopeAddress[Count()];
            for (var i = 0; i < list.Length; i++)
                list[i] = new EnvelopeAddress(Text(), Text(), Text());
            return list;
        }

        private KeyValuePair<string, string>[] Pairs()
        {
            var pairs = new KeyValuePair<string, string>[Count()];
            for (var i = 0; i < pairs.Length; i++)
                pairs[i] = new(Text() ?? "", Text() ?? "");
            return pairs;
        }

        private string[] Texts()
        {
            var texts = new string[Count()];
            for (var i = 0; i < texts.Length; i++)
                texts[i] = Text() ?? "";
            return texts;
        }

        // Each thing counted takes at least a byte, so that a damaged count cannot ask for much memory.
        private int Count()
        {
            var count = Number();
            if (count < 0 || count > _rest.Length)
                throw new FormatException("The stored structure of a message has a count past its end");
            return (int)count;
        }

        private string? Text()
        {
            var length = Number() - 1;
            if (length < 0)
                return null;
            if (length > _rest.Length)
                throw new FormatException("The stored structure of a message has a text past its end");
            var text = Encoding.UTF8.GetString(_rest[..(int)length]);
            _rest = _rest[(int)length..];
            return text;
        }

        private long Number()
        {
            ulong number = 0;
            for (var shift = 0; shift < 64; shift += 7)
            {
                var b = Byte();
                number |= (ulong)(b & 127) << shift;
                if (b < 128)
                    return (long)number;
            }

            throw new FormatException("The stored structure of a message has a number that is too long");
        }
    }
}
