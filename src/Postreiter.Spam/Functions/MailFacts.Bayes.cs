using Postreiter.Spam.Bayes;

namespace Postreiter.Spam.Functions;

/// <content>What was learned of mails like this one.</content>
public sealed partial class MailFacts
{
    private bool _isBayesKnown;
    private BayesScore? _bayesScore;

    /// <summary>Weighs the mail by what was learned; null where nothing was, or not enough.</summary>
    public Func<MailFacts, BayesScore?>? Bayes { get; set; }

    /// <summary>What Bayes says of the mail, asked once and only when a rule asks; null when it says nothing.</summary>
    public BayesScore? BayesScore
    {
        get
        {
            if (!_isBayesKnown)
                (_bayesScore, _isBayesKnown) = (IsBayesWanted ? Bayes?.Invoke(this) : null, true);
            return _bayesScore;
        }
    }

    // bayes_ignore_from, bayes_ignore_to: mail of and to whom words say nothing, such as that of an abuse desk.
    private bool IsBayesWanted
    {
        get
        {
            var (from, to) = (Settings.Addresses("bayes_ignore_from"), Settings.Addresses("bayes_ignore_to"));
            return (from.Count == 0 || !MailAddresses.Of(this).From.Any(address => from.Matches(address)))
                && (to.Count == 0 || !MailAddresses.Of(this).To.Any(address => to.Matches(address)));
        }
    }
}
