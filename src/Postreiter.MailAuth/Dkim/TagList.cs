using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Postreiter.MailAuth.Dkim;

/// <summary>A <c>tag-list</c> (RFC 6376 §3.2), of a signature or of a key record.</summary>
internal sealed class TagList
{
    /// <summary>Most tags of one list; the registries know 20.</summary>
    public const int MaxTags = 100;

    private static readonly SearchValues<byte> s_controls = SearchValues.Create([
        .. Enumerable.Range(0, 32).Select(static c => (byte)c).Except("\t\r\n"u8.ToArray()),
        0x7f,
    ]);

    private readonly byte[] _text;
    private readonly List<Tag> _tags = [];

    private readonly record struct Tag(string Name, Range Raw);

    private TagList(byte[] text) => _text = text;

    /// <summary>Reads a list.</summary>
    /// <param name="text">The list; folds are white space.</param>
    /// <param name="reason">What is wrong.</param>
    /// <returns>Null when it breaks the syntax.</returns>
    public static TagList? TryParse(ReadOnlySpan<byte> text, out string reason)
    {
        var list = new TagList(text.ToArray());
        reason = "";
        for (var start = 0; start < text.Length; )
        {
            var length = text[start..].IndexOf((byte)';');
            var end = length < 0 ? text.Length : start + length;
            var spec = text[start..end];
            // One semicolon may stand at the end, and white space behind it is seen in the wild.
            if (end == text.Length && start > 0 && spec.Trim(" \t\r\n"u8).IsEmpty)
                break;
            if (!list.TryAdd(spec, start, out reason))
                return null;
            start = end + 1;
        }

        if (list._tags.Count == 0)
            reason = "there is no tag in it";
        return list._tags.Count == 0 ? null : list;
    }

    /// <summary>The name of the first tag.</summary>
    public string First => _tags[0].Name;

    /// <summary>Whether a tag is there, with or without a value.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>Where the value lies in the list, with all the white space around it.</summary>
    public Range Raw(string name) => Find(name)?.Raw ?? throw new KeyNotFoundException($"tag {name}");

    /// <summary>The value without white space around it, its octets as UTF-8 (RFC 8616 §5); null when the tag is missing.</summary>
    public string? Text(string name) => Find(name) is { } tag ? Encoding.UTF8.GetString(Trimmed(tag)) : null;

    /// <summary>The parts of a value between colons, white space around each taken off; null when the tag is missing.</summary>
    public string[]? Parts(string name)
    {
        if (Find(name) is not { } tag)
            return null;
        var text = Trimmed(tag);
        var parts = new string[text.Count((byte)':') + 1];
        var i = 0;
        foreach (var part in text.Split((byte)':'))
            parts[i++] = Encoding.UTF8.GetString(text[part].Trim(" \t\r\n"u8));
        return parts;
    }

    /// <summary>The octets of a value in base64, in which white space does not count.</summary>
    /// <returns>Null when the tag is missing or it is no base64.</returns>
    public byte[]? Base64(string name)
    {
        if (Find(name) is not { } tag)
            return null;
        var text = Trimmed(tag);
        var bytes = new byte[System.Buffers.Text.Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        var status = System.Buffers.Text.Base64.DecodeFromUtf8(text, bytes, out var used, out var written);
        return status == System.Buffers.OperationStatus.Done && used == text.Length ? bytes[..written] : null;
    }

    /// <summary>A value of digits only; as many as do not fit count as the largest number.</summary>
    /// <returns>Null when the tag is missing or its value is something else.</returns>
    public long? Number(string name)
    {
        if (Find(name) is not { } tag)
            return null;
        var text = Trimmed(tag);
        if (text.IsEmpty || text.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            return null;
        return Utf8Parser.TryParse(text, out long value, out var used) && used == text.Length ? value : long.MaxValue;
    }

    private ReadOnlySpan<byte> Trimmed(Tag tag) => _text.AsSpan(tag.Raw).Trim(" \t\r\n"u8);

    private Tag? Find(string name)
    {
        foreach (var tag in _tags)
        {
            if (string.Equals(tag.Name, name, StringComparison.Ordinal))
                return tag;
        }

        return null;
    }

    private bool TryAdd(ReadOnlySpan<byte> spec, int start, out string reason)
    {
        var equals = spec.IndexOf((byte)'=');
        var name = equals < 0 ? spec.Trim(" \t\r\n"u8) : spec[..equals].Trim(" \t\r\n"u8);
        reason = "";
        if (equals < 0)
            reason = $"a tag without '=': '{Shown.Text(name)}'";
        else if (!IsName(name))
            reason = $"no tag name: '{Shown.Text(name)}'";
        else if (_tags.Count == MaxTags)
            reason = $"more than {MaxTags} tags";
        else if (HasControl(spec[(equals + 1)..]))
            reason = $"a control character in {Shown.Text(name)}=";
        if (reason.Length > 0)
            return false;

        var text = Encoding.ASCII.GetString(name);
        // RFC 6376 §3.2: a tag must not occur twice.
        if (Has(text))
        {
            reason = $"{Shown.Text(name)}= occurs twice";
            return false;
        }

        _tags.Add(new Tag(text, (start + equals + 1)..(start + spec.Length)));
        return true;
    }

    private static bool IsName(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty || !char.IsAsciiLetter((char)name[0]))
            return false;
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit((char)c) && c != '_')
                return false;
        }

        return true;
    }

    // VALCHAR, white space, and the octets of UTF-8 (RFC 8616 §5).
    private static bool HasControl(ReadOnlySpan<byte> value) => value.ContainsAny(s_controls);
}
