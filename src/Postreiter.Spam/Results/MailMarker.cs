using System.Buffers;
using System.Text;

namespace Postreiter.Spam.Results;

/// <summary>Puts the result of a scan into a mail, byte for byte as SpamAssassin does, and writes its reports.</summary>
/// <param name="verdict">The result.</param>
/// <param name="settings">What the ruleset says about marks.</param>
/// <param name="context">Who marks, and when.</param>
public sealed class MailMarker(SpamVerdict verdict, MarkSettings settings, MarkContext context)
{
    private const string BlanksForSubject = " \t";
    private static readonly SearchValues<char> Blanks = SearchValues.Create(" \t\n\v\f\r");
    private readonly TagValues _tags = new(verdict, settings, context);

    /// <summary>The fields that such a mail gets, whole lines that end in LF; octets below 128.</summary>
    public string AddedFields()
    {
        var text = new StringBuilder();
        foreach (var (name, template) in verdict.IsSpam ? settings.SpamHeaders : settings.HamHeaders)
            text.Append($"{MarkSettings.Prefix}{name}: {EncodedField.Encode(Value(name, template))}\n");
        return text.ToString();
    }

    /// <summary>The report (<c>report</c> template), ending in an empty line. Octets.</summary>
    public string Report()
    {
        var template = settings.ReportTemplate;
        var text = Fill(template.Length == 0 ? "(no report template found)" : template);
        return text.TrimEnd('\n') + "\n\n";
    }

    /// <summary>Names of the rules that hit, sorted, joined by commas; empty for none.</summary>
    public string RuleNames() => string.Join(',', verdict.Hits.Select(h => h.Name).Order(StringComparer.Ordinal));

    /// <summary>Points as printed, e.g. <c>4.9</c>.</summary>
    public string PrintedPoints => TagValues.PrintedPoints(verdict.Points, verdict.Required, verdict.IsSpam);

    /// <summary>The threshold as printed, e.g. <c>5.0</c>.</summary>
    public string PrintedThreshold => CNumber.Fixed(verdict.Required, 1);

    /// <summary>Writes the mail with its marks; spam is enclosed in a report where <see cref="MarkSettings.ReportSafe"/> asks for it.</summary>
    /// <param name="mail">The mail as it came.</param>
    /// <param name="output">Where to.</param>
    /// <param name="random">For the boundary of a report; not needed where <see cref="MarkSettings.ReportSafe"/> is 0.</param>
    public void Rewrite(ReadOnlyMemory<byte> mail, IBufferWriter<byte> output, Random? random = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        var pristine = PristineMail.Parse(mail);
        Write(pristine.Separator, output);
        if (verdict.IsSpam && settings.ReportSafe > 0)
            WriteEnclosed(
                pristine,
                mail[pristine.Separator.Length..],
                output,
                random ?? throw new ArgumentNullException(nameof(random))
            );
        else
            WriteMarked(pristine, output);
    }

    /// <summary>A field's value, folded, without line end.</summary>
    private string Value(string name, string template)
    {
        var value = Fill(template);
        while (value is [.., '\n'])
            value = value[..^1] is [.., '\r'] ? value[..^2] : value[..^1];
        if (!settings.FoldsHeaders)
            return value.Replace('\n', ' ');
        if (value.Contains('\n', StringComparison.Ordinal))
            return string.Join("\n\t", Lines(value));
        // "!!" stands for ": ", where no line may break.
        var start = $"{MarkSettings.Prefix}{name}!!";
        var folded = TextWrap.Wrap(start + value, "", "\t", 79, canPass: false, LineBreaks.BehindBlanksAndCommas);
        var lines = folded.Split('\n').Where((line, i) => i == 0 || line.AsSpan().ContainsAnyExcept(Blanks));
        return string.Join('\n', lines)[start.Length..];
    }

    // A text of several lines keeps them: blanks around the breaks go, empty lines too.
    private static IEnumerable<string> Lines(string value)
    {
        var lines = value.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i];
            line = i > 0 ? line.TrimStart([.. " \t\v\f\r"]) : line;
            line = i < lines.Length - 1 ? line.TrimEnd([.. " \t\v\f\r"]) : line;
            if (line.Length > 0 || i == 0 || i == lines.Length - 1)
                yield return line;
        }
    }

    private void WriteMarked(PristineMail mail, IBufferWriter<byte> output)
    {
        var lines = WithoutMarks(mail.HeaderLines);
        var separator = "";
        if (lines is [.., var end] && string.IsNullOrWhiteSpace(end))
        {
            separator = end;
            lines.RemoveAt(lines.Count - 1);
        }

        RewriteFields(lines, hasSubject: mail.Field("Subject") is not null);
        var text = new StringBuilder();
        var first = 0;
        // The return path stays above the marks: it is the last delivery's.
        if (lines.Count > 0 && StartsWith(lines[0], "Return-Path:"))
        {
            text.Append(lines[first++]);
            while (first < lines.Count && lines[first][0] is ' ' or '\t')
                text.Append(lines[first++]);
        }

        text.Append(AddedFields());
        foreach (var line in lines.Skip(first))
            text.Append(line);
        text.Append(separator);
        Write(LineEnds(text.ToString(), mail.IsCrLf), output);
        output.Write(mail.Body.Span);
    }

    // Marks of others go, but for what an earlier rewriting kept.
    private static List<string> WithoutMarks(List<string> header)
    {
        var kept = new List<string>(header.Count);
        var isMark = false;
        foreach (var line in header)
        {
            if (line[0] is not (' ' or '\t'))
                isMark = StartsWith(line, MarkSettings.Prefix) && !StartsWith(line, MarkSettings.Prefix + "Prev-");
            if (!isMark)
                kept.Add(line);
        }

        return kept;
    }

    private void RewriteFields(List<string> lines, bool hasSubject)
    {
        if (settings.Rewrites.Count == 0)
            return;
        var isCreated = !hasSubject && settings.Rewrites.ContainsKey("Subject");
        if (isCreated)
            lines.Add("Subject: \n");
        if (!verdict.IsSpam)
        {
            PrefixSubjects(lines);
            return;
        }

        for (int i = 0, count = lines.Count; i < count; i++)
        {
            var colon = lines[i].IndexOf(':', StringComparison.Ordinal);
            if (colon < 0 || Rewritten(lines[i].AsSpan(0, colon)) is not { } field)
                continue;
            lines.Add(MarkSettings.Prefix + "Prev-" + (isCreated ? "Subject: (nonexistent)\n" : lines[i]));
            var tag = Fill(settings.Rewrites[field]).Replace('\n', ' ');
            if (_tags.SubjectPrefix.Length > 0)
                lines[i] = Tagged(lines[i], colon, Fill(_tags.SubjectPrefix).Replace('\n', ' ').TrimEnd());
            lines[i] = Tagged(lines[i], colon, field == "Subject" ? tag : $"({tag})");
        }
    }

    // What rules put before the subject (subjprefix) stands there whatever the verdict.
    private void PrefixSubjects(List<string> lines)
    {
        if (_tags.SubjectPrefix.Length == 0)
            return;
        for (var i = 0; i < lines.Count; i++)
        {
            if (StartsWith(lines[i], "Subject:"))
                lines[i] = Tagged(lines[i], 7, Fill(_tags.SubjectPrefix).Replace('\n', ' ').TrimEnd());
        }
    }

    private string? Rewritten(ReadOnlySpan<char> name)
    {
        foreach (var field in settings.Rewrites.Keys)
        {
            if (name.Equals(field, StringComparison.OrdinalIgnoreCase))
                return field;
        }

        return null;
    }

    private static string Tagged(string line, int colon, string tag)
    {
        var value = line.AsSpan(colon + 1).TrimStart(BlanksForSubject);
        if (value.StartsWith(tag + " ", StringComparison.OrdinalIgnoreCase))
            value = value[(tag.Length + 1)..];
        return $"{line.AsSpan(0, colon + 1)} {tag} {value}";
    }

    private void WriteEnclosed(
        PristineMail mail,
        ReadOnlyMemory<byte> original,
        IBufferWriter<byte> output,
        Random random
    )
    {
        var text = new StringBuilder();
        AppendOuterHeader(mail, text);
        var boundary = Boundary(original.Span, random);
        var type = mail.Field("Content-Type");
        var isPlain =
            string.IsNullOrWhiteSpace(type) || type.Contains("text/plain", StringComparison.OrdinalIgnoreCase);
        var report = Report() + (isPlain ? "" : Fill(settings.UnsafeReportTemplate));
        text.Append("MIME-Version: 1.0\n")
            .Append($"Content-Type: multipart/mixed; boundary=\"{boundary}\"\n\n")
            .Append("This is a multi-part message in MIME format.\n\n")
            .Append($"--{boundary}\n")
            .Append($"Content-Type: text/plain; charset={settings.ReportCharset}\n")
            .Append("Content-Disposition: inline\nContent-Transfer-Encoding: 8bit\n\n")
            .Append(report)
            .Append($"\n\n--{boundary}\n")
            .Append(
                $"Content-Type: {(settings.ReportSafe > 1 ? "text/plain" : "message/rfc822")}; x-spam-type=original\n"
            )
            .Append("Content-Description: original message before SpamAssassin\n")
            .Append($"Content-Disposition: {(isPlain ? "inline" : "attachment")}\n")
            .Append("Content-Transfer-Encoding: 8bit\n\n");
        Write(LineEnds(text.ToString(), mail.IsCrLf), output);
        WriteOriginal(mail, original, output);
        Write(LineEnds($"\n--{boundary}--\n\n", mail.IsCrLf), output);
    }

    // Its header lines have the mail's own line ends throughout, as everywhere.
    private static void WriteOriginal(PristineMail mail, ReadOnlyMemory<byte> original, IBufferWriter<byte> output)
    {
        if (original.IsEmpty)
            return;
        foreach (var line in mail.HeaderLines)
            Write(line, output);
        output.Write(mail.Body.Span);
    }

    private void AppendOuterHeader(PristineMail mail, StringBuilder text)
    {
        var received =
            $"Received: from localhost by {context.HostName}\n\twith SpamAssassin (version {context.Version});\n\t{_tags.Date}\n";
        text.Append(received);
        var copied = new HashSet<string>(StringComparer.OrdinalIgnoreCase)
        {
            "from",
            "to",
            "cc",
            "subject",
            "date",
            "message-id",
        };
        var copies = settings.CopiedHeaders.Where(copied.Add).ToList();
        foreach (var name in copies.Where(n => n.Equals("received", StringComparison.OrdinalIgnoreCase)))
            AppendAll(name);
        Append("From", Commented(mail.Field("From"), "From"));
        Append("To", Commented(mail.Field("To"), "To"));
        Append("Cc", mail.Field("Cc"));
        Append("Subject", Subject(mail.Field("Subject")));
        Append("Date", mail.Field("Date"));
        Append("Message-Id", mail.Field("Message-Id"));
        text.Append(AddedFields());
        foreach (var name in copies.Where(n => !n.Equals("received", StringComparison.OrdinalIgnoreCase)))
            AppendAll(name);

        void AppendAll(string name)
        {
            foreach (var value in mail.Fields(name))
                Append(name, value);
        }

        void Append(string name, string? value)
        {
            if (value is not null)
                text.Append(name).Append(": ").Append(value);
        }
    }

    private string? Subject(string? subject)
    {
        if (!settings.Rewrites.TryGetValue("Subject", out var rewrite))
            return subject;
        subject ??= "\n";
        if (_tags.SubjectPrefix.Length > 0)
            subject = Fill(_tags.SubjectPrefix).Replace('\n', ' ') + subject;
        var tag = Fill(rewrite).Replace('\n', ' ') + " ";
        return subject.StartsWith(tag, StringComparison.Ordinal) ? subject : tag + subject;
    }

    private string? Commented(string? value, string field)
    {
        if (!settings.Rewrites.TryGetValue(field, out var rewrite))
            return value;
        var text = value is null ? "" : value.TrimEnd('\n').TrimEnd('\r');
        var tag =
            $"\t({(field == "To" ? Fill(rewrite).Replace('\n', ' ') : Fill(rewrite).Replace("\n", "", StringComparison.Ordinal))})";
        return (text.EndsWith(tag, StringComparison.Ordinal) ? text : text + tag) + "\n";
    }

    // A boundary that the enclosed mail has too would let its author add parts to the report.
    private string Boundary(ReadOnlySpan<byte> original, Random random)
    {
        var boundary = $"----------=_{context.Now.ToUnixTimeSeconds():X8}.{random.NextInt64(1L << 32):X8}";
        while (original.IndexOf(Encoding.ASCII.GetBytes(boundary)) >= 0)
            boundary += $"/{random.NextInt64(1L << 32):X8}";
        return boundary;
    }

    private string Fill(string template) => TagTemplate.Fill(template, _tags.Value);

    private static bool StartsWith(string line, string start) =>
        line.StartsWith(start, StringComparison.OrdinalIgnoreCase);

    private static string LineEnds(string text, bool isCrLf) =>
        isCrLf
            ? text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace("\n", "\r\n", StringComparison.Ordinal)
            : text;

    private static void Write(string octets, IBufferWriter<byte> output) => Encoding.Latin1.GetBytes(octets, output);
}
