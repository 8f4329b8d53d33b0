using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Configuration;

/// <summary>Puts the texts of `replace_tag` and its kin into the patterns of the rules that `replace_rules` names.</summary>
internal static class ReplaceTags
{
    private const int MaxPasses = 6;

    // A pattern may grow with each pass; what is beyond any real ruleset (224 kB) by far is a mistake or an attack.
    private const int MaxLength = 4 << 20;

    /// <summary>Replaces them in all rules named.</summary>
    public static void Apply(
        IReadOnlyDictionary<string, Rule> rules,
        Settings settings,
        Action<string, int, string> warn
    )
    {
        foreach (var name in settings.Words("replace_rules").Distinct(StringComparer.Ordinal))
        {
            if (!rules.TryGetValue(name, out var rule) || rule.Pattern is null || rule.Kind == RuleKind.MimeHeader)
                continue;
            var replaced = Replace(rule.Pattern.Source, settings);
            if (replaced == rule.Pattern.Source)
                continue;
            if (replaced is null)
                warn(
                    rule.File,
                    rule.Line,
                    $"{name}: with its tags replaced the pattern is longer than {MaxLength} octets"
                );
            else if (OctetPattern.TryParse(replaced, rule.Pattern.Modifiers, out var pattern, out var error))
                rule.Pattern = pattern;
            else
                warn(rule.File, rule.Line, $"{name}: with its tags replaced: {error}; it runs as it is written");
        }
    }

    private static string? Replace(string source, Settings settings)
    {
        var (start, end) = (settings.Text("replace_start") ?? "<", settings.Text("replace_end") ?? ">");
        var (tags, text) = (settings.Map("replace_tag"), source);
        for (var pass = 0; pass < MaxPasses; pass++)
        {
            var pre = Text(settings, "replace_pre", TakeOut(ref text, start + "pre ", end));
            var post = Text(settings, "replace_post", TakeOut(ref text, start + "post ", end));
            var inter = Text(settings, "replace_inter", TakeOut(ref text, start + "inter ", end));
            var pieces = Split(text);
            var again = false;
            for (var i = 0; i < pieces.Count; i++)
            {
                // Only between tags: before the first there are always the modifiers.
                if (pieces[i].Length == 0)
                {
                    pieces[i] = i > 0 ? inter : "";
                    continue;
                }
                var (at, close) = Find(pieces[i], 0, start, end);
                if (at < 0)
                    continue;
                var tag = pieces[i][(at + start.Length)..close];
                var after = close + end.Length;
                var text2 =
                    tags.TryGetValue(tag, out var replacement) && replacement.Length > 0
                        ? replacement
                        : pieces[i][at..after];
                again |= replacement is not null && Find(replacement, 0, "<", ">").At >= 0;
                pieces[i] = pieces[i][..at] + pre + text2 + post + pieces[i][after..];
            }
            text = string.Concat(pieces);
            if (text.Length > MaxLength)
                return null;
            if (!again)
                break;
        }
        return text;
    }

    private static string Text(Settings settings, string table, string? name) =>
        name is null ? "" : settings.Map(table).GetValueOrDefault(name, "");

    private static string? TakeOut(ref string text, string open, string end)
    {
        var (at, close) = Find(text, 0, open, end);
        if (at < 0)
            return null;
        var name = text[(at + open.Length)..close];
        text = text[..at] + text[(close + end.Length)..];
        return name;
    }

    // From an opening to the next closing with at least one octet between.
    private static (int At, int Close) Find(string text, int from, string open, string end)
    {
        var at = text.IndexOf(open, from, StringComparison.Ordinal);
        if (at < 0 || at + open.Length >= text.Length)
            return (-1, -1);
        var close = text.IndexOf(end, at + open.Length + 1, StringComparison.Ordinal);
        return close < 0 ? (-1, -1) : (at, close);
    }

    // Pieces: text and <…> in turn, empty ones too; the last empty ones are dropped.
    private static List<string> Split(string text)
    {
        var pieces = new List<string>();
        var done = 0;
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] != '<')
                continue;
            var end = text.AsSpan(at + 1).IndexOfAny('<', '>');
            if (end < 1 || text[at + 1 + end] != '>')
                continue;
            pieces.Add(text[done..at]);
            pieces.Add(text.Substring(at, end + 2));
            done = at + end + 2;
            at = done - 1;
        }
        pieces.Add(text[done..]);
        while (pieces.Count > 1 && pieces[^1].Length == 0)
            pieces.RemoveAt(pieces.Count - 1);
        return pieces;
    }
}
