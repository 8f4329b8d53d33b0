using System.Buffers;
using System.Text;
using Postreiter.Milter;

namespace Postreiter.Delivery.Milters;

/// <summary>One field of a header.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">What stands behind the colon, lines ended by LF, without the last line's end.</param>
/// <param name="Whole">The field as it stands in the message, with its line ends.</param>
internal sealed record MilterField(ReadOnlyMemory<byte> Name, ReadOnlyMemory<byte> Value, ReadOnlyMemory<byte> Whole);

/// <summary>A message's header for milters: its fields, and what they make of it.</summary>
internal sealed class MilterHeader
{
    private readonly List<MilterField> _fields = [];

    // Those that were taken out keep their place: milters count the fields that they were shown.
    private readonly HashSet<MilterField> _gone = new(ReferenceEqualityComparer.Instance);

    private MilterHeader() { }

    /// <summary>The fields, in order.</summary>
    public IEnumerable<MilterField> Fields => _fields.Where(f => !_gone.Contains(f));

    /// <summary>Octets of the header as it was read, with the empty line where there is one.</summary>
    public int Length { get; private set; }

    /// <summary>Reads a header.</summary>
    /// <param name="message">A message, or its beginning up to the end of its header at least.</param>
    public static MilterHeader Read(ReadOnlyMemory<byte> message)
    {
        var header = new MilterHeader();
        var at = 0;
        var start = 0;
        while (at < message.Length)
        {
            var rest = message.Span[at..];
            var end = rest.IndexOf((byte)'\n');
            var line = end < 0 ? rest.Length : end + 1;
            var isEmpty = rest[..line] is [(byte)'\n'] or [(byte)'\r', (byte)'\n'];
            if (at > start && (isEmpty || rest[0] is not ((byte)' ' or (byte)'\t')))
            {
                header.Add(message[start..at]);
                start = at;
            }

            at += line;
            if (!isEmpty)
                continue;
            header.Length = at;
            return header;
        }

        if (at > start)
            header.Add(message[start..at]);
        header.Length = at;
        return header;
    }

    /// <summary>Does what a milter wants to a field.</summary>
    /// <param name="change">What.</param>
    /// <param name="hasLeadingSpace">Whether its value begins right behind the colon.</param>
    /// <returns>In words, for the trace; null when it is no change of a header, or changes nothing.</returns>
    public string? Apply(MilterChange change, bool hasLeadingSpace)
    {
        switch (change)
        {
            case MilterAddHeader add:
                _fields.Add(Field(add.Name, add.Value, hasLeadingSpace));
                return $"+{add.Name}";
            case MilterInsertHeader insert:
                _fields.Insert(Place(insert.Index), Field(insert.Name, insert.Value, hasLeadingSpace));
                return $"+{insert.Name}";
            case MilterChangeHeader set:
                return Change(set, hasLeadingSpace);
            default:
                return null;
        }
    }

    /// <summary>The header as it is now, with the empty line.</summary>
    public ReadOnlyMemory<byte> Write()
    {
        var output = new ArrayBufferWriter<byte>(Length + 256);
        foreach (var field in Fields)
        {
            output.Write(field.Whole.Span);
            // RFC 3030 §2: with BDAT a message may end within a field; what is added behind it is a field of its own.
            if (!field.Whole.Span.EndsWith("\n"u8))
                output.Write("\r\n"u8);
        }

        output.Write("\r\n"u8);
        return output.WrittenMemory;
    }

    private string? Change(MilterChangeHeader set, bool hasLeadingSpace)
    {
        var at = Find(set.Name, set.Index);
        if (set.Value.Length == 0)
        {
            if (at >= 0)
                _gone.Add(_fields[at]);
            return at >= 0 ? $"-{set.Name}" : null;
        }

        var field = Field(set.Name, set.Value, hasLeadingSpace);
        if (at >= 0)
            _fields[at] = field;
        else
            _fields.Add(field);
        return at >= 0 ? $"={set.Name}" : $"+{set.Name}";
    }

    // The nth that was shown. Where that one is gone the next one is meant: some count what is left.
    private int Find(string name, int index)
    {
        var octets = Encoding.Latin1.GetBytes(name.ToLowerInvariant());
        var seen = 0;
        for (var i = 0; i < _fields.Count; i++)
        {
            if (!Ascii.EqualsIgnoreCase(_fields[i].Name.Span, octets))
                continue;
            if (++seen >= index && !_gone.Contains(_fields[i]))
                return i;
            if (seen >= index)
                index = seen + 1;
        }

        return -1;
    }

    private int Place(int index)
    {
        var place = 0;
        for (; place < _fields.Count && index > 0; place++)
        {
            if (!_gone.Contains(_fields[place]))
                index--;
        }

        return place;
    }

    private void Add(ReadOnlyMemory<byte> whole)
    {
        var colon = whole.Span.IndexOf((byte)':');
        // What is no field is kept where it stands, and shown to nobody: a line left over from a mailbox file.
        if (colon <= 0 || whole.Span[..colon].TrimEnd(" \t"u8).ContainsAnyExceptInRange((byte)33, (byte)126))
        {
            _fields.Add(new MilterField(default, default, whole));
            return;
        }

        var name = whole[..colon].TrimEnd(" \t"u8);
        var value = whole[(colon + 1)..].TrimEnd("\r\n"u8);
        _fields.Add(new MilterField(name, WithLf(value), whole));
    }

    private static ReadOnlyMemory<byte> WithLf(ReadOnlyMemory<byte> value)
    {
        if (!value.Span.Contains((byte)'\r'))
            return value;
        var lines = new byte[value.Length];
        var length = 0;
        var span = value.Span;
        for (var i = 0; i < span.Length; i++)
        {
            if (span[i] == '\r' && i + 1 < span.Length && span[i + 1] == '\n')
                continue;
            lines[length++] = span[i];
        }

        return lines.AsMemory(0, length);
    }

    // RFC 5322 §2.2.3: whatever the value has in it, it stays one field.
    private static MilterField Field(string name, string value, bool hasLeadingSpace)
    {
        var text = new StringBuilder(name).Append(hasLeadingSpace ? ":" : ": ");
        var lines = value.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].Replace("\r", "", StringComparison.Ordinal);
            if (i > 0 && string.IsNullOrWhiteSpace(line))
                continue;
            if (i > 0 && line[0] is not (' ' or '\t'))
                text.Append('\t');
            text.Append(line).Append("\r\n");
        }

        ReadOnlyMemory<byte> whole = Encoding.Latin1.GetBytes(text.ToString());
        var behind = whole[(name.Length + 1)..];
        return new MilterField(whole[..name.Length], WithLf(behind.TrimEnd("\r\n"u8)), whole);
    }
}
