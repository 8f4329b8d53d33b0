namespace Postreiter.Interop.Tests.Dkim;

/// <summary>Where we and an oracle may answer differently, and why: <c>differences.tsv</c>. One that is not there is a fault.</summary>
internal sealed class Differences(string oracle)
{
    private static readonly ILookup<string, string> Known = File.ReadLines(
            Path.Combine(AppContext.BaseDirectory, "Dkim", "differences.tsv")
        )
        .Skip(1)
        .Select(static line => line.Split('\t'))
        .ToLookup(static columns => columns[0], static columns => columns[1]);

    private readonly List<string> _unknown = [];
    private readonly HashSet<string> _met = new(StringComparer.Ordinal);

    /// <summary>Compares one answer.</summary>
    public void Compare(string change, bool ours, bool theirs, string what)
    {
        if (ours == theirs)
            return;
        _met.Add(change);
        if (!Known[oracle].Contains(change))
            _unknown.Add($"{change}: ours {ours}, theirs {theirs}: {what}");
    }

    /// <summary>Fails for those that are not in the file, and for lines of the file that are no longer true.</summary>
    public void Check()
    {
        Assert.True(_unknown.Count == 0, $"{oracle}, {_unknown.Count}:\n{string.Join("\n\n", _unknown.Take(3))}");
        Assert.Empty(Known[oracle].Except(_met));
    }
}
