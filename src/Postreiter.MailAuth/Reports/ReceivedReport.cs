using MimeKit.Encodings;
using Postreiter.Messages;

namespace Postreiter.MailAuth.Reports;

/// <summary>Kinds of reports that servers send to each other.</summary>
public enum ReportKind
{
    /// <summary>None that we know.</summary>
    None,

    /// <summary>Sums of DMARC (RFC 7489 §7.2).</summary>
    Aggregate,

    /// <summary>About one message (RFC 5965, RFC 6591).</summary>
    Feedback,

    /// <summary>Sums of TLS (RFC 8460); recognised, not read.</summary>
    Tls,
}

/// <summary>A report that came by mail.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Aggregate">What it says, if it is of that kind and can be read.</param>
/// <param name="Feedback">The same.</param>
/// <param name="Error">Why it cannot be read; null when it can.</param>
public sealed record ReceivedReport(
    ReportKind Kind,
    AggregateReport? Aggregate,
    FeedbackReport? Feedback,
    string? Error
)
{
    /// <summary>Whether a message looks like a report; nothing but its structure is looked at.</summary>
    public static ReportKind Recognize(MessageFacts facts) => Find(facts, new ReportLimits()).Kind;

    /// <summary>Reads the report in a message.</summary>
    /// <param name="message">The message; it can seek. Only the part with the report is read.</param>
    /// <param name="facts">Its structure.</param>
    /// <param name="limits">Null for the defaults.</param>
    /// <param name="ct">Stops the reading.</param>
    /// <returns>Null when the message is no report.</returns>
    /// <exception cref="IOException">The message cannot be read.</exception>
    public static async ValueTask<ReceivedReport?> ReadAsync(
        Stream message,
        MessageFacts facts,
        ReportLimits? limits,
        CancellationToken ct
    )
    {
        limits ??= new ReportLimits();
        var (kind, part) = Find(facts, limits);
        if (kind is ReportKind.None or ReportKind.Tls || part is null)
            return kind == ReportKind.None ? null : new ReceivedReport(kind, null, null, "it is not read");
        // Base64 makes four of three, and has line ends.
        if (part.BodyLength > limits.MaxArchiveBytes * 3L / 2)
            return new ReceivedReport(
                kind,
                null,
                null,
                $"the attachment is larger than {limits.MaxArchiveBytes} bytes"
            );
        var body = new byte[part.BodyLength];
        message.Position = part.BodyOffset;
        await message.ReadExactlyAsync(body, ct);
        var decoded = Decode(body, part.Encoding);
        if (kind == ReportKind.Feedback)
        {
            var feedback = FeedbackReport.Read(decoded.Span);
            return new ReceivedReport(kind, null, feedback, feedback is null ? "it has no Feedback-Type" : null);
        }

        var aggregate = AggregateReportReader.Read(decoded, out var error, limits);
        return new ReceivedReport(kind, aggregate, null, error);
    }

    private static (ReportKind Kind, MimePart? Part) Find(MessageFacts facts, ReportLimits limits)
    {
        var leaves = Leaves(facts.Root, limits.MaxParts);
        var report = Value(facts.Root.Parameters, "report-type");
        if (Is(report, "feedback-report"))
            return (ReportKind.Feedback, leaves.Find(static p => p is { Type: "message", Subtype: "feedback-report" }));
        if (
            Is(report, "tlsrpt")
            || leaves.Exists(static p => p is { Type: "application", Subtype: "tlsrpt+gzip" or "tlsrpt+json" })
        )
            return (ReportKind.Tls, null);
        var isSubject =
            facts.Root.Envelope?.Subject?.TrimStart().StartsWith("Report Domain:", StringComparison.OrdinalIgnoreCase)
            ?? false;
        // RFC 7489 §7.2.1.1: the name of the file says what it is, so does the subject. One of them is enough with a fitting type.
        var part = leaves.Find(p =>
            IsPacked(p) && (isSubject || FileName(p) is { } name && name.Count(static c => c == '!') >= 3)
        );
        return part is null ? (ReportKind.None, null) : (ReportKind.Aggregate, part);
    }

    private static bool IsPacked(MimePart part) =>
        part switch
        {
            {
                Type: "application",
                Subtype: "gzip" or "x-gzip" or "zip" or "x-zip" or "x-zip-compressed" or "gzip-compressed" or "xml"
            } => true,
            { Type: "text", Subtype: "xml" } => true,
            _ => FileName(part) is { } name
                && (Ends(name, ".xml") || Ends(name, ".xml.gz") || Ends(name, ".gz") || Ends(name, ".zip")),
        };

    private static bool Ends(string name, string extension) =>
        name.EndsWith(extension, StringComparison.OrdinalIgnoreCase);

    private static string? FileName(MimePart part) =>
        Value(part.DispositionParameters, "filename") ?? Value(part.Parameters, "name");

    private static bool Is(string? value, string word) => word.Equals(value, StringComparison.OrdinalIgnoreCase);

    private static string? Value(IReadOnlyList<KeyValuePair<string, string>> parameters, string name)
    {
        foreach (var (key, value) in parameters)
        {
            if (key.Equals(name, StringComparison.OrdinalIgnoreCase))
                return value;
        }

        return null;
    }

    // In order, without descending into messages inside; without recursion.
    private static List<MimePart> Leaves(MimePart root, int most)
    {
        var leaves = new List<MimePart>();
        var open = new Stack<MimePart>([root]);
        for (var seen = 0; seen < most && open.TryPop(out var part); seen++)
        {
            if (part.Parts.Count == 0)
                leaves.Add(part);
            for (var i = Math.Min(part.Parts.Count, most) - 1; i >= 0; i--)
                open.Push(part.Parts[i]);
        }

        return leaves;
    }

    private static ReadOnlyMemory<byte> Decode(byte[] body, string encoding)
    {
        IMimeDecoder? decoder = encoding switch
        {
            "base64" => new Base64Decoder(),
            "quoted-printable" => new QuotedPrintableDecoder(),
            _ => null,
        };
        if (decoder is null)
            return body;
        var output = new byte[decoder.EstimateOutputLength(body.Length)];
        return output.AsMemory(0, decoder.Decode(body, 0, body.Length, output));
    }
}
