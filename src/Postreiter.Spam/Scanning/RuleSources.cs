using Postreiter.Spam.Configuration;

namespace Postreiter.Spam.Scanning;

/// <summary>The folders and files that a site names as its rules, and how they are read.</summary>
public static class RuleSources
{
    /// <summary>Where Debian's package has its rules.</summary>
    public const string Packaged = "/usr/share/spamassassin";

    /// <summary>Where sa-update puts those of version 4.0.1; when there are any, they replace the packaged ones.</summary>
    public const string Updated = "/var/lib/spamassassin/4.000001";

    /// <summary>Our own rules, shipped beside the program: a machine filters before anything else is installed.</summary>
    public static string Starter { get; } = Path.Combine(AppContext.BaseDirectory, "rules");

    /// <summary>
    /// What holds where no folder has a <c>.pre</c> file: the plugins that SpamAssassin loads as it comes. Rules ask for them by
    /// <c>ifplugin</c>.
    /// </summary>
    private static readonly string[] Plugins =
    [
        "AskDNS",
        "AutoLearnThreshold",
        "Bayes",
        "BodyEval",
        "Check",
        "DKIM",
        "DMARC",
        "DNSEval",
        "FreeMail",
        "HTMLEval",
        "HTTPSMismatch",
        "HashBL",
        "HeaderEval",
        "ImageInfo",
        "MIMEEval",
        "MIMEHeader",
        "RelayEval",
        "ReplaceTags",
        "SPF",
        "URIDNSBL",
        "URIDetail",
        "URIEval",
        "VBounce",
        "WLBLEval",
        "WelcomeListSubject",
    ];

    /// <summary>The files of some folders and files: all <c>.pre</c> files first, then the <c>.cf</c> files; each folder by octets.</summary>
    /// <param name="paths">In the order in which they are to be read; what is not there is passed over.</param>
    public static IReadOnlyList<string> Files(IEnumerable<string> paths)
    {
        var folders = paths.Select(Current).ToList();
        return [.. folders.SelectMany(p => Of(p, ".pre")), .. folders.SelectMany(p => Of(p, ".cf"))];
    }

    /// <summary>
    /// The sources with a site's updates among them: where SpamAssassin's own channel is installed it takes the place of the packaged
    /// rules; other channels are read after them.
    /// </summary>
    /// <param name="paths">The sources as they are named.</param>
    /// <param name="updates">The folder of the updates (<see cref="Updates.UpdateFolder"/>).</param>
    public static IReadOnlyList<string> WithUpdates(IEnumerable<string> paths, string updates)
    {
        var installed = Of(updates, ".cf");
        if (installed.Count == 0)
            return [.. paths];
        var replaces = installed.Any(static f => Path.GetFileName(f) == "updates_spamassassin_org.cf");
        var sources = new List<string>();
        foreach (var path in paths)
        {
            var isPackaged = Path.TrimEndingDirectorySeparator(path) == Packaged;
            if (!isPackaged || !replaces)
                sources.Add(path);
            if (isPackaged)
                sources.Add(updates);
        }

        return sources.Contains(updates) ? sources : [updates, .. sources];
    }

    /// <summary>The sources with a stand-in for the packaged rules, where these are named and neither they nor their update is there.</summary>
    /// <param name="sources">As <see cref="WithUpdates"/> gives them.</param>
    /// <param name="packaged">The folder of the packaged rules, <see cref="Packaged"/>.</param>
    /// <param name="starter">The folder that is read instead, <see cref="Starter"/>.</param>
    public static IReadOnlyList<string> WithStarter(IEnumerable<string> sources, string packaged, string starter) =>
        [
            .. sources.Select(source =>
                Path.TrimEndingDirectorySeparator(source) == packaged && Of(Current(source), ".cf").Count == 0
                    ? starter
                    : source
            ),
        ];

    /// <summary>Reads them.</summary>
    /// <param name="paths">Folders and files.</param>
    /// <param name="options">What holds of the reading.</param>
    /// <param name="last">Files that are read behind all others, whatever they are called.</param>
    /// <returns>Null when there is no file of rules at all.</returns>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public static Ruleset? Read(
        IEnumerable<string> paths,
        RulesetOptions? options = null,
        IReadOnlyList<string>? last = null
    )
    {
        IReadOnlyList<string> files = [.. Files(paths), .. last ?? []];
        if (files.All(f => f.EndsWith(".pre", StringComparison.Ordinal)))
            return null;
        var reader = new RulesetReader(options);
        if (!files[0].EndsWith(".pre", StringComparison.Ordinal))
        {
            var lines = Plugins.Select(p => $"loadplugin Mail::SpamAssassin::Plugin::{p}\n");
            reader.ReadText("(built in)", string.Concat(lines) + "enable_compat welcomelist_blocklist\n");
        }

        // Beside the rules of Bayes, of the package, of an update or of our own, and nowhere else. What a site says of them comes later.
        var hasBayes = files.Any(static file => Path.GetFileName(file) == "23_bayes.cf");
        foreach (var file in files)
        {
            if (hasBayes && !file.EndsWith(".pre", StringComparison.Ordinal))
            {
                reader.ReadText("(built in)", LearnedRules.Text);
                hasBayes = false;
            }

            reader.ReadFile(file);
        }

        return reader.Complete();
    }

    // An installed update replaces the packaged rules, never both.
    private static string Current(string path) =>
        Path.TrimEndingDirectorySeparator(path) == Packaged && Of(Updated, ".cf").Count > 0 ? Updated : path;

    private static IReadOnlyList<string> Of(string path, string ending)
    {
        if (File.Exists(path))
            return path.EndsWith(ending, StringComparison.Ordinal) ? [path] : [];
        return Directory.Exists(path) ? [.. Directory.GetFiles(path, "*" + ending).Order(StringComparer.Ordinal)] : [];
    }
}
