namespace Postreiter.Spam.Rules;

/// <summary>Texts that named groups of rules found in this mail.</summary>
internal sealed class CaptureValues
{
    private readonly Dictionary<string, List<string>> _values = new(StringComparer.Ordinal);

    /// <summary>Forgets all.</summary>
    public void Clear() => _values.Clear();

    /// <summary>The values of a name, each once; none when no rule found any.</summary>
    public IReadOnlyList<string> Of(string name) => _values.TryGetValue(name, out var values) ? values : [];

    /// <summary>Keeps a value.</summary>
    public void Add(string name, string value)
    {
        if (value.Length == 0)
            return;
        if (!_values.TryGetValue(name, out var values))
            _values.Add(name, values = []);
        if (!values.Contains(value))
            values.Add(value);
    }
}
