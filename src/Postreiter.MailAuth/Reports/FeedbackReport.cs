using System.Net;
using System.Text;

namespace Postreiter.MailAuth.Reports;

/// <summary>A report about one message: abuse (RFC 5965) or a failed authentication (RFC 6591).</summary>
/// <param name="Type">Feedback-Type in lower case: abuse, auth-failure, fraud, virus…</param>
/// <param name="Fields">All fields in their order, values unfolded; at most 100.</param>
public sealed record FeedbackReport(string Type, IReadOnlyList<KeyValuePair<string, string>> Fields)
{
    private const int MaxFields = 100;
    private const int MaxValue = 2_000;

    /// <summary>Who sent the message; null where it is not said.</summary>
    public IPAddress? Source =>
        Find("Source-IP") is { Length: <= 45 } text && IPAddress.TryParse(text, out var address) ? address : null;

    /// <summary>How many messages it is about (RFC 5965 §3.2); 1 where it is not said.</summary>
    public uint Incidents =>
        uint.TryParse(Find("Incidents"), System.Globalization.NumberStyles.None, null, out var count) ? count : 1;

    /// <summary>The first value of a field; null where it is not there.</summary>
    public string? Find(string name) => FindAll(name).FirstOrDefault();

    /// <summary>All values of a field.</summary>
    public IEnumerable<string> FindAll(string name) =>
        Fields.Where(f => f.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(static f => f.Value);

    /// <summary>Reads the part message/feedback-report.</summary>
    /// <returns>Null when it has no Feedback-Type (RFC 5965 §3.1).</returns>
    public static FeedbackReport? Read(ReadOnlySpan<byte> part)
    {
        var fields = new List<KeyValuePair<string, string>>();
        foreach (var range in part.Split((byte)'\n'))
        {
            var line = part[range].TrimEnd("\r \t"u8);
            if (line is [(byte)' ' or (byte)'\t', ..] && fields.Count > 0)
            {
                var (name, value) = fields[^1];
                if (value.Length < MaxValue)
                    fields[^1] = new(name, Cut(value + " " + Encoding.UTF8.GetString(line.TrimStart(" \t"u8))));
                continue;
            }

            if (fields.Count == MaxFields)
                break;
            if (line.IndexOf((byte)':') is > 0 and var colon)
            {
                var name = Encoding.UTF8.GetString(line[..colon]).Trim();
                fields.Add(new(Cut(name), Cut(Encoding.UTF8.GetString(line[(colon + 1)..]).Trim())));
            }
        }

        var report = new FeedbackReport("", fields);
        return report.Find("Feedback-Type") is { Length: > 0 } type
            ? report with
            {
                Type = type.ToLowerInvariant(),
            }
            : null;
    }

    private static string Cut(string text) => text.Length <= MaxValue ? text : text[..MaxValue];
}
