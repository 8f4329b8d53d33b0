using System.Globalization;
using System.Text;

namespace Postreiter.Spam.Results;

/// <summary>The values of template tags for one mail (section TEMPLATE TAGS of Mail::SpamAssassin::Conf).</summary>
internal sealed class TagValues(SpamVerdict verdict, MarkSettings settings, MarkContext context)
{
    // Known to other parts of SpamAssassin, which have nothing to say here: empty and not left standing.
    private static readonly HashSet<string> Silent = new(StringComparer.Ordinal)
    {
        "RBL",
        "ASN",
        "ASNCIDR",
        "AWL",
        "AWLMEAN",
        "AWLCOUNT",
        "AWLPRESCORE",
        "DCCB",
        "DCCR",
        "DCCREP",
        "EXTRACTTEXTCHARS",
        "EXTRACTTEXTWORDS",
        "EXTRACTTEXTTOOLS",
        "EXTRACTTEXTTYPES",
        "EXTRACTTEXTEXTENSIONS",
        "EXTRACTTEXTFLAGS",
        "EXTRACTTEXTURIS",
        "PYZOR",
        "DKIMIDENTITY",
        "DKIMDOMAIN",
        "DKIMSELECTOR",
        "BAYESTC",
        "BAYESTCLEARNED",
        "BAYESTCSPAMMY",
        "BAYESTCHAMMY",
        "HAMMYTOKENS",
        "SPAMMYTOKENS",
        "TOKENSUMMARY",
        "LANGUAGES",
        "LASTEXTERNALIP",
        "LASTEXTERNALREVIP",
        "LASTEXTERNALRDNS",
        "LASTEXTERNALHELO",
        "FIRSTTRUSTEDIP",
        "FIRSTTRUSTEDREVIP",
        "RULESVERSION",
        "TIMING",
    };

    private string? _preview;
    private string? _subjectPrefix;

    /// <summary>The tag's value; null when there is no such tag.</summary>
    public string? Value(string name, string? argument) =>
        name switch
        {
            "YESNO" => YesNo(argument),
            "YESNOCAPS" => Ascii(YesNo(argument)),
            "SCORE" or "HITS" => Score(argument),
            "REQD" => CNumber.Fixed(verdict.Required, 1),
            "VERSION" => context.Version,
            "SUBVERSION" => context.SubVersion,
            "HOSTNAME" => HostName,
            "REMOTEHOSTNAME" => context.RemoteHostName,
            "REMOTEHOSTADDR" => context.RemoteAddress,
            "CONTACTADDRESS" => settings.ReportContact,
            "BAYES" => verdict.Tags.GetValueOrDefault("BAYES", "0.5"),
            "DATE" => Date,
            "STARS" => Stars(Or(argument, "*")),
            "AUTOLEARN" => verdict.Autolearn,
            "TESTS" => Joined(verdict.Hits.Select(h => h.Name), Or(argument, ",")),
            "SUBTESTS" => Joined(verdict.SubHits, Or(argument, ",")),
            "SUBTESTSCOLLAPSED" => Collapsed(),
            "TESTSSCORES" => Joined(
                verdict.Hits.Select(h => h.Name + "=" + CNumber.General(h.Points)),
                Or(argument, ",")
            ),
            "PREVIEW" => _preview ??= Preview.Of(verdict.Body),
            "REPORT" => "\n" + HitTable.Short(verdict.Hits, settings.ReportWrapWidth),
            "SUMMARY" => HitTable.Long(verdict.Hits, settings.ReportWrapWidth),
            "SUBJPREFIX" => SubjectPrefix,
            "HEADER" => string.IsNullOrEmpty(argument) ? "" : verdict.Header(argument) ?? "",
            _ => verdict.Tags.TryGetValue(name, out var value) ? value
            : Silent.Contains(name) ? ""
            : null,
        };

    /// <summary>The time of the scan (RFC 5322 §3.3).</summary>
    public string Date =>
        context.Now.ToString("ddd, dd MMM yyyy HH:mm:ss ", CultureInfo.InvariantCulture)
        + context.Now.ToString("zzz", CultureInfo.InvariantCulture).Replace(":", "", StringComparison.Ordinal);

    /// <summary>Who did the scan.</summary>
    public string HostName => settings.ReportHostName.Length > 0 ? settings.ReportHostName : context.HostName;

    /// <summary>What the rules that hit put before the subject, each text once and with a blank behind; empty for none.</summary>
    public string SubjectPrefix => _subjectPrefix ??= FindSubjectPrefix();

    /// <summary>Points as they are printed: what is no spam never looks as if it had reached the threshold.</summary>
    public static string PrintedPoints(double points, double required, bool isSpam)
    {
        var printed = CNumber.Fixed(points, 1);
        var threshold = CNumber.Fixed(required, 1);
        return isSpam || Number(printed) < Number(threshold) ? printed : CNumber.General(Number(threshold) - 0.1);
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private string YesNo(string? argument)
    {
        var words = string.IsNullOrEmpty(argument) ? null : argument.Split(',', 2);
        return verdict.IsSpam ? words?[0] ?? "Yes"
            : words is [_, var no] ? no
            : "No";
    }

    // Capitals of octets: ASCII letters only.
    private static string Ascii(string text) =>
        string.Create(
            text.Length,
            text,
            static (to, from) =>
            {
                for (var i = 0; i < to.Length; i++)
                    to[i] = from[i] is >= 'a' and <= 'z' ? (char)(from[i] - 32) : from[i];
            }
        );

    private string Score(string? padding)
    {
        var score = PrintedPoints(verdict.Points, verdict.Required, verdict.IsSpam);
        if (string.IsNullOrEmpty(padding) || (padding.Trim('0').Length > 0 && padding.Trim(' ').Length > 0))
            return score;
        var count = padding.Length + 3 - score.Length;
        return count > 0 ? padding[..Math.Min(count, padding.Length)] + score : score;
    }

    private string Stars(string star)
    {
        var count = Math.Clamp((int)Math.Clamp(verdict.Points, 0, 50), 0, 50);
        return new StringBuilder(star.Length * count).Insert(0, star, count).ToString();
    }

    private static string Joined(IEnumerable<string> names, string separator)
    {
        var text = string.Join(separator, names.Order(StringComparer.Ordinal));
        return text.Length == 0 ? "none" : text;
    }

    private string Collapsed()
    {
        var names = verdict
            .SubHits.GroupBy(n => n, StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => g.Count() > 1 ? $"{g.Key}({g.Count()})" : g.Key);
        var text = string.Join(',', names);
        return text.Length == 0 ? "none" : text;
    }

    private string FindSubjectPrefix()
    {
        var text = "";
        if (!settings.Rewrites.ContainsKey("Subject"))
            return text;
        foreach (var hit in verdict.Hits)
        {
            if (
                settings.SubjectPrefixes.TryGetValue(hit.Name, out var prefix)
                && !text.Contains(prefix, StringComparison.Ordinal)
            )
                text += prefix + " ";
        }

        return text;
    }

    // In the original's language an empty argument and "0" are no arguments.
    private static string Or(string? argument, string otherwise) =>
        argument is null or "" or "0" ? otherwise : argument;
}

/// <summary>Who marks, and when.</summary>
public sealed record MarkContext
{
    /// <summary>For <c>_HOSTNAME_</c>.</summary>
    public required string HostName { get; init; }

    /// <summary>The time of the scan, in the time zone that is to be printed.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>Of SpamAssassin, whose rules and formats these are: other programs read it. Default 4.0.1.</summary>
    public string Version { get; init; } = "4.0.1";

    /// <summary>Its date.</summary>
    public string SubVersion { get; init; } = "2024-03-25";

    /// <summary>The caller's name, where the spamd protocol brought the mail.</summary>
    public string RemoteHostName { get; init; } = "localhost";

    /// <summary>The caller's address, likewise.</summary>
    public string RemoteAddress { get; init; } = "127.0.0.1";
}
