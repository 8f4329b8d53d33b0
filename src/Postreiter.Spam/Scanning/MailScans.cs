using Postreiter.Spam.Bayes;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Functions;
using Postreiter.Spam.Results;
using Postreiter.Spam.Rules;
using Postreiter.Spam.Senders;

namespace Postreiter.Spam.Scanning;

/// <summary>One ruleset made ready for whole mails: octets in, the result with all that marks and reports need out. For any thread.</summary>
public sealed class MailScans
{
    private readonly Ruleset _ruleset;
    private readonly Lazy<SpamEngine> _plain;
    private readonly Lazy<SpamEngine> _withBayes;
    private readonly MarkSettings _marks;
    private readonly SenderEvaluation? _senders;
    private readonly UserOverlays? _users;

    /// <summary>Makes it ready, which takes some hundred milliseconds for a full ruleset.</summary>
    /// <param name="ruleset">The rules.</param>
    /// <param name="keepsAllSubRules">Whether sub-rules that nothing depends on are run too, so that results list them.</param>
    public MailScans(Ruleset ruleset, bool keepsAllSubRules = false)
        : this(ruleset, new SpamEngineOptions { KeepsAllSubRules = keepsAllSubRules }) { }

    /// <summary>Makes it ready.</summary>
    /// <param name="ruleset">The rules.</param>
    /// <param name="options">How they are run, and whether they may ask the DNS.</param>
    /// <param name="senders">Finds out who sent a mail, where nobody says; null = rules then know nothing of it.</param>
    /// <param name="preferences">Where users' preferences are; null = there are none.</param>
    /// <param name="told">Told of preferences that were read, with whose they are.</param>
    public MailScans(
        Ruleset ruleset,
        SpamEngineOptions options,
        SenderEvaluation? senders = null,
        IPreferenceSource? preferences = null,
        Action<string, UserPreferences>? told = null
    )
    {
        _senders = senders;
        _users = preferences is null ? null : new UserOverlays(preferences, ruleset, told);
        ArgumentNullException.ThrowIfNull(ruleset);
        _ruleset = ruleset;
        // An engine takes tens of MiB. As a rule a site needs one of them: enough was learned, or not.
        _plain = new(() => new SpamEngine(ruleset, options));
        _withBayes = new(() => new SpamEngine(ruleset, options with { IsBayesUsable = true }));
        _marks = RuleCheck.Marks(ruleset, out _);
    }

    /// <summary>What was learned; null for nothing. Default null.</summary>
    public ILearnedMail? Learned { get; init; }

    // What does not turn on the points is asked of the one that is there.
    private SpamEngine Any => _withBayes.IsValueCreated ? _withBayes.Value : _plain.Value;

    /// <summary>Makes the engine now that the next mail needs, and not when it comes.</summary>
    public async ValueTask WarmAsync(CancellationToken ct) =>
        _ = Learned is not null && await Learned.PrepareAsync(null, ct) is not null ? _withBayes.Value : _plain.Value;

    /// <summary>Scans a mail for its points, without Bayes.</summary>
    public ScanResult Score(ReadOnlyMemory<byte> mail) => _plain.Value.Scan(_plain.Value.Read(mail));

    /// <summary>Scans a mail for its points, without Bayes, and asks the DNS if the options say so.</summary>
    /// <param name="mail">Its octets.</param>
    /// <param name="most">So many of them are scanned.</param>
    /// <param name="ct">Stops it.</param>
    public async ValueTask<ScanResult> ScoreAsync(ReadOnlyMemory<byte> mail, long most, CancellationToken ct)
    {
        var cut = mail.Length > most ? mail[..(int)most] : mail;
        var context = await CompleteAsync(cut, new MailContext { Whole = mail }, ct);
        return await _plain.Value.ScanAsync(Facts(_plain.Value, cut, context), ct);
    }

    /// <summary>Finds out what the rules want to know of a mail and nobody has said: who sent it, where the network may be asked.</summary>
    /// <param name="mail">Its octets.</param>
    /// <param name="context">What is known.</param>
    /// <param name="ct">Stops it.</param>
    public async ValueTask<MailContext> CompleteAsync(
        ReadOnlyMemory<byte> mail,
        MailContext context,
        CancellationToken ct
    )
    {
        ArgumentNullException.ThrowIfNull(context);
        if (_senders is null || !Any.WantsSenders)
            return context;
        var engine = Any;
        var user = _users?.Find(context.User)?.Preferences;
        var settings = user?.Settings ?? _ruleset.Settings;
        var read = engine.Read(mail, context.EnvelopeFrom, user);
        var whole = context.Whole.IsEmpty ? mail : context.Whole;
        var senders = context.Senders ?? await _senders.CheckAsync(read, whole, settings, ct);
        if (engine.WantsPractices)
            senders = senders with { Practices = await _senders.PracticesAsync(read, senders, settings, ct) };
        return context with { Senders = senders, Mail = read };
    }

    private static MailFacts Facts(
        SpamEngine engine,
        ReadOnlyMemory<byte> mail,
        MailContext context,
        UserPreferences? user = null
    )
    {
        var facts = engine.Facts(context.Mail ?? engine.Read(mail, context.EnvelopeFrom, user), user);
        facts.Senders = engine.Options.IsNetworkWanted ? context.Senders : null;
        return facts;
    }

    /// <summary>Scans a mail for its marks, without Bayes.</summary>
    public ScannedMail Scan(ReadOnlyMemory<byte> mail)
    {
        var facts = _plain.Value.Facts(_plain.Value.Read(mail));
        return Marked(_plain.Value, facts, _plain.Value.Scan(facts), null);
    }

    /// <summary>Scans a mail for its marks, and asks the DNS if the options say so. The work is done before the first wait.</summary>
    /// <param name="mail">Its octets; they must not change until the task is complete.</param>
    /// <param name="ct">Stops the wait.</param>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public ValueTask<ScannedMail> ScanAsync(ReadOnlyMemory<byte> mail, CancellationToken ct) =>
        ScanAsync(mail, MailContext.None, ct);

    /// <summary>
    /// Scans a mail of which more is known than its octets, and learns it where the rules leave no doubt. The work is done before the
    /// first wait, unless what was learned has to be read first.
    /// </summary>
    /// <param name="mail">Its octets; they must not change until the task is complete.</param>
    /// <param name="context">What else is known of it: see <see cref="CompleteAsync"/>.</param>
    /// <param name="ct">Stops the wait.</param>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public async ValueTask<ScannedMail> ScanAsync(ReadOnlyMemory<byte> mail, MailContext context, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(context);
        var user = _users?.Find(context.User);
        var bayes = Learned is null ? null : await Learned.PrepareAsync(context.User, ct);
        var engine = bayes is null ? _plain.Value : _withBayes.Value;
        var facts = Facts(engine, mail, context, user?.Preferences);
        facts.Bayes = bayes;
        return Marked(engine, facts, await engine.ScanAsync(facts, ct), user);
    }

    // The words are SpamAssassin's. One that ended early says too little of a mail.
    private string Autolearn(SpamEngine engine, MailFacts facts, ScanResult result)
    {
        var settings = facts.Settings;
        if (
            Learned is null
            || !settings.IsOn("bayes_auto_learn")
            || !settings.IsOn("use_bayes")
            || result.ShortCircuit is not null
        )
            return "disabled";
        if (Autolearning.Decide(facts.Ruleset, settings, engine.Options.ScoreSet, result) is not { } isSpam)
            return "no";
        Learned.Autolearn(facts, isSpam);
        return isSpam ? "spam" : "ham";
    }

    private ScannedMail Marked(SpamEngine engine, MailFacts facts, ScanResult result, UserOverlay? user)
    {
        foreach (var rule in result.GivenUp)
            ScanMetrics.GivenUp(rule);
        if (result.IsTimeLimitExceeded)
            ScanMetrics.Late();
        return new(Verdict(facts, result) with { Autolearn = Autolearn(engine, facts, result) }, user?.Marks ?? _marks)
        {
            Unanswered = result.Unanswered,
            BlockedZones = result.BlockedZones,
            GivenUp = result.GivenUp,
            IsTimeLimitExceeded = result.IsTimeLimitExceeded,
            UserRequired = user?.Preferences.SetsRequiredScore == true ? result.Required : null,
            UserSubjectTag = user?.SubjectTag,
        };
    }

    private static SpamVerdict Verdict(MailFacts facts, ScanResult result) =>
        new()
        {
            Points = result.Points,
            Required = result.Required,
            Hits =
            [
                .. result.Hits.Select(h => new ReportedHit(h.Name, h.Points, h.Area, h.Description)
                {
                    Details = h.Details,
                }),
            ],
            // Each hit of a sub-rule counts by itself.
            SubHits = [.. result.SubHits.SelectMany(h => Enumerable.Repeat(h.Name, Math.Max(1, (int)h.Count)))],
            GivenUp = result.GivenUp,
            Body = facts.Mail.Body,
            Header = name => facts.Mail.Header(name),
            Tags = Tags(facts, result),
        };

    private static Dictionary<string, string> Tags(MailFacts facts, ScanResult result)
    {
        var tags = facts.Tags.ToDictionary(
            static tag => tag.Key,
            static tag => string.Join(' ', tag.Value),
            StringComparer.Ordinal
        );
        foreach (var (name, value) in facts.Bayes is null ? [] : facts.BayesScore?.Tags() ?? [])
            tags[name] = value;
        if (facts.Ruleset.Plugins.Contains("Shortcircuit"))
        {
            var kind = result.ShortCircuitKind;
            tags["SC"] = result.ShortCircuit is { } rule ? $"{rule} ({kind})" : "no";
            tags["SCRULE"] = result.ShortCircuit ?? "none";
            tags["SCTYPE"] = kind ?? "no";
        }

        foreach (var name in (string[])["RELAYSTRUSTED", "RELAYSUNTRUSTED", "RELAYSINTERNAL", "RELAYSEXTERNAL"])
            Set(name);
        if (facts.Mail.Received.External.Count > 0)
        {
            foreach (
                var name in (string[])["LASTEXTERNALIP", "LASTEXTERNALREVIP", "LASTEXTERNALRDNS", "LASTEXTERNALHELO"]
            )
                Set(name);
        }

        if (facts.Mail.Received.Trusted.Count > 0)
        {
            Set("FIRSTTRUSTEDIP");
            Set("FIRSTTRUSTEDREVIP");
        }

        return tags;

        void Set(string name) => tags[name] = string.Join(' ', MailTags.Of(facts, name));
    }
}
