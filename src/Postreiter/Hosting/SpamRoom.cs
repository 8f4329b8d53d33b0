using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Learning;
using Postreiter.Delivery.Lists;
using Postreiter.Dns;
using Postreiter.Imap;
using Postreiter.MailAuth.Dmarc;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Network;
using Postreiter.Spam.Rules;
using Postreiter.Spam.Scanning;
using Postreiter.Spam.Senders;
using Postreiter.Spam.Spamd;
using Postreiter.Storage;
using Postreiter.Storage.Mail;

namespace Postreiter.Hosting;

/// <summary>The scan of spam: one gate in front of one engine, for the sessions and for the spamd protocol.</summary>
internal sealed class SpamRoom : IAsyncDisposable, IMailTeacher
{
    private readonly ServerEnvironment _environment;
    private readonly ILoggerFactory _logs;
    private readonly SemaphoreSlim _largeMails = new(8);
    private readonly ILogger<SpamRoom> _logger;

    private readonly SpamNetwork _network;
    private readonly SenderEvaluation _senders;

    public SpamRoom(
        ServerEnvironment environment,
        IDnsResolver dns,
        PublicSuffixList suffixes,
        DomainName hostname,
        IStore store,
        ILoggerFactory logs
    )
    {
        _network = new SpamNetwork(dns, environment.Time);
        _senders = new SenderEvaluation(dns, suffixes, environment.Time, environment.Random);
        (_environment, _logs, _logger) = (environment, logs, logs.CreateLogger<SpamRoom>());
        Learning = new MailLearning(store, environment.Time, logs.CreateLogger<MailLearning>());
        Teacher = new MailTeacher(store, Learning, environment.Time, logs.CreateLogger<MailTeacher>());
        Lists = new ListTeacher(store, environment.Time, logs.CreateLogger<ListTeacher>());
        Filter = new SpamFilter(Scanner, hostname, environment.Time, logs.CreateLogger<SpamFilter>());
    }

    /// <summary>Scans.</summary>
    public GatedScanner Scanner { get; } = new();

    /// <summary>What was learned.</summary>
    public MailLearning Learning { get; }

    /// <summary>Learns what users do with their mail.</summary>
    public MailTeacher Teacher { get; }

    /// <summary>Lists senders whose mail users move.</summary>
    public ListTeacher Lists { get; }

    /// <summary>Whether users teach. May change at any time.</summary>
    public bool LearnsFromUsers { get; set; } = true;

    /// <summary>Scans messages from outside.</summary>
    public SpamFilter Filter { get; }

    /// <summary>The reading of rules that began last.</summary>
    public Task Loading { get; private set; } = Task.CompletedTask;

    /// <summary>
    /// Reads the rules and puts them in force when they are ready; mail goes on by the old ones until then. Rules that cannot be read
    /// leave the old ones in force.
    /// </summary>
    /// <param name="paths">Folders and files.</param>
    /// <param name="servesClients">Whether others have mail scanned here.</param>
    /// <param name="networkBudget">Longest wait for the DNS for one mail; null where rules may not ask it.</param>
    /// <param name="preferences">Folder of users' preferences.</param>
    public void Load(IReadOnlyList<string> paths, bool servesClients, TimeSpan? networkBudget, string preferences)
    {
        // In order: what was asked for last wins.
        var before = Loading;
        Loading = Task.Run(async () =>
        {
            await before;
            await ReadRulesAsync(paths, servesClients, networkBudget, new PreferenceFolder(preferences));
        });
        // A mail that comes before the first rules are ready waits for them, as long as a scan may take.
        Scanner.Prepare(Loading);
    }

    private void Tell(string user, UserPreferences preferences)
    {
        foreach (var warning in preferences.Warnings)
            _logger.LogWarning("Spam: the preferences of {User}: {Warning}", user, warning);
    }

    private async Task ReadRulesAsync(
        IReadOnlyList<string> paths,
        bool servesClients,
        TimeSpan? networkBudget,
        PreferenceFolder preferences
    )
    {
        try
        {
            var began = _environment.Time.GetTimestamp();
            if (RuleSources.Read(paths, new RulesetOptions { IsLocal = networkBudget is null }) is not { } rules)
            {
                Scanner.Use(null);
                // To learn needs no rules; there will be some one day.
                Learning.Use(new RulesetReader().Complete());
                _logger.LogWarning(
                    "Spam scoring is off: there are no rules in {Paths} (spam.rules)",
                    string.Join(", ", paths)
                );
                return;
            }

            Learning.Use(rules);
            var options = new SpamEngineOptions
            {
                Network = networkBudget is null ? null : _network,
                NetworkBudget = networkBudget ?? default,
            };
            Filter.Judges = RuleCheck.CanJudge(rules, options);
            if (!Filter.Judges)
            {
                _logger.LogWarning(
                    "Spam: mail is not judged by these rules: too many call functions that are not here yet; postreiter spam lint "
                        + "lists them. listen.spamd and postreiter spam check use them all the same"
                );
                // Nobody would ask them, and an engine takes tens of MiB.
                if (!servesClients)
                {
                    Scanner.Use(null);
                    return;
                }
            }

            var scans = new MailScans(rules, options, _senders, preferences, Tell) { Learned = Learning };
            await scans.WarmAsync(CancellationToken.None);
            Scanner.UseScans(scans, Told);
            var warnings = RuleCheck.Warnings(rules).ToList();
            _logger.LogInformation(
                "Spam: {Count} rules are in force after {Elapsed} ms; {Errors} wrong lines, {Notes} that ask for what is not here: "
                    + "postreiter spam lint lists them",
                rules.Count,
                (long)_environment.Time.GetElapsedTime(began).TotalMilliseconds,
                warnings.Count(w => w.IsError),
                warnings.Count(w => !w.IsError)
            );
        }
        // Whatever is wrong with the rules, mail goes on.
        catch (Exception e)
        {
            _logger.LogError(e, "Spam: the rules cannot be read; those before stay in force");
        }
    }

    private void Told(ScannedMail scanned)
    {
        foreach (var rule in scanned.Verdict.GivenUp)
            _logger.LogWarning(
                "Spam: the pattern of {Rule} needed too many steps for a mail, and counts as not hit",
                rule
            );
    }

    /// <inheritdoc/>
    public void Judge(long accountId, long mailboxId, IReadOnlyList<UidRange> uids, bool isSpam)
    {
        if (LearnsFromUsers)
            Teacher.Judge(accountId, mailboxId, uids, isSpam);
    }

    /// <inheritdoc/>
    public void Put(EmailAddress account, string? from, Mailbox to, IReadOnlyList<UidRange> uids) =>
        Lists.Put(account, from, to, uids);

    /// <summary>A server of the spamd protocol.</summary>
    /// <param name="options">Its limits.</param>
    /// <param name="allowsTell">Whether clients may say what is spam.</param>
    public SpamdConnectionHandler Handler(SpamdOptions options, bool allowsTell) =>
        new(
            options,
            Scanner,
            allowsTell ? Learning : null,
            _environment.Random,
            _environment.Time,
            _logs.CreateLogger<SpamdConnectionHandler>(),
            _largeMails
        );

    public async ValueTask DisposeAsync()
    {
        await Lists.DisposeAsync();
        await Teacher.DisposeAsync();
        await Learning.DisposeAsync();
        Scanner.Dispose();
        _largeMails.Dispose();
    }
}
