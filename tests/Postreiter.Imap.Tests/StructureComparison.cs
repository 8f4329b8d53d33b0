using MailKit;
using MimeKit;

namespace Postreiter.Imap.Tests;

/// <summary>Compares what a client knows by ENVELOPE and BODYSTRUCTURE with the message.</summary>
internal sealed class StructureComparison
{
    // Lists of addresses so broken that any reading is a guess: a quoted word glued to an address, two "@", a ":" without ";".
    private static readonly string[] BrokenAddresses =
    [
        "bounces/lhost-postfix-32.eml",
        "spam/spam-2-00080.eml",
        "spam/spam-2-00557.eml",
        "spam/spam-2-00864.eml",
        "spam/spam-2-00970.eml",
    ];

    private static readonly string[] BrokenParts =
    [
        // Boundary lines one after the other: an empty part each to us, none to MimeKit.
        "malformed/000.eml",
        "python-email/msg_37.txt",
        // A boundary of the outer multipart as text of the inner one.
        "python-email/msg_38.txt",
        // "Content-Type: text" is no type, so it is text/plain (RFC 2045 §5.2); to MimeKit application/octet-stream.
        "python-email/msg_14.txt",
        // Two parameters without a semicolon between them.
        "rfc/001.eml",
        // MimeKit takes no Content-ID with brackets in it.
        "python-email/msg_22.txt",
    ];

    private readonly bool _hasBrokenAddresses;
    private readonly bool _hasBrokenParts;

    public StructureComparison(string file) =>
        (_hasBrokenAddresses, _hasBrokenParts) = (
            Array.Exists(BrokenAddresses, end => file.EndsWith(end, StringComparison.Ordinal)),
            Array.Exists(BrokenParts, end => file.EndsWith(end, StringComparison.Ordinal))
        );

    public List<string> Differences { get; } = [];

    public void Compare(IMessageSummary summary, MimeMessage message)
    {
        Compare("envelope", summary.Envelope, message);
        if (!_hasBrokenParts)
            Compare("1", summary.Body, message.Body);
    }

    private void Compare(string at, Envelope? envelope, MimeMessage message)
    {
        if (envelope is null)
        {
            Differences.Add($"{at}: no envelope");
            return;
        }

        Same(at, "subject", envelope.Subject ?? "", message.Subject ?? "");
        Same(at, "message-id", envelope.MessageId ?? "", message.MessageId ?? "");
        Same(at, "in-reply-to", envelope.InReplyTo ?? "", message.InReplyTo ?? "");
        Same(at, "date", envelope.Date ?? default, message.Date);
        Addresses(at, "from", envelope.From, message.From);
        Addresses(at, "to", envelope.To, message.To);
        Addresses(at, "cc", envelope.Cc, message.Cc);
        Addresses(at, "bcc", envelope.Bcc, message.Bcc);
        Addresses(at, "reply-to", envelope.ReplyTo, message.ReplyTo.Count > 0 ? message.ReplyTo : message.From);
        if (message.Sender is { } sender)
            Addresses(at, "sender", envelope.Sender, [sender]);
    }

    private void Addresses(string at, string what, InternetAddressList got, InternetAddressList expected)
    {
        if (!_hasBrokenAddresses)
            Same(at, what, Shown(got), Shown(expected));
    }

    // A comment inside a display name is no part of it (RFC 5322 §3.2.2), though MimeKit keeps it; white space around a name
    // in quotes, and quotes that a local part has without need, are not told apart in an ENVELOPE. "MAILER-DAEMON <>" is a
    // sender without an address to us, and nothing to MimeKit.
    private static string Shown(InternetAddressList list) =>
        string.Join(
            ", ",
            list.Mailboxes.Where(static m => m.Address.Length > 0)
                .Select(static m => $"{Plain(m.Name)}<{m.Address.Replace("\"", "", StringComparison.Ordinal)}>")
        );

    private static string Plain(string? name) =>
        string.Join(
            ' ',
            (name ?? "")
                .Replace("(The Enforcer)", "", StringComparison.Ordinal)
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)
        );

    private void Compare(string at, BodyPart? got, MimeEntity? expected)
    {
        if (got?.ContentType is null || expected is null)
        {
            if (got is not null || expected is not null)
                Differences.Add($"{at}: one is missing: {got} / {expected}");
            return;
        }

        // A multipart without a boundary that can be read, and a message in base64: to IMAP they are bytes (RFC 9051 §9,
        // body-type-mpart and body-type-msg cannot show them).
        if (
            got.ContentType.MimeType == "application/octet-stream"
            && (expected is Multipart { Boundary: null } || expected.ContentType.IsMimeType("message", "rfc822"))
        )
            return;
        Same(at, "type", got.ContentType.MimeType.ToLowerInvariant(), expected.ContentType.MimeType.ToLowerInvariant());
        // RFC 2045 §5.2: what no Content-Type says is US-ASCII; MimeKit shows no parameter.
        if (expected.Headers.Contains(HeaderId.ContentType) || Shown(got.ContentType.Parameters) != "charset=us-ascii")
            Parameters(at, "type", got.ContentType.Parameters, expected.ContentType.Parameters);
        switch (got, expected)
        {
            case (BodyPartMultipart { BodyParts: var parts }, Multipart multipart):
                // RFC 9051 §9: one part at least, also when no boundary line was found.
                if (multipart.Count > 0 || parts.Count != 1)
                    Same(at, "parts", parts.Count, multipart.Count);
                for (var i = 0; i < Math.Min(parts.Count, multipart.Count); i++)
                    Compare($"{at}.{i + 1}", parts[i], multipart[i]);
                break;
            case (BodyPartMessage inside, MessagePart { Message: { } message }):
                Compare(at, inside.Envelope, message);
                Compare($"{at}.m", inside.Body, message.Body);
                break;
            case (BodyPartBasic basic, MimePart part):
                Basic(at, basic, part);
                break;
            case (BodyPartBasic, MessagePart) when expected.ContentType.IsMimeType("message", "external-body"):
            case (BodyPartText, TextRfc822Headers):
            case (BodyPartMessage, MessagePart { Message: null }):
                // Kinds of parts that only MimeKit looks into, or only we.
                break;
            default:
                Differences.Add($"{at}: {got.GetType().Name} / {expected.GetType().Name}");
                break;
        }
    }

    private void Basic(string at, BodyPartBasic got, MimePart expected)
    {
        Same(at, "encoding", (got.ContentTransferEncoding ?? "").ToLowerInvariant(), Encoding(expected));
        Same(at, "id", got.ContentId?.Trim('<', '>') ?? "", expected.ContentId ?? "");
        Same(at, "description", got.ContentDescription ?? "", expected.Headers[HeaderId.ContentDescription] ?? "");
        Same(at, "octets", got.Octets, expected.Content?.Stream?.Length ?? 0);
        Same(at, "file name", got.FileName ?? "", expected.FileName ?? "");
        Same(
            at,
            "disposition",
            got.ContentDisposition?.Disposition ?? "",
            (expected.ContentDisposition?.Disposition ?? "").ToLowerInvariant()
        );
        if (got.ContentDisposition is { } disposition && expected.ContentDisposition is { } other)
            Parameters(at, "disposition", disposition.Parameters, other.Parameters);
    }

    // The first token; an empty field says nothing.
    private static string Encoding(MimePart part) =>
        (part.Headers[HeaderId.ContentTransferEncoding] ?? "")
            .ToLowerInvariant()
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .FirstOrDefault("7bit");

    private void Parameters(string at, string what, ParameterList got, ParameterList expected) =>
        Same(at, what + " parameters", Shown(got), Shown(expected));

    private static string Shown(ParameterList list) =>
        string.Join(
            "; ",
            list.Select(static p => $"{p.Name.ToLowerInvariant()}={p.Value}").Order(StringComparer.Ordinal)
        );

    private void Same<T>(string at, string what, T got, T expected)
    {
        if (!EqualityComparer<T>.Default.Equals(got, expected))
            Differences.Add($"{at} {what}: {got} / {expected}");
    }
}
