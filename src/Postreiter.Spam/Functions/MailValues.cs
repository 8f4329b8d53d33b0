using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Functions;

/// <summary>Headers as rule functions ask for them.</summary>
internal static class MailValues
{
    /// <summary>All values of a header joined; "" where the mail has none.</summary>
    public static string Joined(this SpamMail mail, string name, bool raw = false) =>
        string.Concat(mail.HeaderValues(name, raw));

    /// <summary>The first address of a header; "" where there is none.</summary>
    public static string FirstAddress(this SpamMail mail, string name) =>
        mail.HeaderValues(name, HeaderForm.Address) is [var first, ..]
            ? first is [.., '\n']
                ? first[..^1]
                : first
            : "";

    /// <summary>The addresses of a header, in order.</summary>
    public static IReadOnlyList<string> AddressesOf(this SpamMail mail, string name) =>
        mail.HeaderValues(name, HeaderForm.Address);

    /// <summary>All Received fields in one text, each run of white space one space.</summary>
    public static string Received(this RuleCall call) => call.Facts.Shared(ReceivedText.Of).Squeezed;

    /// <summary>Each run of white space as one space.</summary>
    public static string Squeeze(string text)
    {
        var squeezed = new char[text.Length];
        var n = 0;
        foreach (var c in text)
        {
            if (!Octets.IsBlank(c))
                squeezed[n++] = c;
            else if (n == 0 || squeezed[n - 1] != ' ')
                squeezed[n++] = ' ';
        }

        return new string(squeezed, 0, n);
    }

    private sealed record ReceivedText(string Squeezed)
    {
        public static ReceivedText Of(MailFacts facts) => new(Squeeze(facts.Mail.Joined("Received")));
    }
}
