using System.Globalization;
using System.Net;
using Postreiter.MailAuth.Dmarc;

namespace Postreiter.MailAuth.Reports;

/// <summary>Puts a report together from its elements as they begin and end (RFC 7489 appendix C; RFC 9990).</summary>
internal sealed class AggregateReportBuilder(ReportLimits limits)
{
    private readonly List<string> _errors = [];
    private string _organization = "";
    private string _email = "";
    private string _contact = "";
    private string _id = "";
    private DateTimeOffset? _begin;
    private DateTimeOffset? _end;
    private PublishedPolicy _policy = new("", null, null);
    private int _skipped;

    private Row _row = new();
    private (string Type, string Comment) _reason;
    private (string Domain, string? Selector, string? Scope, string Result, string? Human) _check;

    /// <summary>The rows that are whole.</summary>
    public List<AggregateRow> Rows { get; } = [];

    /// <summary>An element begins.</summary>
    public void Begin(string parent, string name)
    {
        switch (parent, name)
        {
            case (_, "record"):
                _row = new Row();
                break;
            case (_, "reason"):
                _reason = ("", "");
                break;
            case ("auth_results", "dkim" or "spf"):
                _check = ("", null, null, "", null);
                break;
            default:
                break;
        }
    }

    /// <summary>An element ends; the text of one that holds others does not count.</summary>
    public void End(string parent, string name, string text)
    {
        switch (parent)
        {
            case "report_metadata" or "date_range":
                EndMetadata(name, text);
                break;
            case "policy_published":
                EndPolicy(name, text);
                break;
            case "row" or "policy_evaluated" or "reason" or "identifiers":
                EndRow(name, text);
                break;
            case "auth_results":
                EndCheck(name);
                break;
            case "dkim" or "spf":
                EndCheckPart(name, text);
                break;
            default:
                if (name == "record")
                    EndRecord();
                break;
        }
    }

    /// <summary>The whole.</summary>
    public AggregateReport? Build(out string? error)
    {
        error =
            _policy.Domain.Length == 0 ? "the report names no domain"
            : _id.Length == 0 ? "the report has no report_id"
            : _begin is null || _end is null || _end < _begin ? "the report has no valid date_range"
            : null;
        return error is not null
            ? null
            : new AggregateReport(_organization, _email, _id, _begin!.Value, _end!.Value, _policy, Rows)
            {
                ExtraContact = _contact,
                Errors = _errors,
                SkippedRows = _skipped,
            };
    }

    private void EndMetadata(string name, string text)
    {
        switch (name)
        {
            case "org_name":
                _organization = text;
                break;
            case "email":
                _email = text;
                break;
            case "extra_contact_info":
                _contact = text;
                break;
            case "report_id":
                _id = text;
                break;
            case "begin":
                _begin = Time(text);
                break;
            case "end":
                _end = Time(text);
                break;
            case "error":
                if (_errors.Count < limits.MaxItems)
                    _errors.Add(text);
                break;
            default:
                break;
        }
    }

    private void EndPolicy(string name, string text) =>
        _policy = name switch
        {
            "domain" => _policy with { Domain = text.TrimEnd('.').ToLowerInvariant() },
            "p" => _policy with { Policy = Policy(text) },
            "sp" => _policy with { SubdomainPolicy = Policy(text) },
            "np" => _policy with { NonexistentPolicy = Policy(text) },
            "adkim" => _policy with { DkimAlignment = Alignment(text) },
            "aspf" => _policy with { SpfAlignment = Alignment(text) },
            "pct" => _policy with { Percent = (int?)Number(text, 100) },
            "fo" => _policy with { FailureOptions = text.Length > 0 ? text : null },
            "testing" => _policy with
            {
                IsTesting =
                    text is "y" ? true
                    : text is "n" ? false
                    : null,
            },
            _ => _policy,
        };

    private void EndRow(string name, string text)
    {
        switch (name)
        {
            case "source_ip":
                _row.Source = text.Length <= 45 && IPAddress.TryParse(text, out var address) ? address : null;
                break;
            case "count":
                _row.Count = Number(text, long.MaxValue) ?? 0;
                break;
            case "disposition":
                // RFC 9990 says "pass" where nothing was to be done.
                _row.Disposition = text is "pass" ? DmarcPolicy.None : Policy(text);
                break;
            case "dkim":
                _row.IsDkimAligned = text is "pass";
                break;
            case "spf":
                _row.IsSpfAligned = text is "pass";
                break;
            case "type":
                _reason.Type = text;
                break;
            case "comment":
                _reason.Comment = text;
                break;
            case "reason":
                if (_row.Reasons.Count < limits.MaxItems)
                    _row.Reasons.Add(_reason);
                break;
            case "header_from":
                _row.HeaderFrom = text.TrimEnd('.').ToLowerInvariant();
                break;
            case "envelope_from":
                _row.EnvelopeFrom = text;
                break;
            case "envelope_to":
                _row.EnvelopeTo = text;
                break;
            default:
                break;
        }
    }

    private void EndCheck(string name)
    {
        var (domain, selector, scope, result, human) = _check;
        if (name == "dkim" && _row.Dkim.Count < limits.MaxItems)
            _row.Dkim.Add(new(domain, selector, result, human));
        else if (name == "spf" && _row.Spf.Count < limits.MaxItems)
            _row.Spf.Add(new(domain, scope, result));
    }

    private void EndCheckPart(string name, string text)
    {
        switch (name)
        {
            case "domain":
                _check.Domain = text;
                break;
            case "selector":
                _check.Selector = text;
                break;
            case "scope":
                _check.Scope = text;
                break;
            case "result":
                _check.Result = text.ToLowerInvariant();
                break;
            case "human_result":
                _check.Human = text;
                break;
            default:
                break;
        }
    }

    private void EndRecord()
    {
        if (_row is not { Source: { } source, Count: > 0 } || Rows.Count == limits.MaxRows)
        {
            _skipped++;
            return;
        }

        Rows.Add(
            new AggregateRow(
                source,
                _row.Count,
                _row.Disposition ?? DmarcPolicy.None,
                _row.IsDkimAligned,
                _row.IsSpfAligned,
                _row.HeaderFrom
            )
            {
                EnvelopeFrom = _row.EnvelopeFrom,
                EnvelopeTo = _row.EnvelopeTo,
                Reasons = _row.Reasons,
                Dkim = _row.Dkim,
                Spf = _row.Spf,
            }
        );
    }

    private static DmarcPolicy? Policy(string text) =>
        text.ToLowerInvariant() switch
        {
            "none" => DmarcPolicy.None,
            "quarantine" => DmarcPolicy.Quarantine,
            "reject" => DmarcPolicy.Reject,
            _ => null,
        };

    private static DmarcAlignment? Alignment(string text) =>
        text switch
        {
            "r" => DmarcAlignment.Relaxed,
            "s" => DmarcAlignment.Strict,
            _ => null,
        };

    private static long? Number(string text, long most) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most
            ? number
            : null;

    // Seconds of Unix time, up to the year 9999.
    private static DateTimeOffset? Time(string text) =>
        Number(text, 253_402_300_799) is { } seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    private sealed class Row
    {
        public IPAddress? Source { get; set; }

        public long Count { get; set; }

        public DmarcPolicy? Disposition { get; set; }

        public bool IsDkimAligned { get; set; }

        public bool IsSpfAligned { get; set; }

        public string HeaderFrom { get; set; } = "";

        public string? EnvelopeFrom { get; set; }

        public string? EnvelopeTo { get; set; }

        public List<(string Type, string Comment)> Reasons { get; } = [];

        public List<AggregateDkim> Dkim { get; } = [];

        public List<AggregateSpf> Spf { get; } = [];
    }
}
