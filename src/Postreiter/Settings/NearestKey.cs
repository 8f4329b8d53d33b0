namespace Postreiter.Settings;

/// <summary>Finds what a mistyped key was meant to be.</summary>
internal static class NearestKey
{
    /// <summary>A sentence that names the nearest known key.</summary>
    public static string Hint(string key, IEnumerable<string> known) => $"did you mean {Find(key, known)}?";

    /// <summary>The known key with the fewest changes; on equal terms the first.</summary>
    public static string Find(string key, IEnumerable<string> known) =>
        known.MinBy(k => Distance(key.ToLowerInvariant(), k.ToLowerInvariant())) ?? "";

    // Levenshtein; keys are short, and a hostile file's are cut.
    private static int Distance(string from, string to)
    {
        from = from.Length > 100 ? from[..100] : from;
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var (diagonal, left) = (row[0], i);
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                left = Math.Min(Math.Min(left, row[j]) + 1, diagonal + (from[i - 1] == to[j - 1] ? 0 : 1));
                (diagonal, row[j]) = (row[j], left);
            }
        }

        return row[^1];
    }
}
