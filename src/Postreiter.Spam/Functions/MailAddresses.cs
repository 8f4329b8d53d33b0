using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Functions;

/// <summary>The addresses that lists of senders and recipients are compared with.</summary>
internal sealed class MailAddresses
{
    private const int ReceivedLookedAt = 3;

    private static readonly FunctionPattern ReceivedFor = new(@" for <?(\S+@(\S+?))>?;");
    private static readonly string[] Senders =
    [
        "From",
        "Envelope-Sender",
        "Resent-Sender",
        "X-Envelope-From",
        "EnvelopeFrom",
    ];

    private static readonly string[] Recipients =
    [
        "To",
        "Apparently-To",
        "Delivered-To",
        "Envelope-Recipients",
        "Apparently-Resent-To",
        "X-Envelope-To",
        "Envelope-To",
        "X-Delivered-To",
        "X-Original-To",
        "X-Rcpt-To",
        "X-Real-To",
        "Cc",
    ];

    private MailAddresses(SpamMail mail)
    {
        From = [.. ReadFrom(mail).Distinct(StringComparer.Ordinal)];
        To = [.. ReadTo(mail).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Who it may be from: of the topmost Resent-From, else of everything that names a sender.</summary>
    public IReadOnlyList<string> From { get; }

    /// <summary>Who it may be for: of the topmost Resent-To and Resent-Cc, else of everything that names a recipient.</summary>
    public IReadOnlyList<string> To { get; }

    /// <summary>The addresses of a mail.</summary>
    public static MailAddresses Of(MailFacts facts) => facts.Shared(static f => new MailAddresses(f.Mail));

    private static IEnumerable<string> ReadFrom(SpamMail mail)
    {
        var resent = mail.HeaderValues("Resent-From", HeaderForm.First | HeaderForm.Address);
        return resent.Count > 0
            ? resent
            : Senders
                .SelectMany(mail.AddressesOf)
                .Where(static address => address.Length > 0)
                .Select(WithoutDoubleDots);
    }

    private static IEnumerable<string> ReadTo(SpamMail mail)
    {
        string[] resent =
        [
            .. mail.HeaderValues("Resent-To", HeaderForm.First | HeaderForm.Address),
            .. mail.HeaderValues("Resent-Cc", HeaderForm.First | HeaderForm.Address),
        ];
        return resent.Length > 0 ? resent : ReceivedRecipients(mail).Concat(Recipients.SelectMany(mail.AddressesOf));
    }

    // Servers that write the recipient nowhere else.
    private static IEnumerable<string> ReceivedRecipients(SpamMail mail)
    {
        foreach (var received in mail.HeaderValues("Received").Take(ReceivedLookedAt))
        {
            if (
                received.Contains(" for ", StringComparison.Ordinal)
                && ReceivedFor.All(received) is [var match, ..]
                && HostName.IsValid(match[2])
            )
                yield return match[1];
        }
    }

    private static string WithoutDoubleDots(string address)
    {
        if (!address.Contains("..", StringComparison.Ordinal))
            return address;
        var kept = new System.Text.StringBuilder(address.Length);
        foreach (var c in address)
        {
            if (c != '.' || kept.Length == 0 || kept[^1] != '.')
                kept.Append(c);
        }

        return kept.ToString();
    }
}
