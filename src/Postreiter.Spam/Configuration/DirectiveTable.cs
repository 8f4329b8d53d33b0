using System.Collections.Frozen;

namespace Postreiter.Spam.Configuration;

/// <summary>A directive: its name, what its value is, what holds without it.</summary>
/// <param name="Name">Today's name.</param>
/// <param name="Kind">What its value is.</param>
/// <param name="Targets">The directives that a `clear_…` or `un…` works on.</param>
/// <param name="Default">What holds without a line; empty = nothing.</param>
/// <param name="Plugin">The plugin that knows it, without the common prefix; empty = always known.</param>
/// <param name="Rights">Empty: a user may set it; `priv`: where users may have rules; `admin`: only the site.</param>
internal sealed record DirectiveEntry(
    string Name,
    DirectiveKind Kind,
    IReadOnlyList<string> Targets,
    string Default,
    string Plugin,
    string Rights
);

/// <summary>The directives that rulesets use, from the table `directives.tsv` in this folder.</summary>
internal static class DirectiveTable
{
    private static readonly (
        FrozenDictionary<string, DirectiveEntry> Exact,
        IReadOnlyList<DirectiveEntry> Prefixes
    ) Table = Load();

    /// <summary>All of them.</summary>
    public static IEnumerable<DirectiveEntry> Entries => Table.Exact.Values.Concat(Table.Prefixes).Distinct();

    /// <summary>Looks a key up, under its name of today or an older one.</summary>
    /// <returns>Null when no such directive is known.</returns>
    public static DirectiveEntry? Find(string key)
    {
        if (Table.Exact.TryGetValue(key, out var entry))
            return entry;
        foreach (var prefix in Table.Prefixes)
        {
            if (key.Length > prefix.Name.Length && key.StartsWith(prefix.Name, StringComparison.Ordinal))
                return prefix;
        }
        return null;
    }

    private static (FrozenDictionary<string, DirectiveEntry>, IReadOnlyList<DirectiveEntry>) Load()
    {
        var exact = new Dictionary<string, DirectiveEntry>(StringComparer.Ordinal);
        var prefixes = new List<DirectiveEntry>();
        foreach (var line in EmbeddedTable.Lines("directives.tsv"))
        {
            var fields = line.Split('\t');
            var kind = fields[1].Split(':');
            var entry = new DirectiveEntry(
                fields[0].TrimEnd('*'),
                Enum.Parse<DirectiveKind>(kind[0].Replace("-", "", StringComparison.Ordinal), ignoreCase: true),
                kind.Length > 1 ? kind[1].Split(',') : [],
                fields[2],
                fields[3],
                fields[5]
            );
            if (fields[0].EndsWith('*'))
            {
                prefixes.Add(entry);
                continue;
            }
            exact.Add(entry.Name, entry);
            foreach (var older in fields[4].Split(',', StringSplitOptions.RemoveEmptyEntries))
                exact.Add(older, entry);
        }
        return (exact.ToFrozenDictionary(StringComparer.Ordinal), prefixes);
    }
}
