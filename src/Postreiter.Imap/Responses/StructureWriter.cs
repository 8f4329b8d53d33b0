using System.Text;
using Postreiter.Messages;

namespace Postreiter.Imap.Responses;

/// <summary>Writes ENVELOPE, BODY and BODYSTRUCTURE (RFC 9051 §7.5.2).</summary>
/// <param name="writer">Where to.</param>
/// <param name="utf8">Whether quoted strings may hold UTF-8.</param>
internal readonly struct StructureWriter(ImapWriter writer, bool utf8)
{
    /// <summary>An ENVELOPE.</summary>
    public void Envelope(Envelope envelope)
    {
        writer.Raw("("u8);
        Text(envelope.Date);
        Text(envelope.Subject, space: true);
        Addresses(envelope.From);
        Addresses(envelope.Sender);
        Addresses(envelope.ReplyTo);
        Addresses(envelope.To);
        Addresses(envelope.Cc);
        Addresses(envelope.Bcc);
        Text(envelope.InReplyTo, space: true);
        Text(envelope.MessageId, space: true);
        writer.Raw(")"u8);
    }

    /// <summary>A part with all below it.</summary>
    /// <param name="part">The part.</param>
    /// <param name="extended">BODYSTRUCTURE: with extension data.</param>
    public void Body(MimePart part, bool extended)
    {
        writer.Raw("("u8);
        if (part.Type == "multipart")
            Multipart(part, extended);
        else
            SinglePart(part, extended);
        writer.Raw(")"u8);
    }

    private void Multipart(MimePart part, bool extended)
    {
        foreach (var child in part.Parts)
            Body(child, extended);
        // RFC 9051 §9: body-type-mpart has one part at least, even if no boundary was found.
        if (part.Parts.Count == 0)
            writer.Raw("(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0)"u8);
        Text(part.Subtype, space: true);
        if (!extended)
            return;
        Parameters(part.Parameters);
        Disposition(part);
    }

    private void SinglePart(MimePart part, bool extended)
    {
        // A message that is encoded (against RFC 2046 §5.2.1) has no ENVELOPE to show: to IMAP it is bytes.
        var isMessage = part is { Type: "message", Subtype: "rfc822" or "global" };
        var isOpaque = isMessage && part.Message is null;
        Text(isOpaque ? "application" : part.Type);
        Text(isOpaque ? "octet-stream" : part.Subtype, space: true);
        Parameters(part.Parameters);
        Text(part.ContentId, space: true);
        Text(part.Description, space: true);
        Text(part.Encoding, space: true);
        writer.Raw(" "u8).Number(part.BodyLength);
        if (part.Message is { } message)
        {
            writer.Raw(" "u8);
            Envelope(message.Envelope ?? new Envelope());
            writer.Raw(" "u8);
            Body(message, extended);
        }

        if (part.Message is not null || part.Type == "text")
            writer.Raw(" "u8).Number(part.BodyLines);
        if (!extended)
            return;
        Text(part.Md5, space: true);
        Disposition(part);
    }

    private void Disposition(MimePart part)
    {
        if (part.Disposition is { } disposition)
        {
            writer.Raw(" ("u8);
            Text(disposition);
            Parameters(part.DispositionParameters);
            writer.Raw(")"u8);
        }
        else
            writer.Raw(" NIL"u8);

        if (part.Languages.Count == 0)
            writer.Raw(" NIL"u8);
        for (var i = 0; i < part.Languages.Count; i++)
        {
            writer.Raw(i == 0 ? " ("u8 : " "u8);
            Text(part.Languages[i]);
        }

        if (part.Languages.Count > 0)
            writer.Raw(")"u8);
        Text(part.Location, space: true);
    }

    private void Parameters(IReadOnlyList<KeyValuePair<string, string>> parameters)
    {
        if (parameters.Count == 0)
        {
            writer.Raw(" NIL"u8);
            return;
        }

        writer.Raw(" "u8);
        for (var i = 0; i < parameters.Count; i++)
        {
            writer.Raw(i == 0 ? "("u8 : " "u8);
            var (name, value) = parameters[i];
            // Quoted UTF-8 is for those who have enabled it (RFC 9051 appendix A); RFC 2231 §4 says it in ASCII.
            var isExtended = !utf8 && !Ascii.IsValid(value);
            Text(isExtended ? name + "*" : name);
            Text(isExtended ? "utf-8''" + Uri.EscapeDataString(value) : value, space: true);
        }

        writer.Raw(")"u8);
    }

    private void Addresses(IReadOnlyList<EnvelopeAddress> addresses)
    {
        if (addresses.Count == 0)
        {
            writer.Raw(" NIL"u8);
            return;
        }

        writer.Raw(" ("u8);
        foreach (var address in addresses)
        {
            writer.Raw("("u8);
            Text(address.Name);
            writer.Raw(" NIL"u8);
            Text(address.Mailbox, space: true);
            // NIL would begin a group, and an empty string looks like NIL to some: the word that clients know since c-client.
            Text(address.Host is "" ? ".MISSING-HOST-NAME." : address.Host, space: true);
            writer.Raw(")"u8);
        }

        writer.Raw(")"u8);
    }

    private void Text(string? text, bool space = false)
    {
        if (space)
            writer.Raw(" "u8);
        writer.Nstring(text is null ? null : Encoding.UTF8.GetBytes(text), utf8);
    }
}
