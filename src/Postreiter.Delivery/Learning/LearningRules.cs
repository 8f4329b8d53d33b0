using Postreiter.Spam.Bayes;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Functions;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Rules;
using Postreiter.Storage.Learning;

namespace Postreiter.Delivery.Learning;

/// <summary>What a ruleset says about learning, made ready. For any thread.</summary>
/// <param name="ruleset">The ruleset.</param>
public sealed class LearningRules(Ruleset ruleset)
{
    private readonly MailReading _reading = new(ruleset);

    /// <summary>Its settings.</summary>
    public Settings Settings => ruleset.Settings;

    /// <summary>Whether anything is to be learned at all (use_bayes, use_learner).</summary>
    public bool IsWanted { get; } = ruleset.Settings.IsOn("use_bayes") && ruleset.Settings.IsOn("use_learner");

    /// <summary>Divides mails into tokens.</summary>
    public BayesTokenizer Tokenizer { get; } = new(ruleset.Settings);

    /// <summary>Weighs tokens.</summary>
    public BayesClassifier Classifier { get; } =
        new(
            (long)ruleset.Settings.Number("bayes_min_spam_num"),
            (long)ruleset.Settings.Number("bayes_min_ham_num"),
            ruleset.Settings.IsOn("bayes_use_hapaxes")
        );

    /// <summary>Reads a mail that is to be learned or forgotten.</summary>
    /// <param name="octets">The mail, with LF or CRLF line ends.</param>
    /// <param name="isSpam">What it is; null to forget it.</param>
    /// <param name="mayRelearn">Whether it may be learned that was learned as the other.</param>
    /// <param name="now">The time of a mail that has none.</param>
    /// <returns>Null for what is no mail: there is no header field.</returns>
    public MailToLearn? Read(ReadOnlyMemory<byte> octets, bool? isSpam, bool mayRelearn, DateTimeOffset now)
    {
        var mail = _reading.Read(octets);
        return !HasField(mail) ? null : Read(_reading.Facts(mail), isSpam, mayRelearn, now);
    }

    /// <summary>As <see cref="Read(ReadOnlyMemory{byte}, bool?, bool, DateTimeOffset)"/>, of a mail that is read already.</summary>
    public MailToLearn Read(MailFacts facts, bool? isSpam, bool mayRelearn, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var (mail, set) = (facts.Mail, new TokenSet());
        Tokenizer.Tokenize(facts, withSenders: false, set);
        return new MailToLearn(
            MailKeys.Made(mail),
            MailKeys.Given(mail),
            isSpam,
            mayRelearn,
            LearnedTokens.WriteKeys(set.DistinctKeys()),
            MailKeys.Received(mail, now.ToUnixTimeSeconds())
        );
    }

    // The reader takes anything with a colon for a field, as rules want it.
    private static bool HasField(SpamMail mail) =>
        mail.HeaderValues("ALL")
            .Any(static line =>
                line.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon
                && !line.AsSpan(0, colon).ContainsAnyExceptInRange('!', '~')
            );
}
