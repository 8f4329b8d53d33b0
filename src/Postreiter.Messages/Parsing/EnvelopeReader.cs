namespace Postreiter.Messages.Parsing;

/// <summary>Makes the ENVELOPE of a header (RFC 9051 §7.5.2).</summary>
internal static class EnvelopeReader
{
    public static Envelope Read(List<HeaderField> fields, PartBudget budget)
    {
        string? date = null,
            subject = null,
            inReplyTo = null,
            messageId = null;
        IReadOnlyList<EnvelopeAddress>? from = null,
            sender = null,
            replyTo = null;
        List<EnvelopeAddress> to = [],
            cc = [],
            bcc = [];
        foreach (var field in fields)
        {
            switch (field.Name.ToLowerInvariant())
            {
                case "date":
                    date ??= HeaderText.Unfold(field.RawValue.Span);
                    break;
                case "subject":
                    subject ??= HeaderText.Unfold(field.RawValue.Span);
                    break;
                case "in-reply-to":
                    inReplyTo ??= HeaderText.Unfold(field.RawValue.Span);
                    break;
                case "message-id":
                    messageId ??= HeaderText.Unfold(field.RawValue.Span);
                    break;
                case "from":
                    from ??= Addresses(field);
                    break;
                case "sender":
                    sender ??= Addresses(field);
                    break;
                case "reply-to":
                    replyTo ??= Addresses(field);
                    break;
                case "to":
                    to.AddRange(Addresses(field));
                    break;
                case "cc":
                    cc.AddRange(Addresses(field));
                    break;
                case "bcc":
                    bcc.AddRange(Addresses(field));
                    break;
                default:
                    break;
            }
        }

        from ??= [];
        return new Envelope
        {
            Date = date,
            Subject = subject,
            From = from,
            // RFC 9051 §7.5.2: absent or empty, both are taken from From.
            Sender = sender is { Count: > 0 } ? sender : from,
            ReplyTo = replyTo is { Count: > 0 } ? replyTo : from,
            To = to,
            Cc = cc,
            Bcc = bcc,
            InReplyTo = inReplyTo,
            MessageId = messageId,
        };

        List<EnvelopeAddress> Addresses(HeaderField field)
        {
            var list = AddressListReader.Read(field.RawValue.Span, budget.AddressesLeft);
            budget.TakeAddresses(list.Count);
            return list;
        }
    }
}
