using System.Globalization;

namespace Postreiter.MailAuth.Dmarc;

/// <summary>What a domain asks receivers to do with mail that fails (RFC 7489 §6.3, <c>p</c>).</summary>
public enum DmarcPolicy
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>To be suspicious: the Junk mailbox.</summary>
    Quarantine,

    /// <summary>To refuse it in the session.</summary>
    Reject,
}

/// <summary>How near an authenticated domain has to be to the author's (RFC 7489 §3.1).</summary>
public enum DmarcAlignment
{
    /// <summary>Of the same organisation.</summary>
    Relaxed,

    /// <summary>The same name.</summary>
    Strict,
}

/// <summary>A policy record (RFC 7489 §6.3; <c>np</c>, <c>psd</c> and <c>t</c> from RFC 9989 §4.7).</summary>
public sealed record DmarcRecord
{
    /// <summary>Longest record in characters that is read.</summary>
    public const int MaxLength = 8_192;

    private const int MaxDestinations = 20;

    /// <summary>The record's text.</summary>
    public string Text { get; private init; } = "";

    /// <summary><c>p</c>; <see cref="DmarcPolicy.None"/> where it is missing and reports are asked for (RFC 7489 §6.6.3).</summary>
    public DmarcPolicy Policy { get; private set; }

    /// <summary><c>sp</c>, for subdomains; null where it is not said.</summary>
    public DmarcPolicy? SubdomainPolicy { get; private set; }

    /// <summary><c>np</c>, for subdomains that do not exist; null where it is not said.</summary>
    public DmarcPolicy? NonexistentPolicy { get; private set; }

    /// <summary><c>adkim</c>. Default relaxed.</summary>
    public DmarcAlignment DkimAlignment { get; private set; }

    /// <summary><c>aspf</c>. Default relaxed.</summary>
    public DmarcAlignment SpfAlignment { get; private set; }

    /// <summary><c>pct</c>, 0 to 100: to how much of the failing mail the policy is applied. Default 100.</summary>
    public int Percent { get; private set; } = 100;

    /// <summary><c>t=y</c>: the policy is being tried out; RFC 9989 §4.7 asks for one step less.</summary>
    public bool IsTesting { get; private set; }

    /// <summary><c>psd=y</c>: the domain is a public suffix and speaks for the names below it; <c>psd=n</c>: it is an organisation's; null where neither is said.</summary>
    public bool? IsPublicSuffix { get; private set; }

    /// <summary><c>fo</c>, as written. Default "0".</summary>
    public string FailureOptions { get; private set; } = "0";

    /// <summary><c>ri</c>: seconds between aggregate reports. Default 86,400.</summary>
    public uint Interval { get; private set; } = 86_400;

    /// <summary><c>rua</c>: where aggregate reports go; at most 20, others are passed over.</summary>
    public IReadOnlyList<DmarcReportUri> AggregateDestinations { get; private set; } = [];

    /// <summary><c>ruf</c>: where reports of single failures go.</summary>
    public IReadOnlyList<DmarcReportUri> FailureDestinations { get; private set; } = [];

    /// <summary>What is wrong with it and was passed over, for the people who publish it.</summary>
    public IReadOnlyList<string> Faults { get; private set; } = [];

    /// <summary>Whether a TXT record is one of DMARC: its first tag is <c>v=DMARC1</c>, the value in capitals (RFC 7489 §6.3).</summary>
    public static bool IsDmarc(string text)
    {
        var first = text.AsSpan();
        if (first.IndexOf(';') is >= 0 and var end)
            first = first[..end];
        return TrySplit(first, out var name, out var value)
            && name.Equals("v", StringComparison.OrdinalIgnoreCase)
            && value is "DMARC1";
    }

    /// <summary>Reads a record.</summary>
    /// <param name="text">A text of which <see cref="IsDmarc"/> is true.</param>
    /// <param name="error">Why no policy can be had from it; null when one can.</param>
    public static DmarcRecord? Parse(string text, out string? error)
    {
        error = null;
        if (text.Length > MaxLength || !IsDmarc(text))
        {
            error =
                text.Length > MaxLength ? $"the record is longer than {MaxLength} characters" : "it is no DMARC record";
            return null;
        }

        var record = new DmarcRecord { Text = text };
        var faults = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        DmarcPolicy? policy = null;
        var isSubdomainPolicyBad = false;
        foreach (var range in text.AsSpan().Split(';'))
        {
            var part = text.AsSpan()[range].Trim(" \t");
            if (part.IsEmpty)
                continue;
            if (!TrySplit(part, out var tag, out var value))
            {
                Add(faults, part, "is no tag");
                continue;
            }

            var name = tag.ToString().ToLowerInvariant();
            if (!seen.Add(name))
            {
                Add(faults, part, "stands there already");
                continue;
            }

            // RFC 7489 §6.3: unknown tags are ignored, mistakes in known ones give way to the default.
            var isGood = true;
            switch (name)
            {
                case "p":
                    isGood = (policy = ReadPolicy(value)) is not null;
                    break;
                case "sp":
                    isSubdomainPolicyBad = (record.SubdomainPolicy = ReadPolicy(value)) is null;
                    isGood = !isSubdomainPolicyBad;
                    break;
                default:
                    isGood = record.TryRead(name, value, faults);
                    break;
            }

            if (!isGood)
                Add(faults, part, "has no such value");
        }

        record.Faults = faults;
        record.Policy = policy ?? DmarcPolicy.None;
        if (policy is not null && !isSubdomainPolicyBad)
            return record;
        // RFC 7489 §6.6.3, step 6: who asks for reports at least is listened to, as if p were none.
        if (record.AggregateDestinations.Count > 0)
        {
            (record.Policy, record.SubdomainPolicy, record.NonexistentPolicy) = (DmarcPolicy.None, null, null);
            return record;
        }

        error = policy is null ? "the record has no valid p=" : "the record has a bad sp=";
        return null;
    }

    private bool TryRead(string name, ReadOnlySpan<char> value, List<string> faults)
    {
        switch (name)
        {
            case "np":
                return (NonexistentPolicy = ReadPolicy(value)) is not null;
            case "adkim":
                return TryReadAlignment(value, out var dkim) && (DkimAlignment = dkim) == dkim;
            case "aspf":
                return TryReadAlignment(value, out var spf) && (SpfAlignment = spf) == spf;
            case "pct":
                if (
                    value.Length > 3
                    || !int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var percent)
                    || percent > 100
                )
                    return false;
                Percent = percent;
                return true;
            case "t":
                IsTesting = Is(value, "y");
                return IsTesting || Is(value, "n");
            case "psd":
                IsPublicSuffix =
                    Is(value, "y") ? true
                    : Is(value, "n") ? false
                    : null;
                return IsPublicSuffix is not null || Is(value, "u");
            case "fo":
                FailureOptions = value.ToString();
                return true;
            case "ri":
                if (!uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var interval))
                    return false;
                Interval = interval;
                return true;
            case "rua":
                AggregateDestinations = ReadDestinations(value, faults);
                return true;
            case "ruf":
                FailureDestinations = ReadDestinations(value, faults);
                return true;
            default:
                return true;
        }
    }

    private static List<DmarcReportUri> ReadDestinations(ReadOnlySpan<char> value, List<string> faults)
    {
        var destinations = new List<DmarcReportUri>();
        foreach (var range in value.Split(','))
        {
            var text = value[range].Trim(" \t");
            if (destinations.Count == MaxDestinations)
                break;
            if (DmarcReportUri.TryParse(text, out var destination))
                destinations.Add(destination);
            else
                Add(faults, text, "is no destination of reports");
        }

        return destinations;
    }

    private static DmarcPolicy? ReadPolicy(ReadOnlySpan<char> value) =>
        Is(value, "none") ? DmarcPolicy.None
        : Is(value, "quarantine") ? DmarcPolicy.Quarantine
        : Is(value, "reject") ? DmarcPolicy.Reject
        : null;

    private static bool TryReadAlignment(ReadOnlySpan<char> value, out DmarcAlignment alignment)
    {
        alignment = Is(value, "s") ? DmarcAlignment.Strict : DmarcAlignment.Relaxed;
        return alignment == DmarcAlignment.Strict || Is(value, "r");
    }

    private static bool Is(ReadOnlySpan<char> value, string word) =>
        value.Equals(word, StringComparison.OrdinalIgnoreCase);

    // tag *WSP "=" *WSP value
    private static bool TrySplit(ReadOnlySpan<char> part, out ReadOnlySpan<char> name, out ReadOnlySpan<char> value)
    {
        var equals = part.IndexOf('=');
        name = equals < 0 ? default : part[..equals].Trim(" \t");
        value = equals < 0 ? default : part[(equals + 1)..].Trim(" \t");
        return !name.IsEmpty && !name.ContainsAnyExceptInRange('!', '~');
    }

    private static void Add(List<string> faults, ReadOnlySpan<char> part, string what)
    {
        if (faults.Count < 20)
            faults.Add($"'{Printable.Cut(part, 100)}' {what}");
    }
}
