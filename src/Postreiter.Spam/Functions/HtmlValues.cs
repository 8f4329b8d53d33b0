using Postreiter.Spam.Mail;
using Postreiter.Spam.Text.Html;

namespace Postreiter.Spam.Functions;

/// <summary>What was found in an HTML part, by the names that rules use.</summary>
internal static class HtmlValues
{
    /// <summary>A number; null where there is none of the name, or where it was not found in this part.</summary>
    public static double? Number(HtmlResult html, string? name) =>
        name switch
        {
            "length" => html.Length,
            "html_length" => html.RenderedLength,
            "non_space_len" => html.NonSpaceLength,
            "ratio" => html.Ratio,
            "image_area" => html.ImageArea,
            "min_size" => html.MinSize,
            "max_size" => html.MaxSize,
            "closed_extra_ratio" => html.ClosedExtraRatio,
            "bad_tag_ratio" => html.BadTagRatio,
            "non_element_ratio" => html.NonElementRatio,
            "obfuscation_ratio" => html.ObfuscationRatio,
            "backhair_count" => html.BackhairCount,
            _ => IsFlag(name) && HasFlag(html, name) ? 1 : null,
        };

    /// <summary>Whether something is so: a flag, a number that is not 0, a list.</summary>
    public static bool Is(HtmlResult html, string? name) =>
        Number(html, name) is { } number ? number != 0 : Texts(html, name) is not null;

    /// <summary>The texts of a kind, octets; null where there is no such kind.</summary>
    public static IReadOnlyList<string>? Texts(HtmlResult html, string? name) =>
        name switch
        {
            "anchor" => html.Anchors,
            "title" => html.Titles,
            "comment" => html.Comments,
            "script" => html.Scripts,
            _ => null,
        };

    /// <summary>A text of HTML with an octet for each character, for patterns count characters in it: U+00FF for those beyond.</summary>
    public static string OctetPerCharacter(string octets)
    {
        if (!Octets.HasHigh(octets))
            return octets;
        var characters = new System.Text.StringBuilder(octets.Length);
        foreach (var rune in Octets.FromUtf8(octets).EnumerateRunes())
            characters.Append((char)Math.Min(rune.Value, 0xFF));
        return characters.ToString();
    }

    private static bool IsFlag(string? name) =>
        name
            is "html"
                or "font_low_contrast"
                or "font_invalid_color"
                or "font_face_bad"
                or "form_action_mailto"
                or "embeds"
                or "uri_truncated";

    private static bool HasFlag(HtmlResult html, string? name) =>
        name switch
        {
            "html" => true,
            "font_low_contrast" => html.HasLowContrast,
            "font_invalid_color" => html.HasInvalidColor,
            "font_face_bad" => html.HasBadFontFace,
            "form_action_mailto" => html.HasMailtoForm,
            "embeds" => html.HasEmbeds,
            _ => html.IsUriTruncated,
        };
}
