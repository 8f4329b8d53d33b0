using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Functions;

/// <summary>The values of report tags that questions are made of: what functions set, else what the mail itself says.</summary>
internal static class MailTags
{
    /// <summary>The values of a tag.</summary>
    /// <param name="facts">The mail.</param>
    /// <param name="tag">`SENDERDOMAIN`, `HEADER(X-Client)`, …</param>
    /// <returns>None where it has none, or not yet.</returns>
    public static IReadOnlyList<string> Of(MailFacts facts, string tag)
    {
        if (facts.Tag(tag) is { Count: > 0 } set)
            return set;
        var mail = facts.Mail;
        return tag switch
        {
            "SENDERDOMAIN" => Words(mail.Header("X-SenderDomain")),
            "AUTHORDOMAIN" => Words(mail.Header("X-AuthorDomain")),
            "LASTEXTERNALIP" => LastExternal(mail)?.Ip is { } ip ? [ip] : [],
            "LASTEXTERNALREVIP" => Reversed(LastExternal(mail)),
            "LASTEXTERNALRDNS" => LastExternal(mail)?.Rdns is { } name ? [name] : [],
            "LASTEXTERNALHELO" => LastExternal(mail)?.Helo is { } helo ? [helo] : [],
            "FIRSTTRUSTEDIP" => FirstTrusted(mail)?.Ip is { } ip ? [ip] : [],
            "FIRSTTRUSTEDREVIP" => Reversed(FirstTrusted(mail)),
            "RELAYSTRUSTED" => Words(mail.Header("X-Spam-Relays-Trusted")),
            "RELAYSUNTRUSTED" => Words(mail.Header("X-Spam-Relays-Untrusted")),
            "RELAYSINTERNAL" => Words(mail.Header("X-Spam-Relays-Internal")),
            "RELAYSEXTERNAL" => Words(mail.Header("X-Spam-Relays-External")),
            "LANGUAGES" => Words(mail.Header("X-Languages")),
            ['H', 'E', 'A', 'D', 'E', 'R', '(', .. var header, ')'] => Header(mail, header),
            _ => [],
        };
    }

    private static Relay? LastExternal(SpamMail mail) => mail.Received.External is [var last, ..] ? last : null;

    private static Relay? FirstTrusted(SpamMail mail) => mail.Received.Trusted is [.., var first] ? first : null;

    private static string[] Reversed(Relay? relay) =>
        relay is not null && HeaderQuery.Reverse(relay.Ip) is { } reversed ? [reversed] : [];

    private static string[] Words(string? text) => text is null ? [] : [.. Configuration.Perl.Words(text)];

    // A header with modifiers, as a rule names it. Of addresses and hosts it is the first one.
    private static string[] Header(SpamMail mail, string header)
    {
        var parts = header.Split(':');
        var form = Rules.MailHeaders.Form(new Configuration.RuleHeader(parts[0], parts[1..]));
        var values = mail.HeaderValues(parts[0], form);
        const HeaderForm Plain = HeaderForm.Raw | HeaderForm.First | HeaderForm.Last;
        var isFirst = (form & ~Plain) != HeaderForm.Decoded || parts[0] == "EnvelopeFrom";
        var value = isFirst ? (values.Count > 0 ? values[0] : null) : string.Concat(values);
        return value?.Trim(Configuration.Perl.Blanks) is { Length: > 0 } text ? [text] : [];
    }
}
