using System.Text.Json.Nodes;
using Postreiter.CommandLine;
using Postreiter.Control;
using Postreiter.Delivery.Learning;
using Postreiter.Spam.Bayes;
using Postreiter.Spam.Functions;

namespace Postreiter.Replay;

/// <summary>What is learned of spam at this moment, by the server and by one account at a time, as a command has it in memory. It learns nothing.</summary>
/// <param name="control">The way to the store.</param>
/// <param name="exchange">Where the store hands it over.</param>
/// <param name="rules">What a token is, and how much has to be learned first.</param>
/// <param name="time">The clock.</param>
internal sealed class LearnedSnapshot(IControl control, ExchangeFolder exchange, LearningRules rules, TimeProvider time)
    : ILearnedMail,
        IDisposable
{
    private LearnedTokens? _server;
    private LearnedTokens? _own;
    private string? _account;

    /// <summary>Told of each mail that is weighed, with its tokens; by the thread that weighs it.</summary>
    public Action<TokenSet, BayesScore>? Told { get; set; }

    /// <summary>Reads what counts for an account's mail. Not while mails are scanned.</summary>
    /// <exception cref="CommandFailure">It cannot be read.</exception>
    public async Task UseAsync(string account, CancellationToken ct)
    {
        if (!rules.IsWanted || account == _account)
            return;
        _server ??= await ReadAsync(null, ct);
        _own?.Dispose();
        (_own, _account) = (await ReadAsync(account, ct), account);
    }

    /// <summary>Whether enough is learned for a mail.</summary>
    /// <param name="user">The account whose training counts, or null.</param>
    public bool IsUsable(string? user) => rules.IsWanted && rules.Classifier.IsUsable(For(user));

    /// <inheritdoc/>
    public ValueTask<Func<MailFacts, BayesScore?>?> PrepareAsync(string? user, CancellationToken ct) =>
        new(IsUsable(user) ? facts => Score(For(user), facts) : null);

    /// <inheritdoc/>
    public void Autolearn(MailFacts facts, bool isSpam) { }

    /// <inheritdoc/>
    public void Dispose()
    {
        _server?.Dispose();
        _own?.Dispose();
    }

    private LearnedTokens[] For(string? user) =>
        _server is not { } server ? []
        : user == _account && _own is { } own ? [server, own]
        : [server];

    private BayesScore Score(LearnedTokens[] learned, MailFacts facts)
    {
        var set = new TokenSet();
        rules.Tokenizer.Tokenize(facts, withSenders: true, set);
        var score = rules.Classifier.Score(set, learned);
        Told?.Invoke(set, score);
        return score;
    }

    private async Task<LearnedTokens> ReadAsync(string? account, CancellationToken ct)
    {
        using var file = exchange.NewFile();
        var arguments = new JsonObject
        {
            ["account"] = account,
            ["file"] = file.Name,
            ["names"] = false,
        };
        var reply = await control.CallAsync(ControlVerbs.SpamBackup, arguments, ct);
        // An account that is gone meanwhile has learned nothing, and its mail is gone too.
        if (reply.ExitCode == ExitCodes.NotSo)
            return new LearnedTokens();
        if (reply.ExitCode != ExitCodes.Done)
            throw new CommandFailure(reply.ExitCode, reply.Message ?? "what was learned cannot be read");
        var learned = new LearnedTokens();
        await using var input = File.OpenRead(file.FullPath);
        await SpamAssassinBackup.ReadAsync(input, learned, [], time.GetUtcNow(), ct);
        return learned;
    }
}
