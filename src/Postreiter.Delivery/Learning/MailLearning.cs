using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Spam.Bayes;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Functions;
using Postreiter.Spam.Scanning;
using Postreiter.Storage;
using Postreiter.Storage.Learning;

namespace Postreiter.Delivery.Learning;

/// <summary>
/// What this site learned of spam: for scans, which ask what is known of a mail's tokens, and for those who show it mail. What an account
/// learned counts together with what the server did. For any thread.
/// </summary>
/// <param name="store">Where it is kept.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of faults.</param>
public sealed partial class MailLearning(IStore store, TimeProvider time, ILogger log)
    : IMailLearner,
        ILearnedMail,
        IAsyncDisposable
{
    // Accounts whose counts are in memory; some MiB each where much was learned.
    private const int MaxAccounts = 256;

    private static readonly TimeSpan ExpiryPause = TimeSpan.FromHours(1);

    private readonly LearnedPlace _server = new(store.Learning, ILearningStore.Server, time);
    private readonly Lock _lock = new();
    private readonly Dictionary<long, (LearnedPlace Place, long Used)> _accounts = [];
    private readonly ConcurrentBag<TokenSet> _sets = [];
    private readonly LearningQueue _queue = new(store.Learning, log);
    private volatile LearningRules? _rules;
    private long _uses;
    private long _nextExpiry;

    /// <summary>Puts a ruleset in force: it says what a token is, and how much has to be learned first.</summary>
    public void Use(Ruleset? ruleset) => _rules = ruleset is null ? null : new LearningRules(ruleset);

    /// <inheritdoc/>
    /// <remarks>Reads what was learned since. A fault of the store leaves what is known in force: no mail waits for it.</remarks>
    public async ValueTask<Func<MailFacts, BayesScore?>?> PrepareAsync(string? user, CancellationToken ct)
    {
        if (_rules is not { IsWanted: true } rules)
            return null;
        try
        {
            await _server.RefreshAsync(ct);
            ExpireSometimes();
            if (await FindAsync(user, ct) is not { } id)
                return Scorer(rules, [_server.Tokens]);
            var place = Place(id);
            await place.RefreshAsync(ct);
            return Scorer(rules, [_server.Tokens, place.Tokens]);
        }
        catch (Exception e) when (e is StoreException or InvalidDataException)
        {
            LogUnread(e);
            return Scorer(rules, [_server.Tokens]);
        }
    }

    /// <inheritdoc/>
    public void Autolearn(MailFacts facts, bool isSpam)
    {
        if (_rules is { IsWanted: true } rules)
            _queue.Add(rules.Read(facts, isSpam, mayRelearn: false, time.GetUtcNow()));
    }

    /// <inheritdoc/>
    public async ValueTask<bool> LearnAsync(
        ReadOnlyMemory<byte> mail,
        bool? isSpam,
        string? user,
        CancellationToken ct
    ) => await LearnAsync(mail, isSpam, await FindAsync(user, ct), mayRelearn: true, ct);

    /// <summary>Learns a mail, or forgets it.</summary>
    /// <param name="mail">Its octets.</param>
    /// <param name="isSpam">What it is; null forgets what was learned of it.</param>
    /// <param name="account">Whose judgement; null for the server's.</param>
    /// <param name="mayRelearn">Whether it may be learned that was learned as the other.</param>
    /// <param name="ct">Stops it before it is under way.</param>
    /// <returns>Whether anything changed.</returns>
    public async ValueTask<bool> LearnAsync(
        ReadOnlyMemory<byte> mail,
        bool? isSpam,
        long? account,
        bool mayRelearn,
        CancellationToken ct
    )
    {
        if (_rules is not { IsWanted: true } rules)
            return false;
        return rules.Read(mail, isSpam, mayRelearn, time.GetUtcNow()) is { } learned
            && (await store.Learning.LearnAsync(account ?? ILearningStore.Server, [learned], ct))[0];
    }

    /// <summary>Reads mails, to be learned together.</summary>
    /// <returns>Null while there are no rules, and for what is no mail.</returns>
    internal MailToLearn? Read(ReadOnlyMemory<byte> mail, bool? isSpam) =>
        _rules is { IsWanted: true } rules ? rules.Read(mail, isSpam, mayRelearn: true, time.GetUtcNow()) : null;

    /// <summary>Forgets tokens that were of use to no mail for a long time, where there are too many: of the server and of accounts in use.</summary>
    public async Task ExpireAsync(CancellationToken ct)
    {
        if (_rules is not { IsWanted: true } rules || !rules.Settings.IsOn("bayes_auto_expire"))
            return;
        var most = (long)rules.Settings.Number("bayes_expiry_max_db_size");
        List<LearnedPlace> places = [_server];
        lock (_lock)
            places.AddRange(_accounts.Values.Select(static a => a.Place));
        foreach (var place in places)
        {
            if (await place.ExpireAsync(most, isForced: false, ct) is { } removed)
                LogExpired(removed, place.Tokens.Count);
        }
    }

    // Now and then a scan finds that it is time; it does not wait.
    private void ExpireSometimes()
    {
        var now = time.GetUtcNow().UtcTicks;
        var next = Interlocked.Read(ref _nextExpiry);
        if (
            now < next
            || Interlocked.CompareExchange(ref _nextExpiry, now + ExpiryPause.Ticks, next) != next
            || next == 0
        )
            return;
        _ = Task.Run(async () =>
        {
            try
            {
                await ExpireAsync(CancellationToken.None);
            }
            catch (Exception e) when (e is StoreException or InvalidDataException or ObjectDisposedException)
            {
                LogUnread(e);
            }
        });
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _queue.CompleteAsync();
        _server.Dispose();
        foreach (var (place, _) in _accounts.Values)
            place.Dispose();
    }

    private Func<MailFacts, BayesScore?>? Scorer(LearningRules rules, LearnedTokens[] learned) =>
        rules.Classifier.IsUsable(learned) ? facts => Score(rules, learned, facts) : null;

    private BayesScore? Score(LearningRules rules, LearnedTokens[] learned, MailFacts facts)
    {
        if (!_sets.TryTake(out var set))
            set = new TokenSet();
        set.Clear();
        rules.Tokenizer.Tokenize(facts, withSenders: true, set);
        var score = rules.Classifier.Score(set, learned);
        var at = MailKeys.Received(facts.Mail, time.GetUtcNow().ToUnixTimeSeconds());
        var keys = new ulong[score.Weighed.Count];
        for (var i = 0; i < keys.Length; i++)
            keys[i] = set.Keys[score.Weighed[i].Index];
        foreach (var place in learned)
            place.Touch(keys, at);
        _sets.Add(set);
        return score;
    }

    private LearnedPlace Place(long account)
    {
        lock (_lock)
        {
            if (!_accounts.TryGetValue(account, out var known))
            {
                if (_accounts.Count >= MaxAccounts)
                    _accounts.Remove(_accounts.MinBy(static a => a.Value.Used).Key);
                known.Place = new LearnedPlace(store.Learning, account, time);
            }

            _accounts[account] = (known.Place, ++_uses);
            return known.Place;
        }
    }

    private async ValueTask<long?> FindAsync(string? user, CancellationToken ct) =>
        EmailAddress.TryParse(user ?? "", out var address)
            ? (await store.Directory.FindAccountAsync(address, ct))?.Id
            : null;

    [LoggerMessage(Level = LogLevel.Error, Message = "What was learned of spam cannot be read; what is known counts")]
    private partial void LogUnread(Exception e);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Spam: {Removed} tokens of no use for a long time are forgotten, {Kept} kept"
    )]
    private partial void LogExpired(long removed, int kept);
}
