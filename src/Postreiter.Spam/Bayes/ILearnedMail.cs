using Postreiter.Spam.Functions;

namespace Postreiter.Spam.Bayes;

/// <summary>What was learned of mail, as scans ask for it.</summary>
public interface ILearnedMail
{
    /// <summary>Makes ready what counts for a mail.</summary>
    /// <param name="user">Whose mail it is, an account's address; null for what counts for all.</param>
    /// <param name="ct">Stops it.</param>
    /// <returns>Weighs the mail when a rule asks; null while not enough was learned.</returns>
    ValueTask<Func<MailFacts, BayesScore?>?> PrepareAsync(string? user, CancellationToken ct);

    /// <summary>Learns a mail about which the rules left no doubt. Returns at once.</summary>
    /// <param name="facts">The mail, scanned.</param>
    /// <param name="isSpam">As what.</param>
    void Autolearn(MailFacts facts, bool isSpam);
}
