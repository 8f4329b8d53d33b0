namespace Postreiter.Spam.Configuration;

/// <summary>Finds the files of a ruleset, in the order in which they are read.</summary>
public static class RulesetFiles
{
    /// <summary>`*.pre` of the site, then `*.cf` of the rules, then `*.cf` of the site; each in order of octets.</summary>
    /// <param name="rules">Folder of the rules (an updated channel replaces the packaged ones, never both); or a file.</param>
    /// <param name="site">Folder of the site: `init.pre`, `local.cf`. Null or missing: none.</param>
    /// <param name="withSiteRules">Whether the `*.cf` files of the site are read too.</param>
    public static IEnumerable<string> Of(string rules, string? site, bool withSiteRules = true)
    {
        foreach (var file in Sorted(site, "*.pre"))
            yield return file;
        if (File.Exists(rules))
            yield return rules;
        foreach (var file in Sorted(rules, "*.cf"))
            yield return file;
        if (!withSiteRules)
            yield break;
        foreach (var file in Sorted(site, "*.cf"))
            yield return file;
    }

    private static IEnumerable<string> Sorted(string? folder, string pattern) =>
        folder is not null && Directory.Exists(folder)
            ? Directory.GetFiles(folder, pattern).Order(StringComparer.Ordinal)
            : [];
}
