namespace Postreiter.Storage.Learning;

/// <summary>
/// What was learned of mail: how often tokens were seen in spam and in good mail, and which mails were learned as what. For each account and
/// for the server (<see cref="Server"/>) by itself.
/// </summary>
/// <remarks>
/// Learning appends small changes; readers hold the counts in memory and ask for the changes since. Now and then a reader writes all counts
/// down in pages (<see cref="CompactAsync"/>), and the changes in them are forgotten. So a mail costs one small row, and not one for each token.
/// </remarks>
public interface ILearningStore
{
    /// <summary>The place of what the server learned; all others are ids of accounts.</summary>
    const long Server = 0;

    /// <summary>
    /// Learns or forgets mails in one unit of work, in their order. One that is learned already as it should be is left alone, so that it
    /// counts once; one that is learned as the other is forgotten first.
    /// </summary>
    /// <param name="place"><see cref="Server"/>, or an account.</param>
    /// <param name="mails">The mails; some hundred at most.</param>
    /// <param name="ct">Stops before the work begins.</param>
    /// <returns>For each mail whether anything changed. All false where the account is gone.</returns>
    ValueTask<IReadOnlyList<bool>> LearnAsync(long place, IReadOnlyList<MailToLearn> mails, CancellationToken ct);

    /// <summary>Tells a reader what it does not know yet, as one snapshot.</summary>
    /// <param name="place"><see cref="Server"/>, or an account.</param>
    /// <param name="after">What it knows; the default for nothing.</param>
    /// <param name="reader">Is told: of all where it knows nothing or something no longer true, else of the changes.</param>
    /// <param name="ct">Stops before the work begins.</param>
    /// <returns>What it knows then.</returns>
    ValueTask<LearnedVersion> ReadAsync(long place, LearnedVersion after, ILearnedReader reader, CancellationToken ct);

    /// <summary>Puts the counts as a reader has them in the place of the pages and of the changes in them.</summary>
    /// <param name="place"><see cref="Server"/>, or an account.</param>
    /// <param name="at">What the reader knew when it wrote the pages.</param>
    /// <param name="counts">The counts.</param>
    /// <param name="isNew">Whether they say something else than before, tokens having been forgotten: others then read all of them anew.</param>
    /// <param name="ct">Stops before the work begins.</param>
    /// <returns>What the reader knows then; null where others were faster and nothing was changed: read, and try again.</returns>
    ValueTask<LearnedVersion?> CompactAsync(
        long place,
        LearnedVersion at,
        LearnedCounts counts,
        bool isNew,
        CancellationToken ct
    );

    /// <summary>Puts counts and names of mails that were learned elsewhere in the place of all that is there.</summary>
    /// <param name="place"><see cref="Server"/>, or an account.</param>
    /// <param name="counts">The counts; the default to forget all.</param>
    /// <param name="mails">The names.</param>
    /// <param name="ct">Stops before the work begins.</param>
    /// <returns>False where the account is gone.</returns>
    ValueTask<bool> ReplaceAsync(
        long place,
        LearnedCounts counts,
        IReadOnlyList<LearnedName> mails,
        CancellationToken ct
    );

    /// <summary>The names of the mails that were learned, in their order (ordinal).</summary>
    IAsyncEnumerable<LearnedName> ListAsync(long place, CancellationToken ct);
}

/// <summary>A reader of what was learned, which holds it in memory.</summary>
public interface ILearnedReader
{
    /// <summary>All is told anew; what the reader has is no longer true.</summary>
    /// <param name="counts">Mails counted, the last expiry; its pages come one by one.</param>
    void Start(LearnedCounts counts);

    /// <summary>A page, after <see cref="Start"/>.</summary>
    void Page(LearnedPage page);

    /// <summary>A change, in the order in which they were made.</summary>
    void Change(LearnedChange change);
}
