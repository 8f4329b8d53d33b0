using Postreiter.Spam.Configuration;
using static Postreiter.Spam.Functions.CallArguments;

namespace Postreiter.Spam.Functions;

/// <summary>Functions of SpamAssassin's PDFInfo: what attached PDF files say of themselves.</summary>
internal static class PdfInfo
{
    /// <summary>How many there are: least, most.</summary>
    [RuleFunction("pdf_count")]
    internal static int HasCount(RuleCall call) => InRange(call, PdfFacts.Of(call.Facts).Count);

    /// <summary>How many pictures are in them.</summary>
    [RuleFunction("pdf_image_count")]
    internal static int HasImages(RuleCall call) => InRange(call, PdfFacts.Of(call.Facts).Images);

    /// <summary>Square pixels of the pictures of the last one with pictures.</summary>
    [RuleFunction("pdf_pixel_coverage")]
    internal static int HasPixels(RuleCall call) =>
        PdfFacts.Of(call.Facts).Area is var area and > 0 ? InRange(call, area) : 0;

    /// <summary>A picture, or all of one file together, of exactly this height and width.</summary>
    [RuleFunction("pdf_image_size_exact")]
    internal static int HasSize(RuleCall call) =>
        Hits(
            call.Argument(1) is not null
                && PdfFacts.Of(call.Facts).Sizes.Any(s => s.Height == call.Number(0) && s.Width == call.Number(1))
        );

    /// <summary>The same in a range: least height and width, most height and width.</summary>
    [RuleFunction("pdf_image_size_range")]
    internal static int HasSizeInRange(RuleCall call) =>
        Hits(
            call.Argument(1) is not null
                && PdfFacts
                    .Of(call.Facts)
                    .Sizes.Any(size =>
                        size.Height >= call.Number(0)
                        && size.Width >= call.Number(1)
                        && (call.Argument(2) is null || size.Height <= call.Number(2))
                        && (call.Argument(3) is null || size.Width <= call.Number(3))
                    )
        );

    /// <summary>Octets of text by square pixels: least, below which.</summary>
    [RuleFunction("pdf_image_to_text_ratio")]
    internal static int HasRatio(RuleCall call)
    {
        var area = PdfFacts.Of(call.Facts).Area;
        if (call.Argument(1) is null || area == 0)
            return 0;
        var length = Lines(call).Sum(static line => (long)line.Length);
        var ratio = length / (double)area;
        return Hits(length > 0 && ratio >= call.Number(0) && ratio < call.Number(1));
    }

    /// <summary>There is one, and the text of the mail has no more octets than this; the subject does not count.</summary>
    [RuleFunction("pdf_is_empty_body")]
    internal static int IsTextEmpty(RuleCall call)
    {
        if (PdfFacts.Of(call.Facts).Count == 0)
            return 0;
        var length = Lines(call)
            .Skip(1)
            .Where(static line => !IsBlank(line.Span))
            .Sum(static line => (long)line.Length);
        return Hits(length <= call.Number(0));
    }

    /// <summary>One of this name.</summary>
    [RuleFunction("pdf_named")]
    internal static int IsNamed(RuleCall call) =>
        Hits(call.Argument(0) is { } name && PdfFacts.Of(call.Facts).Names.Contains(name));

    /// <summary>One whose name a pattern matches.</summary>
    [RuleFunction("pdf_name_regex", PatternArgument = 0, IsPatternDelimited = true)]
    internal static int HasName(RuleCall call) => Hits(PdfFacts.Of(call.Facts).Names.Any(n => IsMatch(call, 0, n)));

    /// <summary>One that is encrypted.</summary>
    [RuleFunction("pdf_is_encrypted")]
    internal static int IsEncrypted(RuleCall call) => Hits(PdfFacts.Of(call.Facts).IsEncrypted);

    /// <summary>One with this MD5, in hexadecimal.</summary>
    [RuleFunction("pdf_match_md5")]
    internal static int HasDigest(RuleCall call) =>
        Hits(call.Argument(0) is { } digest && PdfFacts.Of(call.Facts).Digests.Contains(digest));

    /// <summary>One whose beginning, without what differs from copy to copy, or whose words have this MD5.</summary>
    [RuleFunction("pdf_match_fuzzy_md5")]
    internal static int HasFuzzyDigest(RuleCall call) =>
        Hits(call.Argument(0) is { } digest && PdfFacts.Of(call.Facts).FuzzyDigests.Contains(digest));

    /// <summary>A detail (author, creator, created, modified, producer, title) that a pattern matches.</summary>
    [RuleFunction("pdf_match_details", PatternArgument = 1, IsPatternDelimited = true)]
    internal static int HasDetail(RuleCall call) =>
        Hits(
            call.Argument(1) is not null
                && PdfFacts.Of(call.Facts).Details.Any(d => d.Name == call.Argument(0) && IsMatch(call, 1, d.Value))
        );

    private static int InRange(RuleCall call, double value) =>
        Hits(
            call.Argument(0) is not null
                && value >= call.Number(0)
                && (call.Argument(1) is null || value <= call.Number(1))
        );

    private static IReadOnlyList<ReadOnlyMemory<char>> Lines(RuleCall call) =>
        call.Rule.Kind == RuleKind.RawBodyFunction ? call.Mail.RawBody : call.Facts.Body;

    private static bool IsBlank(ReadOnlySpan<char> text) => text.Trim(Perl.Blanks).IsEmpty;

    private static bool IsMatch(RuleCall call, int argument, string text) =>
        call.Pattern(argument) is { } pattern && call.IsMatch(pattern, text);
}
