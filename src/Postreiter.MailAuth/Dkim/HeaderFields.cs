using System.Buffers;
using System.Text;

namespace Postreiter.MailAuth.Dkim;

/// <summary>Where one field lies in the header section.</summary>
/// <param name="Start">First octet of the name.</param>
/// <param name="NameLength">Octets of the name, white space before the colon not counted.</param>
/// <param name="ValueStart">Octet behind the colon.</param>
/// <param name="End">Octet behind the CRLF that ends it.</param>
internal readonly record struct HeaderField(int Start, int NameLength, int ValueStart, int End);

/// <summary>
/// A header section as it came over the wire, with its fields found once. Time and memory grow with the octets, whatever
/// is in them. Only CRLF ends a line; lines that belong to no field are no field's.
/// </summary>
internal sealed class HeaderFields
{
    private readonly byte[] _bytes;
    private readonly List<HeaderField> _fields = [];
    private readonly Dictionary<string, int> _names = new(StringComparer.OrdinalIgnoreCase);

    // The last field of each name, and for each field the one before it with the same name; -1 for none.
    private readonly List<int> _last = [];
    private readonly List<int> _previous = [];

    public HeaderFields(ReadOnlySpan<byte> header)
    {
        // A last line without its end gets one: a field is always hashed with it.
        var isOpen = !header.IsEmpty && !header.EndsWith("\r\n"u8);
        _bytes = new byte[header.Length + (isOpen ? 2 : 0)];
        header.CopyTo(_bytes);
        if (isOpen)
            "\r\n"u8.CopyTo(_bytes.AsSpan(header.Length));
        Index();
    }

    /// <summary>How many fields there are.</summary>
    public int Count => _fields.Count;

    /// <summary>Where a field lies.</summary>
    public HeaderField this[int index] => _fields[index];

    /// <summary>A field whole, its CRLF included.</summary>
    public ReadOnlySpan<byte> Whole(int index) => _bytes.AsSpan(_fields[index].Start.._fields[index].End);

    /// <summary>What stands behind the colon, without the CRLF at the end.</summary>
    public ReadOnlySpan<byte> Value(int index) => _bytes.AsSpan(_fields[index].ValueStart..(_fields[index].End - 2));

    /// <summary>The fields of a name, from the top.</summary>
    public List<int> Named(string name)
    {
        var found = new List<int>();
        if (_names.TryGetValue(name, out var id))
        {
            for (var i = _last[id]; i >= 0; i = _previous[i])
                found.Add(i);
        }

        found.Reverse();
        return found;
    }

    /// <summary>
    /// The fields a list of names stands for: each further mention of a name is the next field of that name upwards from
    /// the bottom, and one mention too many is nothing (RFC 6376 §5.4.2).
    /// </summary>
    /// <param name="names">The names, in the order of <c>h=</c>.</param>
    /// <param name="without">A field that is never chosen: the signature itself (RFC 6376 §3.5, <c>h=</c>).</param>
    public IEnumerable<int> Select(IEnumerable<string> names, int without = -1)
    {
        var next = _last.ToArray();
        foreach (var name in names)
        {
            if (!_names.TryGetValue(name, out var id))
                continue;
            if (next[id] == without && without >= 0)
                next[id] = _previous[without];
            if (next[id] < 0)
                continue;
            yield return next[id];
            next[id] = _previous[next[id]];
        }
    }

    /// <summary>Writes what a signature of header fields signs: those it names, then its own field without its value (RFC 6376 §3.7).</summary>
    public void WriteSigned(IBufferWriter<byte> output, Canonicalization kind, DkimSignature signature, int own)
    {
        foreach (var index in Select(signature.Names, own))
            Write(output, kind, index);
        WriteUnsigned(output, kind, own, signature.SignatureRange);
    }

    /// <summary>Writes a field.</summary>
    public void Write(IBufferWriter<byte> output, Canonicalization kind, int index)
    {
        var field = _fields[index];
        HeaderCanonicalizer.Write(output, kind, Whole(index), field.NameLength, field.ValueStart - field.Start);
    }

    /// <summary>Writes a signature's own field.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="kind">How.</param>
    /// <param name="index">The field.</param>
    /// <param name="signature">Where in its value that of <c>b=</c> lies.</param>
    public void WriteUnsigned(IBufferWriter<byte> output, Canonicalization kind, int index, Range signature)
    {
        var field = _fields[index];
        var valueStart = field.ValueStart - field.Start;
        HeaderCanonicalizer.WriteUnsigned(output, kind, Whole(index), field.NameLength, valueStart, signature);
    }

    private void Index()
    {
        var names = _names.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<char> text = stackalloc char[128];
        for (var start = 0; start < _bytes.Length; )
        {
            // A field goes on as long as its lines begin with white space (RFC 5322 §2.2.3).
            var end = start;
            do end += _bytes.AsSpan(end).IndexOf("\r\n"u8) + 2;
            while (end < _bytes.Length && _bytes[end] is (byte)' ' or (byte)'\t');

            var colon = _bytes.AsSpan(start..end).IndexOf((byte)':');
            var name = colon < 0 ? default : _bytes.AsSpan(start, colon).TrimEnd(" \t"u8);
            if (!name.IsEmpty && name[0] is not ((byte)' ' or (byte)'\t'))
            {
                var chars = name.Length <= text.Length ? text[..name.Length] : new char[name.Length];
                Encoding.Latin1.GetChars(name, chars);
                if (!names.TryGetValue(chars, out var id))
                {
                    id = _last.Count;
                    names[chars] = id;
                    _last.Add(-1);
                }

                _previous.Add(_last[id]);
                _last[id] = _fields.Count;
                _fields.Add(new HeaderField(start, name.Length, start + colon + 1, end));
            }

            start = end;
        }
    }
}
