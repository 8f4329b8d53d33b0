using System.Buffers;

namespace Postreiter.Spam.Mail;

/// <summary>
/// What a rule gets when it asks for <c>Name:mod:mod</c>: fields of the mail, the pseudo-headers made from them, and the parts of values
/// that the modifiers name. Answers are kept, for many rules ask the same.
/// </summary>
internal sealed partial class HeaderQuery(SpamMail mail, SpamMailOptions options)
{
    /// <summary>Octets of the whole header that <c>ALL</c> shows.</summary>
    private const int MaxAll = 65_536;

    private static readonly SearchValues<char> NotAfterHost = SearchValues.Create("._-");
    private readonly Dictionary<(string Name, HeaderForm Form), IReadOnlyList<string>> _answers = [];
    private IReadOnlyList<HeaderField>? _shown;
    private List<string>? _all;

    private static bool HasAny(HeaderForm form, HeaderForm any) => (form & any) != HeaderForm.Decoded;

    public IReadOnlyList<string> Get(string name, HeaderForm form)
    {
        if (_answers.TryGetValue((name, form), out var answer))
            return answer;
        answer = Answer(name, form);
        _answers[(name, form)] = answer;
        return answer;
    }

    /// <summary>Forgets what was asked: a metadata header has been set.</summary>
    public void Forget() => _answers.Clear();

    private IReadOnlyList<string> Answer(string name, HeaderForm form)
    {
        var isRaw = form.HasFlag(HeaderForm.Raw);
        // Whole headers have no modifiers but :raw.
        switch (name)
        {
            case "ALL":
                return isRaw ? PristineFields() : All;
            case "ALL-TRUSTED":
                return Between(null, mail.Received.LastTrustedIndex + 1, isRaw);
            case "ALL-INTERNAL":
                return Between(null, mail.Received.LastInternalIndex + 1, isRaw);
            case "ALL-UNTRUSTED":
                return Between(mail.Received.LastTrustedIndex + 1, null, isRaw);
            case "ALL-EXTERNAL":
                return Between(mail.Received.LastInternalIndex + 1, null, isRaw);
        }

        var values = Values(name, isRaw, needsRaw: HasAny(form, HeaderForm.Address | HeaderForm.Name));
        if (values.Count == 0)
            return [];
        if (form.HasFlag(HeaderForm.First))
            values = [values[0]];
        else if (form.HasFlag(HeaderForm.Last))
            values = [values[^1]];
        if (HasAny(form, HeaderForm.Address | HeaderForm.Name))
            values = Addresses(values, form);
        if (HasAny(form, HeaderForm.Host | HeaderForm.Domain))
            return Hosts(values, form);
        return HasAny(form, HeaderForm.Ip | HeaderForm.ReverseIp) ? IpAddresses(values, form) : values;
    }

    private IReadOnlyList<string> Values(string name, bool isRaw, bool needsRaw)
    {
        if (name == "MESSAGEID")
        {
            return
            [
                .. Whole("X-Message-Id", isRaw)
                    .Concat(Whole("Resent-Message-Id", isRaw))
                    .Concat(Whole("X-Original-Message-ID", isRaw))
                    .Concat(Whole("Message-Id", isRaw)),
            ];
        }

        switch (name.ToLowerInvariant())
        {
            case "envelopefrom":
                return mail.EnvelopeFrom is { } sender ? [sender] : [];
            case "x-spam-relays-trusted":
                return [ReceivedTrail.Describe(mail.Received.Trusted)];
            case "x-spam-relays-untrusted":
                return [ReceivedTrail.Describe(mail.Received.Untrusted)];
            case "x-spam-relays-internal":
                return [ReceivedTrail.Describe(mail.Received.Internal)];
            case "x-spam-relays-external":
                return [ReceivedTrail.Describe(mail.Received.External)];
            case "tocc":
                return [.. Whole("To", isRaw), .. Whole("Cc", isRaw)];
        }

        var fields = mail.Fields.Named(name);
        if (fields.Count > 0)
            return [.. fields.Select(field => isRaw || needsRaw ? field.Raw : field.Decoded + "\n")];
        return Metadata(name) is { } value ? [value] : [];
    }

    // What stands in no mail: the domains of sender and author, and what was set from outside.
    private string? Metadata(string name)
    {
        if (mail.Metadata.TryGetValue(name, out var value))
            return value;
        if (Octets.EqualsIgnoreCase(name, "X-SenderDomain"))
        {
            var sender = Get("EnvelopeFrom", HeaderForm.First | HeaderForm.Address | HeaderForm.Host);
            return sender.Count == 0 ? null : Octets.Lower(sender[0]);
        }

        if (!Octets.EqualsIgnoreCase(name, "X-AuthorDomain"))
            return null;
        var authors = Get("From", HeaderForm.Address | HeaderForm.Host).Distinct(StringComparer.Ordinal).ToList();
        return authors.Count == 0 ? null : string.Join(' ', authors.Select(Octets.Lower));
    }

    private IEnumerable<string> Whole(string name, bool isRaw) =>
        mail.Fields.Named(name).Select(field => isRaw ? Unfold(field.Raw) : field.Decoded + "\n");

    // A line end with what is blank behind it becomes one space; the last line end stays.
    private static string Unfold(string raw)
    {
        var to = new System.Text.StringBuilder(raw.Length);
        for (var i = 0; i < raw.Length; i++)
        {
            var end =
                raw[i] == '\n' ? i + 1
                : raw[i] == '\r' && i + 1 < raw.Length && raw[i + 1] == '\n' ? i + 2
                : 0;
            if (end == 0 || end == raw.Length || !Octets.IsBlank(raw[end]))
            {
                to.Append(raw[i]);
                continue;
            }

            while (end < raw.Length && Octets.IsBlank(raw[end]))
                end++;
            to.Append(' ');
            i = end - 1;
        }

        return to.ToString();
    }

    /// <summary>The fields that <c>ALL</c> shows, in order. Over 64 KiB whole names are left out, the lowest first.</summary>
    public IReadOnlyList<HeaderField> Shown
    {
        get
        {
            if (_shown is not null)
                return _shown;
            var fields = mail.Fields.All;
            var size = 0L;
            foreach (var one in fields)
                size += one.Name.Length + one.Decoded.Length + 3;
            if (size <= MaxAll)
                return _shown = fields;
            mail.Note(SpamMailFlags.TruncatedHeader);
            return _shown = Cut(fields);
        }
    }

    // Each of them as "Name: value" and a line feed.
    private List<string> All
    {
        get
        {
            if (_all is null)
            {
                _all = new List<string>(Shown.Count);
                foreach (var one in Shown)
                    _all.Add(string.Concat(one.Name, ": ", one.Decoded, "\n"));
            }

            return _all;
        }
    }

    // Names in the order in which they first come, each with all its fields, up to the limit; then in the order of the mail.
    private static List<HeaderField> Cut(IReadOnlyList<HeaderField> fields)
    {
        var kept = new HeaderField?[fields.Count];
        var size = 0;
        var names = fields
            .Select((field, i) => (field, i))
            .GroupBy(static f => f.field.Name, Octets.NameComparer.Instance);
        foreach (var (field, i) in names.SelectMany(static group => group))
        {
            size += field.Name.Length + field.Decoded.Length + 3;
            if (size > MaxAll)
                break;
            kept[i] = field;
        }

        return [.. kept.OfType<HeaderField>()];
    }

    // Fields as the mail has them, folded; a field without a line end at the very end is not complete.
    private List<string> PristineFields()
    {
        var fields = new List<string>();
        var header = mail.PristineHeader.Span;
        var at = 0;
        while (at < header.Length)
        {
            var end = at + HeaderSection.LineAt(header, at).Length;
            if (header[at] is ' ' or '\t' or '\n')
            {
                at = end;
                continue;
            }

            while (end < header.Length && header[end] is ' ' or '\t')
                end += HeaderSection.LineAt(header, end).Length;
            if (header[end - 1] == '\n')
                fields.Add(header[at..end].ToString());
            at = end;
        }

        return fields;
    }

    // Fields from one Received field to another, places counted from 0; with them what stands above the first one.
    private List<string> Between(int? first, int? last, bool isRaw)
    {
        var found = new List<string>();
        var received = -1;
        foreach (var field in isRaw ? PristineFields() : Lines())
        {
            if (field.StartsWith("Received:", StringComparison.OrdinalIgnoreCase))
                received++;
            if ((first is null || first <= received) && (last is null || received < last))
            {
                found.Add(field);
            }
            else if (received == last)
            {
                found.Add(field);
                break;
            }
        }

        return found;
    }

    // A decoded value may hold line feeds: each line counts for itself.
    private IEnumerable<string> Lines()
    {
        foreach (var field in All)
        {
            var at = 0;
            while (at < field.Length)
            {
                var end = field.IndexOf('\n', at) is var feed && feed < 0 ? field.Length : feed + 1;
                yield return field[at..end];
                at = end;
            }
        }
    }
}
