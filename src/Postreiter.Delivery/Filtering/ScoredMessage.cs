using System.Buffers;
using System.Text;
using Postreiter.Delivery.Inbound;
using Postreiter.Delivery.Lists;
using Postreiter.Spam.Results;

namespace Postreiter.Delivery.Filtering;

/// <summary>A scanned message: what follows for whom. Readers for whom the same counts share one answer.</summary>
/// <param name="scanned">What the rules found, with the threshold that holds where a reader has none of its own.</param>
/// <param name="settings">How the ruleset wants it marked.</param>
/// <param name="context">Who marks.</param>
/// <param name="rejectAt">Points from which it is refused.</param>
internal sealed class ScoredMessage(SpamVerdict scanned, MarkSettings settings, MarkContext context, double rejectAt)
{
    // A header has at most this (L4), and its marks are made of it.
    private const int MaxHeaderBytes = HeaderPass.MaxHeaderBytes;

    private readonly Dictionary<(double? Threshold, string Hits), CopyVerdict> _known = [];

    /// <summary>What the rules found.</summary>
    public SpamVerdict Verdict => scanned;

    /// <summary>Points from which it is refused.</summary>
    public double RejectAt => rejectAt;

    /// <summary>A field more, with LF. Default none.</summary>
    public string FurtherMarks { get; init; } = "";

    /// <summary>What is put in front of the subject of spam. Default nothing.</summary>
    public string Tag { get; init; } = "";

    /// <summary>The message, its beginning at least.</summary>
    public ReadOnlyMemory<byte> Start { get; init; }

    /// <summary>What is printed of it for the log.</summary>
    public MailMarker Marker { get; } = new(scanned, settings, context);

    /// <summary>What follows for a reader.</summary>
    public CopyVerdict For(Reader reader)
    {
        var (required, hits) = (reader.Threshold ?? scanned.Required, reader.Hits);
        var key = (reader.Threshold, string.Join('\n', hits));
        if (_known.TryGetValue(key, out var known))
            return known;
        var verdict = scanned with
        {
            Required = required,
            Points = Math.Round(scanned.Points + hits.Sum(static h => h.Points), 3),
            Hits = With(hits),
        };
        var marks = new MailMarker(verdict, settings, context).AddedFields() + FurtherMarks;
        // What is no spam for one who says so is not refused either.
        var isRefused = verdict.Points >= rejectAt && (verdict.IsSpam || reader.Threshold is null);
        return _known[key] = new CopyVerdict(
            verdict.Points,
            required,
            verdict.IsSpam || isRefused,
            isRefused,
            marks.Replace("\n", "\r\n", StringComparison.Ordinal)
        );
    }

    /// <summary>The header with its tagged subject; null where there is no tag, or no room for one.</summary>
    /// <param name="copy">By whose points the tag is filled.</param>
    public TaggedHeader? Tagged(CopyVerdict copy)
    {
        if (Tag.Length == 0)
            return null;
        var end = Start.Span[..Math.Min(Start.Length, MaxHeaderBytes)].IndexOf("\r\n\r\n"u8);
        // A message that is nothing but a header has no room for a text either: it stays as it is.
        if (end < 0)
            return null;
        var header = Start[..(end + 4)];
        var subject = new MarkSettings
        {
            SpamHeaders = [],
            ReportSafe = 0,
            Rewrites = new Dictionary<string, string> { ["Subject"] = EncodedText.Ascii(Tag) },
        };
        var output = new ArrayBufferWriter<byte>(header.Length + 256);
        var verdict = scanned with { Points = copy.Points, Required = copy.Required };
        new MailMarker(verdict, subject, context).Rewrite(header, output);
        return new TaggedHeader(output.WrittenMemory, header.Length);
    }

    // The ruleset's own lists may have hit by the same names.
    private List<ReportedHit> With(IReadOnlyList<(string Name, double Points, string Reason)> hits)
    {
        var all = scanned.Hits.ToList();
        foreach (var (name, points, reason) in hits)
        {
            var at = all.FindIndex(h => h.Name == name);
            if (at < 0)
                all.Add(new ReportedHit(name, points, "", Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(reason))));
            else
                all[at] = all[at] with { Points = all[at].Points + points };
        }

        return all;
    }
}
