using System.Collections.Immutable;
using System.Globalization;

namespace Postreiter.Spam.Results;

/// <summary>Puts lines of a ruleset about marks and reports in force, one after the other.</summary>
public static class MarkDirectives
{
    /// <summary>Keys of this kind, lower case with underscores.</summary>
    public static IReadOnlySet<string> Keys { get; } =
        new HashSet<string>(StringComparer.Ordinal)
        {
            "add_header",
            "remove_header",
            "clear_headers",
            "report_safe",
            "rewrite_header",
            "subjprefix",
            "report_safe_copy_headers",
            "report",
            "clear_report_template",
            "unsafe_report",
            "clear_unsafe_report_template",
            "report_charset",
            "report_contact",
            "report_hostname",
            "report_wrap_width",
            "fold_headers",
        };

    /// <summary>Applies a line.</summary>
    /// <param name="settings">What holds so far; changed only when the line is good.</param>
    /// <param name="key">One of <see cref="Keys"/>.</param>
    /// <param name="value">The rest of the line, trimmed; octets.</param>
    /// <returns>False when the value is not good; the line is then to be reported.</returns>
    public static bool TryApply(ref MarkSettings settings, string key, string value)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(value);
        var changed = key switch
        {
            "add_header" => AddHeader(settings, value),
            "remove_header" => RemoveHeader(settings, value),
            "clear_headers" => value.Length > 0 ? null : ClearHeaders(settings),
            "report_safe" => ReportSafe(settings, value),
            "rewrite_header" => Rewrite(settings, value),
            "subjprefix" => SubjectPrefix(settings, value),
            "report_safe_copy_headers" => value.Length == 0
                ? null
                : settings with
                {
                    CopiedHeaders = [.. settings.CopiedHeaders, .. Words(value)],
                },
            "report" => settings with { ReportTemplate = settings.ReportTemplate + Unquoted(value) + "\n" },
            "clear_report_template" => value.Length > 0 ? null : settings with { ReportTemplate = "" },
            "unsafe_report" => settings with
            {
                UnsafeReportTemplate = settings.UnsafeReportTemplate + Unquoted(value) + "\n",
            },
            "clear_unsafe_report_template" => value.Length > 0 ? null : settings with { UnsafeReportTemplate = "" },
            "report_charset" => value.Length == 0 ? null : settings with { ReportCharset = value },
            "report_contact" => value.Length == 0 ? null : settings with { ReportContact = Contact(value) },
            "report_hostname" => settings with { ReportHostName = value },
            "report_wrap_width" => Width(settings, value),
            "fold_headers" => Fold(settings, value),
            _ => null,
        };
        if (changed is null)
            return false;
        settings = changed;
        return true;
    }

    private static MarkSettings? AddHeader(MarkSettings settings, string value)
    {
        if (!TrySplitKind(value, out var isSpam, out var isHam, out var name, out var rest) || rest.Length == 0)
            return null;
        var template = Unescape(rest is ['"', .. var quoted, '"'] ? quoted : rest);
        return settings with
        {
            SpamHeaders = isSpam ? With(settings.SpamHeaders, name, template) : settings.SpamHeaders,
            HamHeaders = isHam ? With(settings.HamHeaders, name, template) : settings.HamHeaders,
        };
    }

    private static MarkSettings? RemoveHeader(MarkSettings settings, string value)
    {
        if (!TrySplitKind(value, out var isSpam, out var isHam, out var name, out var rest) || rest.Length > 0)
            return null;
        // This field always says that a scan was made.
        if (name == "Checker-Version")
            return settings;
        return settings with
        {
            SpamHeaders = isSpam ? Without(settings.SpamHeaders, name) : settings.SpamHeaders,
            HamHeaders = isHam ? Without(settings.HamHeaders, name) : settings.HamHeaders,
        };
    }

    private static MarkSettings ClearHeaders(MarkSettings settings)
    {
        AddedHeader[] kept = [.. settings.HamHeaders.Where(h => Is(h, "Checker-Version")).Take(1)];
        return settings with { SpamHeaders = kept, HamHeaders = kept };
    }

    private static MarkSettings? ReportSafe(MarkSettings settings, string value)
    {
        if (value is not ("0" or "1" or "2"))
            return null;
        var changed = settings with { ReportSafe = value[0] - '0' };
        // Without an enclosing report its words go into a field.
        return changed.ReportSafe > 0 || settings.SpamHeaders.Any(h => Is(h, "Report"))
            ? changed
            : changed with
            {
                SpamHeaders = [.. settings.SpamHeaders, new AddedHeader("Report", "_REPORT_")],
            };
    }

    private static MarkSettings? Rewrite(MarkSettings settings, string value)
    {
        var (word, text) = Split(value);
        var header = word.Length == 0 ? "" : char.ToUpperInvariant(word[0]) + word[1..].ToLowerInvariant();
        if (header is not ("Subject" or "From" or "To"))
            return null;
        var rewrites = settings.Rewrites.ToImmutableDictionary();
        if (string.IsNullOrWhiteSpace(text))
            return settings with { Rewrites = rewrites.Remove(header) };
        // Behind an address it stands in a comment (RFC 5322 §3.2.2), which cannot hold these.
        var tag = header == "Subject" ? text : text.Replace('(', '[').Replace(')', ']');
        return settings with { Rewrites = rewrites.SetItem(header, tag) };
    }

    private static MarkSettings? SubjectPrefix(MarkSettings settings, string value)
    {
        var (rule, text) = Split(value);
        return rule.Length == 0 || text.Length == 0
            ? null
            : settings with
            {
                SubjectPrefixes = settings.SubjectPrefixes.ToImmutableDictionary().SetItem(rule, text),
            };
    }

    // The packaged rules leave the address to whoever installs them.
    private static string Contact(string value) =>
        value == "@@CONTACT_ADDRESS@@" ? new MarkSettings().ReportContact : value;

    private static MarkSettings? Width(MarkSettings settings, string value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var width)
        && width is >= 0 and < 1e6
            ? settings with
            {
                ReportWrapWidth = width < 1 ? 77 : (int)width,
            }
            : null;

    private static MarkSettings? Fold(MarkSettings settings, string value) =>
        value.ToLowerInvariant() switch
        {
            "1" or "yes" => settings with { FoldsHeaders = true },
            "0" or "no" => settings with { FoldsHeaders = false },
            _ => null,
        };

    private static bool TrySplitKind(string value, out bool isSpam, out bool isHam, out string name, out string rest)
    {
        var (kind, behind) = Split(value);
        (isSpam, isHam) = (kind is "spam" or "all", kind is "ham" or "all");
        (name, rest) = Split(behind);
        return (isSpam || isHam) && name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
    }

    // "\\" is a backslash, \t and \n are what they say, every other escape goes with its letter.
    private static string Unescape(string text)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
            return text;
        var result = new System.Text.StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
                result.Append(text[i]);
            else if (++i < text.Length)
            {
                result.Append(
                    text[i] switch
                    {
                        '\\' => "\\",
                        't' => "\t",
                        'n' => "\n",
                        _ => "",
                    }
                );
            }
        }

        return result.ToString();
    }

    private static string Unquoted(string value) =>
        value is ['"', .. var quoted, '"'] && !quoted.Contains('\n', StringComparison.Ordinal) ? quoted : value;

    private static AddedHeader[] With(IReadOnlyList<AddedHeader> headers, string name, string template) =>
        [.. Without(headers, name), new AddedHeader(name, template)];

    private static AddedHeader[] Without(IReadOnlyList<AddedHeader> headers, string name) =>
        [.. headers.Where(h => !Is(h, name))];

    private static bool Is(AddedHeader header, string name) =>
        header.Name.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static (string Word, string Behind) Split(string value)
    {
        var end = value.AsSpan().IndexOfAny(' ', '\t');
        return end < 0 ? (value, "") : (value[..end], value[end..].Trim(' ', '\t'));
    }

    private static string[] Words(string value) => value.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
}
