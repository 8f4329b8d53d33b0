using Postreiter.Spam.Mail;
using static Postreiter.Spam.Functions.CallArguments;

namespace Postreiter.Spam.Functions;

/// <summary>Functions of SpamAssassin's MIMEEval: parts, encodings, charsets, capitals.</summary>
internal static class MimeEval
{
    private const int LeastText = 200;

    private static readonly FunctionPattern QuotedCharset = new("charset=\"([^\"]+)\"", "i");
    private static readonly FunctionPattern SingleQuotedCharset = new("charset='([^']+)'", "i");
    private static readonly FunctionPattern BareCharset = new(@"charset=(\S+)", "i");
    private static readonly FunctionPattern CharsetWithoutCase = new(
        @"^[-_a-z0-9]*(?:koi|jp|jis|euc|gb|big5|isoir|cp1251|windows-1251|georgianps|pt154|tis)[-_a-z0-9]*$",
        "i"
    );

    private static readonly FunctionPattern Base64Lines = new("^(?:[A-Za-z0-9+/=]{60,76} ){2}");
    private static readonly FunctionPattern Ratio = new(@"^\d{0,3}\.\d{1,3}$");

    /// <summary>What the parts show, by name: `mime_base64_count`, `mime_qp_count`, `mime_attachment`, …</summary>
    [RuleFunction("check_for_mime")]
    internal static int HasMime(RuleCall call)
    {
        var facts = MimeFacts.Of(call.Facts);
        return Hits(
            call.Argument(0) switch
            {
                "mime_checked_attachments" => true,
                "mime_missing_boundary" => call.Mail.Flags.HasFlag(SpamMailFlags.MissingBoundary),
                "mime_base64_count" => facts.Base64 > 0,
                "mime_base64_encoded_text" => facts.HasNeedlessBase64,
                "mime_body_html_count" => facts.Html > 0,
                "mime_body_text_count" => facts.Text > 0,
                "mime_faraway_charset" => facts.HasFarawayCharset,
                "mime_multipart_alternative" => facts.IsAlternative,
                "mime_multipart_ratio" => facts.Ratio != 0,
                "mime_qp_count" => facts.Encoded != 0,
                "mime_qp_long_line" => facts.HasLongLine,
                "mime_qp_ratio" => facts.EncodedRatio != 0,
                "mime_ascii_text_illegal" => facts.IllegalAscii > 0,
                "mime_text_unicode_ratio" => facts.EntityRatio != 0,
                "mime_attachment" => facts.HasAttachment,
                "mime_bad_iso_charset" => facts.HasUnknownIsoCharset,
                // Others, such as mimepart_limit_exceeded, are asked for here and set elsewhere: the original never finds them.
                _ => false,
            }
        );
    }

    /// <summary>A part of HTML.</summary>
    [RuleFunction("check_for_mime_html")]
    internal static int HasHtml(RuleCall call) => Hits(IsHtml(call) || MimeFacts.Of(call.Facts).Html > 0);

    /// <summary>HTML, and no other text.</summary>
    [RuleFunction("check_for_mime_html_only")]
    internal static int IsHtmlOnly(RuleCall call) =>
        Hits(IsHtml(call) || MimeFacts.Of(call.Facts) is { Html: > 0, Text: 0 });

    /// <summary>Octets of plain text by octets of HTML: least, below which.</summary>
    [RuleFunction("check_mime_multipart_ratio")]
    internal static int IsRatioInRange(RuleCall call)
    {
        var ratio = MimeFacts.Of(call.Facts).Ratio;
        return Hits(ratio >= call.Number(0) && ratio < call.Number(1));
    }

    /// <summary>Escapes of ordinary characters by octets of quoted-printable: least.</summary>
    [RuleFunction("check_qp_ratio")]
    internal static int IsQuotedPrintableNeedless(RuleCall call) =>
        Hits(MimeFacts.Of(call.Facts).EncodedRatio >= call.Number(0));

    /// <summary>What is odd about the form of the mail, by name.</summary>
    [RuleFunction("check_msg_parse_flags")]
    internal static int HasFlag(RuleCall call)
    {
        var flag = call.Argument(0) switch
        {
            "missing_head_body_separator" => SpamMailFlags.MissingHeadBodySeparator,
            "missing_mime_headers" => SpamMailFlags.MissingMimeHeaders,
            "missing_mime_head_body_separator" => SpamMailFlags.MissingMimeHeadBodySeparator,
            "mime_epilogue_exists" => SpamMailFlags.MimeEpilogue,
            "mimepart_limit_exceeded" => SpamMailFlags.MimePartLimitExceeded,
            "truncated_header" => SpamMailFlags.TruncatedHeader,
            _ => SpamMailFlags.None,
        };
        return Hits((call.Mail.Flags & flag) != SpamMailFlags.None);
    }

    /// <summary>Text that says it is ASCII and is not.</summary>
    [RuleFunction("check_for_ascii_text_illegal")]
    internal static int IsAsciiIllegal(RuleCall call) => Hits(MimeFacts.Of(call.Facts).IllegalAscii > 0);

    /// <summary>Entities by other octets of plain text: least, such as 0.02.</summary>
    [RuleFunction("check_abundant_unicode_ratio")]
    internal static int HasManyEntities(RuleCall call) =>
        Hits(
            call.Argument(0) is { } least
                && Ratio.IsMatch(least)
                && MimeFacts.Of(call.Facts).EntityRatio >= call.Number(0)
        );

    /// <summary>The charset of the mail is of no language of `ok_locales`, and half of the body is beyond ASCII.</summary>
    [RuleFunction("check_for_faraway_charset")]
    internal static int IsCharsetFaraway(RuleCall call)
    {
        var locales = Locales.Of(call.Facts);
        if (locales.AreAll || CharsetOf(call.Mail) is not { } charset || locales.Allows(charset))
            return 0;
        long high = 0,
            all = Math.Max(0, call.Facts.Body.Count - 1);
        foreach (var line in call.Facts.Body)
        {
            all += line.Length;
            foreach (var c in line.Span)
                high += c > 0x7F ? 1 : 0;
        }

        return Hits(high > 3 && all - high <= high);
    }

    /// <summary>The share of capitals among letters and digits, per cent: above, up to. Of 200 octets of sentences at least.</summary>
    [RuleFunction("check_for_uppercase")]
    internal static int HasCapitals(RuleCall call)
    {
        var share = call.Facts.Shared(Capitals.Of).PerCent;
        return Hits(share > call.Number(0) && share <= call.Number(1));
    }

    /// <summary>Among alternatives is one that is no text.</summary>
    [RuleFunction("check_ma_non_text")]
    internal static int IsAlternativeNoText(RuleCall call) =>
        Hits(
            call.Mail.Parts.Where(static part => part.Type == "multipart/alternative")
                .SelectMany(static part => part.Children)
                .Any(static part =>
                    part.IsLeaf
                    && part.Type.Length > 0
                    && part.Type is not ("multipart/related" or "application/rtf")
                    && !part.Type.StartsWith("text/", StringComparison.Ordinal)
                )
        );

    /// <summary>The longest line of base64, with its line end: least, most.</summary>
    [RuleFunction("check_base64_length")]
    internal static int IsBase64Long(RuleCall call)
    {
        var length = call.Facts.Shared(Base64.Of).Longest;
        return Hits(length >= call.Number(0) && (call.Argument(1) is null || length <= call.Number(1)));
    }

    private static bool IsHtml(RuleCall call) =>
        call.Mail.Joined("Content-Type").StartsWith("text/html", StringComparison.OrdinalIgnoreCase);

    private static string? CharsetOf(SpamMail mail)
    {
        var type = mail.Joined("Content-Type");
        return QuotedCharset.Find(type) ?? SingleQuotedCharset.Find(type) ?? BareCharset.Find(type);
    }

    private sealed record Base64(int Longest)
    {
        public static Base64 Of(MailFacts facts)
        {
            var longest = 0;
            foreach (var part in facts.Mail.Leaves)
            {
                if (
                    part.Encoding != "base64"
                    || ContentType.Parse(part.Fields.Last("content-type")).Type == "application/ics"
                )
                    continue;
                var content = (part.Raw ?? default).Span;
                for (var at = 0; at < content.Length; )
                {
                    var length = HeaderSection.LineAt(content, at).Length;
                    longest = Math.Max(longest, length);
                    at += length;
                }
            }

            return new Base64(longest);
        }
    }

    private sealed record Capitals(double PerCent)
    {
        public static Capitals Of(MailFacts facts)
        {
            var charsets = MimeFacts.Of(facts).Charsets.ToList();
            if (CharsetOf(facts.Mail) is { } charset)
                charsets.Add(charset);
            // Letters of these scripts have no case, and their octets look like capitals.
            if (charsets.Exists(static charset => CharsetWithoutCase.IsMatch(charset)))
                return new Capitals(0);
            long length = 0,
                capitals = 0,
                others = 0;
            foreach (var line in facts.Body)
            {
                if (!HasTwoWords(line.Span) || Base64Lines.IsMatch(line.Span))
                    continue;
                Count(line.Span, ref length, ref capitals, ref others);
            }

            return new Capitals(
                length < LeastText || capitals + others == 0 ? 0 : 100.0 * capitals / (capitals + others)
            );
        }

        private static bool HasTwoWords(ReadOnlySpan<char> line)
        {
            var words = Octets.Trim(line);
            return words.IndexOfAny(Octets.Blanks) >= 0;
        }

        private static void Count(ReadOnlySpan<char> line, ref long length, ref long capitals, ref long others)
        {
            // Japanese between the escapes of ISO-2022-JP.
            var start = line.IndexOf("\x1B$B");
            var end = start < 0 ? -1 : line[(start + 3)..].LastIndexOf("\x1B(B");
            if (end >= 0)
            {
                Count(line[..start], ref length, ref capitals, ref others);
                line = line[(start + 3 + end + 3)..];
            }

            length += line.Length;
            foreach (var c in line)
            {
                capitals += char.IsAsciiLetterUpper(c) ? 1 : 0;
                others += char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) ? 1 : 0;
            }
        }
    }
}
