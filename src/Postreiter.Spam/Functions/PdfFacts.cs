using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Postreiter.Spam.Functions;

/// <summary>What the PDF files of a mail say of themselves, read line by line once a mail.</summary>
internal sealed class PdfFacts
{
    private const int FuzzyLines = 70;
    private const int MostLinks = 20;
    private readonly MailFacts _facts;
    private readonly HashSet<string> _links = new(StringComparer.Ordinal);

    private PdfFacts(MailFacts facts)
    {
        _facts = facts;
        foreach (var part in facts.Mail.Leaves)
        {
            if (
                part.Type
                is not ("image/pdf" or "application/pdf" or "image/octet-stream" or "application/octet-stream")
            )
                continue;
            var name = part.Name ?? "";
            if (
                !HasEnding(name, ".pdf")
                && !HasEnding(name, ".fdf")
                && !part.Type.EndsWith("/pdf", StringComparison.Ordinal)
            )
                continue;
            Count++;
            Read(part.Decoded ?? "", name);
        }
    }

    /// <summary>Files.</summary>
    public int Count { get; }

    /// <summary>Pictures in them.</summary>
    public int Images { get; private set; }

    /// <summary>Square pixels of the last one that has any.</summary>
    public long Area { get; private set; }

    /// <summary>Whether one is encrypted.</summary>
    public bool IsEncrypted { get; private set; }

    /// <summary>Names of files.</summary>
    public HashSet<string> Names { get; } = new(StringComparer.Ordinal);

    /// <summary>Sizes of pictures, and of all in one file together.</summary>
    public HashSet<(long Height, long Width)> Sizes { get; } = [];

    /// <summary>MD5 of the files.</summary>
    public HashSet<string> Digests { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>MD5 of what copies have in common.</summary>
    public HashSet<string> FuzzyDigests { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>author, creator, created, modified, producer, title.</summary>
    public HashSet<(string Name, string Value)> Details { get; } = [];

    /// <summary>Where links lead.</summary>
    public IReadOnlyCollection<string> Links => _links;

    /// <summary>Of a mail.</summary>
    public static PdfFacts Of(MailFacts facts) => facts.Shared(static f => new PdfFacts(f));

    private void Read(string data, string name)
    {
        if (data.StartsWith("\xEF\xBB\xBF", StringComparison.Ordinal))
            data = data[3..];
        if (Version(data) is not { } version)
            return;
        Tag("PDFVERSION", version);
        Tag("PDFNAME", name);
        if (name.Length > 0)
            Names.Add(name);
        var (fuzzy, words) = (new StringBuilder(), new StringBuilder());
        var (lines, isFuzzyWanted) = (0, true);
        var picture = new Picture();
        foreach (var range in data.AsSpan().Split('\n'))
        {
            var line = data.AsSpan()[range];
            if (line.IsEmpty)
                continue;
            if (isFuzzyWanted && ++lines < FuzzyLines)
            {
                if (!PdfText.IsPassedOver(line))
                    fuzzy.Append(line.TrimEnd(Configuration.Perl.Blanks));
                isFuzzyWanted = !line.Contains("stream", StringComparison.Ordinal);
            }

            IsEncrypted |= line.StartsWith("/Encrypt", StringComparison.Ordinal);
            if (picture.Read(line))
            {
                isFuzzyWanted = false;
                Images++;
                Sizes.Add(picture.Last);
                Tag("PDFIMGDIM", $"{picture.Last.Height}x{picture.Last.Width}");
            }

            if (line.Contains('/'))
                ReadWords(line, words);
        }

        if (picture.Total is { Height: > 0, Width: > 0 })
            Sizes.Add(picture.Total);
        if (picture.Area > 0)
        {
            Area = picture.Area;
            Tag("PDFIMGAREA", picture.Area.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        Digests.Add(Digest(data));
        if (fuzzy.Length > 0)
            FuzzyDigests.Add(Digest(fuzzy.ToString()));
        if (words.Length > 0)
            FuzzyDigests.Add(Digest(words.ToString()));
    }

    private void ReadWords(ReadOnlySpan<char> line, StringBuilder words)
    {
        if (line[0] == '/')
        {
            var end = 1;
            while (end < line.Length && char.IsAsciiLetter(line[end]))
                end++;
            words.Append(line[1..end]);
        }

        if (_links.Count < MostLinks && PdfText.Link(line) is { } link)
            _links.Add(link);
        Detail(line, "/Author", "author", "PDFAUTHOR");
        Detail(line, "/Creator", "creator", "PDFCREATOR");
        Detail(line, "/Producer", "producer", "PDFPRODUCER");
        Detail(line, "/Title", "title", "PDFTITLE");
        if (PdfText.Date(line, "/CreationDate") is { } created)
            Details.Add(("created", created));
        if (PdfText.Date(line, "/ModDate") is { } modified)
            Details.Add(("modified", modified));
    }

    private void Detail(ReadOnlySpan<char> line, string key, string name, string tag)
    {
        if (PdfText.Value(line, key) is not { } value)
            return;
        Details.Add((name, value));
        Tag(tag, value);
    }

    private void Tag(string name, string value)
    {
        if (value.Length > 0 && _facts.Tag(name) is var known && known.Sum(static v => v.Length + 1) < 2048)
            _facts.SetTag(name, [.. known, value]);
    }

    // Somewhere in the first 1,024 octets.
    private static string? Version(string data)
    {
        var at = data.AsSpan(0, Math.Min(data.Length, 1024 + 8)).IndexOf("%PDF-");
        return
            at >= 0
            && at + 8 <= data.Length
            && char.IsAsciiDigit(data[at + 5])
            && data[at + 6] == '.'
            && char.IsAsciiDigit(data[at + 7])
            ? data[(at + 5)..(at + 8)]
            : null;
    }

    private static bool HasEnding(string name, string ending) =>
        name.EndsWith(ending, StringComparison.OrdinalIgnoreCase);

    [SuppressMessage("Security", "CA5351", Justification = "the lists of files have MD5; it proves nothing here")]
    private static string Digest(string octets) => Convert.ToHexString(MD5.HashData(Encoding.Latin1.GetBytes(octets)));

    /// <summary>Puts the sizes of pictures together, which stand in several lines.</summary>
    private sealed class Picture
    {
        private bool _isOpen;

        public (long Height, long Width) Last { get; private set; }

        public (long Height, long Width) Total { get; private set; }

        public long Area { get; private set; }

        /// <summary>Reads a line.</summary>
        /// <returns>Whether it says how large a picture is.</returns>
        public bool Read(ReadOnlySpan<char> line)
        {
            _isOpen |= line.Contains("/Image", StringComparison.Ordinal);
            if (!_isOpen || PdfText.Size(line) is not { } size)
                return false;
            _isOpen = false;
            Last = size;
            Total = (Total.Height + size.Height, Total.Width + size.Width);
            Area += size.Height * size.Width;
            return true;
        }
    }
}
