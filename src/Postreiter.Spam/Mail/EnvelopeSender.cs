namespace Postreiter.Spam.Mail;

/// <summary>Who the SMTP sender was, as far as a mail itself tells it. A header is believed only above the first Received field.</summary>
internal static class EnvelopeSender
{
    private const HeaderForm FirstAddress = HeaderForm.First | HeaderForm.Address;

    /// <summary>The address, "" for the null sender, null if it cannot be told.</summary>
    public static string? Find(SpamMail mail, SpamMailOptions options)
    {
        if (options.EnvelopeFrom is { } known)
            return known;
        if (options.EnvelopeSenderHeader is { } header)
            return First(mail, header) is { } named && (named.Length == 0 || named.IndexOf('@') > 0) ? named : null;
        var hop =
            mail.Received.Untrusted.Count > 0 ? mail.Received.Untrusted[0]
            : mail.Received.Trusted.Count > 0 ? mail.Received.Trusted[^1]
            : null;
        if (hop?.EnvelopeFrom is { } sender && (sender.Length == 0 || sender.IndexOf('@') > 0))
            return sender;
        // List software writes X-Sender, and fetchmail takes it for the envelope's sender of its own delivery.
        if (First(mail, "X-Sender")?.Contains('@') == true && HasFetchmail(mail))
            return null;
        if (First(mail, "X-Envelope-From") is { } envelope)
            return IsBelowReceived(mail, "X-Envelope-From") ? null : envelope;
        foreach (var name in (ReadOnlySpan<string>)["Envelope-Sender", "Return-Path"])
        {
            if (First(mail, name) is { } address && !IsBelowReceived(mail, name))
                return address;
        }

        return null;
    }

    private static string? First(SpamMail mail, string name) =>
        mail.HeaderValues(name, FirstAddress) is [var first, ..] ? first : null;

    private static bool HasFetchmail(SpamMail mail) =>
        mail
            .Fields.Named("Received")
            .Any(static field => field.Decoded.Contains("(fetchmail", StringComparison.Ordinal));

    // Whether any field of the name stands below any Received field: a list may have written it before it sent the mail on.
    private static bool IsBelowReceived(SpamMail mail, string name)
    {
        var hasReceived = false;
        foreach (var field in mail.Fields.All)
        {
            if (hasReceived && Octets.EqualsIgnoreCase(field.Name, name))
                return true;
            hasReceived |= Octets.EqualsIgnoreCase(field.Name, "Received");
        }

        return false;
    }
}
