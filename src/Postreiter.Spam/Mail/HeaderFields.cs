namespace Postreiter.Spam.Mail;

/// <summary>One header field. What rules see of it is decoded when it is asked for.</summary>
internal sealed class HeaderField(string name, string raw)
{
    private string? _decoded;

    /// <summary>The name as the mail has it.</summary>
    public string Name { get; } = name;

    /// <summary>The value behind the colon, undecoded, still folded, with its line end.</summary>
    public string Raw { get; } = raw;

    /// <summary>The value unfolded, trimmed and decoded, without a line end.</summary>
    public string Decoded => _decoded ??= HeaderText.Decode(HeaderText.Unfold(Raw), Name);
}

/// <summary>The fields of a mail or of a part, in order. Names are alike when they differ in case only.</summary>
internal sealed class HeaderFields
{
    private readonly List<HeaderField> _fields = [];
    private readonly Dictionary<string, List<HeaderField>> _byName = new(Octets.NameComparer.Instance);

    public IReadOnlyList<HeaderField> All => _fields;

    public void Add(string name, string raw)
    {
        var field = new HeaderField(name, raw);
        _fields.Add(field);
        if (!_byName.TryGetValue(name, out var same))
            _byName[name] = same = [];
        same.Add(field);
    }

    public IReadOnlyList<HeaderField> Named(string name) => _byName.TryGetValue(name, out var same) ? same : [];

    /// <summary>The decoded value of the last field of the name: with several, that is the one that counts. "" if there is none.</summary>
    public string Last(string name) => _byName.TryGetValue(name, out var same) ? same[^1].Decoded : "";

    /// <summary>Takes out every field whose name begins like this, in any case.</summary>
    public void RemoveStarting(string prefix)
    {
        if (_fields.RemoveAll(field => field.Name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) == 0)
        {
            return;
        }

        foreach (
            var name in _byName.Keys.Where(name => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)).ToList()
        )
            _byName.Remove(name);
    }
}
