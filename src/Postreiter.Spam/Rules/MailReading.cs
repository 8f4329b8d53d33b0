using Postreiter.Spam.Configuration;
using Postreiter.Spam.Functions;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Uris;

namespace Postreiter.Spam.Rules;

/// <summary>Reads mails as a ruleset wants them read, for those who need no rules: what learns. For any thread.</summary>
/// <param name="ruleset">The ruleset.</param>
public sealed class MailReading(Ruleset ruleset)
{
    private readonly RegisteredDomains _domains = new(ruleset.Settings);
    private SpamMailOptions? _options;

    /// <summary>Reads a mail.</summary>
    /// <param name="message">Its octets.</param>
    public SpamMail Read(ReadOnlyMemory<byte> message) =>
        SpamMail.Parse(message, _options ??= SpamEngine.OptionsOf(ruleset.Settings, _domains));

    /// <summary>What is known of a mail.</summary>
    public MailFacts Facts(SpamMail mail) => new(mail, ruleset, ruleset.Settings) { Domains = _domains };
}
