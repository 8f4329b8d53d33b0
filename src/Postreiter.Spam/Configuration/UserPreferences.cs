using System.Text;

namespace Postreiter.Spam.Configuration;

/// <summary>
/// A user's preferences laid over a site's rules: lists, points, <c>required_score</c>, marks and reports. Rules themselves, plugins and
/// what only the site may say are passed over with a warning: <c>allow_user_rules</c> is off here, whatever a line says.
/// </summary>
public sealed class UserPreferences
{
    internal UserPreferences(
        Settings settings,
        IReadOnlyDictionary<string, double[]> scores,
        IReadOnlyDictionary<string, string> descriptions,
        bool setsRequiredScore,
        IReadOnlyList<ConfigurationWarning> warnings
    ) =>
        (Settings, Scores, Descriptions, SetsRequiredScore, Warnings) = (
            settings,
            scores,
            descriptions,
            setsRequiredScore,
            warnings
        );

    /// <summary>Settings and lists: the site's with the user's lines after them.</summary>
    public Settings Settings { get; }

    /// <summary>Points of rules, by name, in the four score sets. 0 switches a rule off; one that the site switched off stays so.</summary>
    public IReadOnlyDictionary<string, double[]> Scores { get; }

    /// <summary>Descriptions of rules, by name.</summary>
    public IReadOnlyDictionary<string, string> Descriptions { get; }

    /// <summary>Whether a line gives <c>required_score</c>.</summary>
    public bool SetsRequiredScore { get; }

    /// <summary>Lines that are wrong, or that a user may not set.</summary>
    public IReadOnlyList<ConfigurationWarning> Warnings { get; }

    /// <summary>Reads them.</summary>
    /// <param name="file">Their name, for warnings.</param>
    /// <param name="text">The lines, octets.</param>
    /// <param name="site">The rules they are laid over; not changed.</param>
    public static UserPreferences Read(string file, string text, Ruleset site)
    {
        ArgumentNullException.ThrowIfNull(site);
        var reader = new RulesetReader(site);
        reader.ReadText(file, text);
        return reader.CompletePreferences();
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static UserPreferences ReadFile(string path, Ruleset site) =>
        Read(path, File.ReadAllText(path, Encoding.Latin1), site);
}
