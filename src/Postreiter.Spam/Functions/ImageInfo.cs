using Postreiter.Spam.Configuration;
using static Postreiter.Spam.Functions.CallArguments;

namespace Postreiter.Spam.Functions;

/// <summary>Functions of SpamAssassin's ImageInfo: number, size and names of attached pictures of a kind.</summary>
internal static class ImageInfo
{
    /// <summary>How many there are: kind, least, most.</summary>
    [RuleFunction("image_count")]
    internal static int HasCount(RuleCall call) =>
        Hits(Images(call) is { } images && call.Argument(1) is not null && IsInRange(call, images.Count()));

    /// <summary>Square pixels of all of them: kind, least, most.</summary>
    [RuleFunction("pixel_coverage")]
    internal static int HasPixels(RuleCall call) =>
        Hits(
            Images(call) is { } images
                && call.Argument(1) is not null
                && IsInRange(call, images.Sum(static i => i.Area))
        );

    /// <summary>Octets of text by square pixels: kind, least, below which.</summary>
    [RuleFunction("image_to_text_ratio")]
    internal static int HasRatio(RuleCall call)
    {
        var area = Images(call)?.Sum(static image => image.Area) ?? 0;
        if (call.Argument(2) is null || area == 0)
            return 0;
        var lines = call.Rule.Kind == RuleKind.RawBodyFunction ? call.Mail.RawBody : call.Facts.Body;
        var length = lines.Sum(static line => (long)line.Length);
        var ratio = length / area;
        return Hits(length > 0 && ratio >= call.Number(1) && ratio < call.Number(2));
    }

    /// <summary>One of exactly this size: kind, height, width.</summary>
    [RuleFunction("image_size_exact")]
    internal static int HasSize(RuleCall call) =>
        Hits(
            call.Argument(2) is not null
                && Images(call)
                    ?.Any(image => image.HasSize && image.Height == call.Number(1) && image.Width == call.Number(2))
                    == true
        );

    /// <summary>One of such a size: kind, least height and width, most height and width.</summary>
    [RuleFunction("image_size_range")]
    internal static int HasSizeInRange(RuleCall call) =>
        Hits(
            call.Argument(2) is not null
                && Images(call)
                    ?.Any(image =>
                        image.HasSize
                        && image.Height >= call.Number(1)
                        && image.Width >= call.Number(2)
                        && (call.Argument(3) is null || image.Height <= call.Number(3))
                        && (call.Argument(4) is null || image.Width <= call.Number(4))
                    ) == true
        );

    /// <summary>One with this name.</summary>
    [RuleFunction("image_named")]
    internal static int IsNamed(RuleCall call) =>
        Hits(
            call.Argument(0) is { Length: > 0 } name
                && ImageSizes.Of(call.Facts).All.Any(image => image.HasSize && image.Name == name)
        );

    /// <summary>One whose name fits a pattern.</summary>
    [RuleFunction("image_name_regex", PatternArgument = 0)]
    internal static int IsNamedLike(RuleCall call)
    {
        var pattern = call.Pattern(0);
        return Hits(
            pattern is not null
                && ImageSizes
                    .Of(call.Facts)
                    .All.Any(image => image is { HasSize: true, Name.Length: > 0 } && call.IsMatch(pattern, image.Name))
        );
    }

    private static IEnumerable<ImageSizes.Image>? Images(RuleCall call) =>
        ImageSizes.Of(call.Facts).Of(call.Argument(0));

    private static bool IsInRange(RuleCall call, double value) =>
        value >= call.Number(1) && (call.Argument(2) is null || value <= call.Number(2));
}
