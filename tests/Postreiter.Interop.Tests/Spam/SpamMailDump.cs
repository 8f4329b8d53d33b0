using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Text.Html;

namespace Postreiter.Interop.Tests.Spam;

/// <summary>A mail in the form that <c>dump.pl</c> writes; numbers are texts.</summary>
internal static class SpamMailDump
{
    private static readonly (SpamMailFlags Flag, string Name)[] Flags =
    [
        (SpamMailFlags.MissingHeadBodySeparator, "missing_head_body_separator"),
        (SpamMailFlags.MissingMimeHeaders, "missing_mime_headers"),
        (SpamMailFlags.MissingMimeHeadBodySeparator, "missing_mime_head_body_separator"),
        (SpamMailFlags.MimeEpilogue, "mime_epilogue_exists"),
        (SpamMailFlags.MimePartLimitExceeded, "mimepart_limit_exceeded"),
        (SpamMailFlags.TruncatedHeader, "truncated_header"),
    ];

    public static JsonObject Make(SpamMail mail, IEnumerable<string> forms) =>
        new()
        {
            ["relays"] = new JsonObject
            {
                ["trusted"] = mail.Header("X-Spam-Relays-Trusted"),
                ["untrusted"] = mail.Header("X-Spam-Relays-Untrusted"),
                ["internal"] = mail.Header("X-Spam-Relays-Internal"),
                ["external"] = mail.Header("X-Spam-Relays-External"),
                ["num_relays_unparseable"] = Text(mail.Received.Unparseable),
                ["last_trusted_relay_index"] = Text(mail.Received.LastTrustedIndex),
                ["last_internal_relay_index"] = Text(mail.Received.LastInternalIndex),
            },
            ["headers"] = new JsonObject(
                forms.Select(form => KeyValuePair.Create(form, (JsonNode?)List(Values(mail, form))))
            ),
            ["flags"] = List(Flags.Where(flag => mail.Flags.HasFlag(flag.Flag)).Select(static flag => flag.Name)),
            ["parts"] = new JsonArray([.. mail.Parts.Select(Part)]),
            ["body"] = Lines(mail.Body),
            ["visible"] = Lines(mail.VisibleBody),
            ["invisible"] = Lines(mail.InvisibleBody),
            ["rawbody"] = Lines(mail.RawBody),
            ["full"] = Digest(mail.Full),
            ["html"] = new JsonArray([.. mail.Html.Select(Html)]),
        };

    private static IReadOnlyList<string> Values(SpamMail mail, string request)
    {
        var parts = request.Split(':');
        var form = parts
            .Skip(1)
            .Select(static name =>
                name switch
                {
                    "raw" => HeaderForm.Raw,
                    "addr" => HeaderForm.Address,
                    "name" => HeaderForm.Name,
                    "host" => HeaderForm.Host,
                    "domain" => HeaderForm.Domain,
                    "ip" => HeaderForm.Ip,
                    "revip" => HeaderForm.ReverseIp,
                    "first" => HeaderForm.First,
                    _ => HeaderForm.Last,
                }
            )
            .Aggregate(HeaderForm.Decoded, static (all, one) => all | one);
        return mail.HeaderValues(parts[0], form);
    }

    private static JsonNode Part(MimePart part)
    {
        var dump = new JsonObject
        {
            ["type"] = part.Type,
            ["effective"] = part.EffectiveType,
            ["leaf"] = part.IsLeaf ? "1" : "0",
            ["headers"] = List(part.HeaderNames),
        };
        if (part.IsLeaf)
            (dump["charset"], dump["name"]) = (part.Charset, part.Name);
        var names = part.HeaderNames.Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        if (names.Count > 0)
        {
            dump["values"] = List(
                names.SelectMany(name => part.HeaderValues(name, raw: false).Select(static value => value[..^1]))
            );
            dump["raw"] = List(names.SelectMany(name => part.HeaderValues(name, raw: true)));
        }

        if (part.Decoded is { } content)
            (dump["length"], dump["sha1"]) = (Text(content.Length), Digest(content));
        return dump;
    }

    private static JsonNode Html(HtmlResult html)
    {
        var dump = new JsonObject
        {
            ["html"] = "1",
            ["inside"] = new JsonObject(
                html.Inside.Select(static pair => KeyValuePair.Create(pair.Key, (JsonNode?)Text(pair.Value)))
            ),
            ["anchor"] = Some(html.Anchors),
            ["title"] = Some(html.Titles),
            ["comment"] = Some(html.Comments),
            ["script"] = Some(html.Scripts),
            ["image_area"] = Text(html.ImageArea),
            ["length"] = Text(html.Length),
            ["min_size"] = Text(html.MinSize),
            ["max_size"] = Text(html.MaxSize),
            ["closed_extra_ratio"] = Text(html.ClosedExtraRatio),
            ["bad_tag_ratio"] = Text(html.BadTagRatio),
            ["non_element_ratio"] = Text(html.NonElementRatio),
            ["obfuscation_ratio"] = Text(html.ObfuscationRatio),
            ["backhair_count"] = Text(html.BackhairCount),
            ["font_low_contrast"] = Yes(html.HasLowContrast),
            ["font_invalid_color"] = Yes(html.HasInvalidColor),
            ["font_face_bad"] = Yes(html.HasBadFontFace),
            ["form_action_mailto"] = Yes(html.HasMailtoForm),
            ["embeds"] = Yes(html.HasEmbeds),
            ["uri_truncated"] = Yes(html.IsUriTruncated),
            ["html_length"] = Text(html.RenderedLength),
            ["non_space_len"] = Text(html.NonSpaceLength),
            ["ratio"] = Text(html.Ratio),
            ["uri"] = List(html.Links.Select(static link => link.Uri).Order(StringComparer.Ordinal)),
        };
        var links = new JsonObject();
        foreach (var link in html.Links)
        {
            var one = new JsonObject { ["anchor_text"] = Some(link.AnchorTexts) };
            if (link.Types.Count > 0)
                one["types"] = new JsonObject(
                    link.Types.Select(static type => KeyValuePair.Create(type, (JsonNode?)"1"))
                );
            links[link.Uri] = one;
        }

        dump["uri_detail"] = links.Count == 0 ? null : links;
        return dump;
    }

    private static JsonArray List(IEnumerable<string> texts) => new([.. texts.Select(static text => (JsonNode?)text)]);

    private static JsonArray? Some(IReadOnlyList<string> texts) => texts.Count == 0 ? null : List(texts);

    private static JsonArray Lines(IEnumerable<ReadOnlyMemory<char>> lines) =>
        List(lines.Select(static line => line.ToString()));

    // Perl prints 15 digits.
    private static string? Text(double? number) => number?.ToString("G15", CultureInfo.InvariantCulture);

    private static string? Yes(bool holds) => holds ? "1" : null;

    private static string Digest(string octets) =>
        Convert.ToHexStringLower(SHA1.HashData(Encoding.Latin1.GetBytes(octets)));
}
