using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Functions;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Network;
using Postreiter.Spam.Uris;

namespace Postreiter.Spam.Rules;

/// <summary>
/// Runs a ruleset over mails. Made once for a ruleset and a score set; a new ruleset is a new engine, put in the place of the old one
/// between two mails. Safe for use by many threads.
/// </summary>
public sealed class SpamEngine
{
    // The DNS answered none of the last mails' questions: this one waits for nothing.
    private const string EverythingAsked = "everything: the DNS is silent";

    private readonly EngineProgram _program;
    private readonly ConcurrentBag<Scan> _scans = [];
    private readonly ConcurrentBag<ScanStage.Work[]> _works = [];
    private readonly SpamMailOptions _mailOptions;
    private readonly ConditionalWeakTable<UserPreferences, SpamMailOptions> _userOptions = [];
    private readonly RegisteredDomains _domains;

    /// <summary>Makes a ruleset ready to run.</summary>
    /// <param name="ruleset">The rules.</param>
    /// <param name="options">How they are run.</param>
    /// <param name="functions">Rule functions by name; null = those of this library.</param>
    public SpamEngine(
        Ruleset ruleset,
        SpamEngineOptions? options = null,
        IReadOnlyDictionary<string, RuleFunction>? functions = null
    )
    {
        ArgumentNullException.ThrowIfNull(ruleset);
        Ruleset = ruleset;
        Options = options ?? new SpamEngineOptions();
        functions ??= RuleFunctions.All;
        _program = new EngineProgram(ruleset, Options, functions);
        _domains = new RegisteredDomains(ruleset.Settings);
        _mailOptions = OptionsOf(ruleset.Settings, _domains);
        Missing =
        [
            .. ruleset
                .Rules.Where(rule => rule.Function.Length > 0 && !functions.ContainsKey(rule.Function))
                .Select(static rule => new ConfigurationWarning(
                    rule.File,
                    rule.Line,
                    $"{rule.Name} calls {rule.Function}, which this engine does not have; the rule never hits",
                    IsError: false
                )),
        ];
    }

    /// <summary>The ruleset.</summary>
    public Ruleset Ruleset { get; }

    /// <summary>How it is run.</summary>
    public SpamEngineOptions Options { get; }

    /// <summary>Rules that call functions which are not there.</summary>
    public IReadOnlyList<ConfigurationWarning> Missing { get; }

    /// <summary>Number of rules that run: those that cannot matter are left out.</summary>
    public int RunningRules => _program.Rules.Length;

    /// <summary>Whether a rule that runs wants to know who sent a mail.</summary>
    internal bool WantsSenders =>
        Options.IsNetworkWanted
        && Array.Exists(
            _program.Rules,
            static rule =>
                RuleFunctions.OfSenders.Contains(rule.Function)
                || (rule.Kind == RuleKind.AskDns && rule.Definition.Contains("_DKIM", StringComparison.Ordinal))
        );

    /// <summary>Whether one of them wants the practices of authors' domains.</summary>
    internal bool WantsPractices =>
        Array.Exists(_program.Rules, static rule => rule.Function is "check_dkim_adsp" or "check_dkim_signall");

    /// <summary>Reads a mail as the settings of the ruleset want it read.</summary>
    /// <param name="message">Its octets.</param>
    /// <param name="envelopeFrom">The envelope's sender where the session is known, "" for the null sender; null = as the headers say.</param>
    /// <param name="user">A user's preferences: whom the site trusts may be among them; null = the site's alone.</param>
    public SpamMail Read(ReadOnlyMemory<byte> message, string? envelopeFrom = null, UserPreferences? user = null)
    {
        var options = user is null
            ? _mailOptions
            : _userOptions.GetValue(user, one => OptionsOf(one.Settings, _domains));
        return SpamMail.Parse(message, envelopeFrom is null ? options : options with { EnvelopeFrom = envelopeFrom });
    }

    /// <summary>Scans a mail.</summary>
    /// <param name="mail">The mail, read by <see cref="Read"/>.</param>
    public ScanResult Scan(SpamMail mail) => Scan(Facts(mail));

    /// <summary>What the functions will share about a mail; for those who have more to tell them before the scan.</summary>
    /// <param name="mail">The mail.</param>
    /// <param name="user">A user's preferences; null = the site's alone.</param>
    public MailFacts Facts(SpamMail mail, UserPreferences? user = null) =>
        new(mail, Ruleset, user?.Settings ?? Ruleset.Settings)
        {
            User = user,
            Domains = _domains,
            IsNetworkWanted = Options.IsNetworkWanted,
            Time = Options.Time,
        };

    /// <summary>Scans a mail by what is here: nothing is asked, and rules that ask the DNS never hit.</summary>
    /// <param name="facts">The mail and what is known of it.</param>
    public ScanResult Scan(MailFacts facts) => Scan(facts, clock: null);

    internal ScanResult Scan(MailFacts facts, ScanClock? clock)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var scan = Take();
        var result = scan.Run(new MailTexts(facts), facts, clock);
        // A scan that a function's exception ended is not used again: its buffers may hold anything.
        _scans.Add(scan);
        return result;
    }

    /// <summary>
    /// Scans a mail, and asks the DNS where rules want it and <see cref="SpamEngineOptions.Network"/> is there: all questions together
    /// while the other rules run, then waits within <see cref="SpamEngineOptions.NetworkBudget"/>. What is not answered in time counts
    /// as no hit. All work is done before the first wait, but for a few microseconds.
    /// </summary>
    /// <param name="facts">The mail and what is known of it.</param>
    /// <param name="ct">Stops the wait.</param>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public async ValueTask<ScanResult> ScanAsync(MailFacts facts, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var policy = _program.Questions.Policy;
        if (Options.Network is not { } network || !policy.IsAvailable)
            return Scan(facts);
        if (network.IsResting)
            return Scan(facts) with { Unanswered = [EverythingAsked] };
        using var lookups = new MailLookups(network, policy, Options.NetworkBudget);
        facts.Lookups = lookups;
        var scan = Take();
        scan.Begin(new MailTexts(facts), facts);
        if (!scan.IsEnded)
        {
            if (lookups.IsWaiting)
                scan.Rest();
            await lookups.CollectAsync(ct);
        }
        var result = scan.End(facts);
        var blocked = policy
            .Blocking.Where(rule => scan.HasHit(rule.Key))
            .SelectMany(static rule => rule.Value)
            .Where(zone => network.Blocked.Block(zone, policy.BlockTime))
            .ToArray();
        SpamNetworkMetrics.Blocked.Add(blocked.Length);
        _scans.Add(scan);
        facts.Lookups = null;
        return result with { Unanswered = [.. lookups.Unanswered], BlockedZones = blocked };
    }

    private Scan Take() => _scans.TryTake(out var scan) ? scan : new Scan(_program, _works);

    internal static SpamMailOptions OptionsOf(Settings settings, RegisteredDomains domains)
    {
        var trusted = Networks(settings.Networks("trusted_networks"));
        var own = Networks(settings.Networks("internal_networks"));
        var msa = NetworkSet.Parse(settings.Networks("msa_networks").Texts, out _);
        // What is the site's own but not trusted is a mistake, and left out; so are submission servers that are neither.
        var outer = trusted ?? own;
        return new()
        {
            TrustedNetworks = trusted,
            InternalNetworks = trusted is null ? own : own?.Within(trusted),
            MsaNetworks = outer is null ? msa : msa.Within(outer),
            OriginatingIpHeaders =
            [
                .. settings.Words("originating_ip_headers").Distinct(StringComparer.OrdinalIgnoreCase),
            ],
            EnvelopeSenderHeader = settings.Text("envelope_sender_header"),
            Domains = domains,
            BodyPartScanSize = (int)settings.Number("body_part_scan_size"),
            RawBodyPartScanSize = (int)settings.Number("rawbody_part_scan_size"),
        };
    }

    private static NetworkSet? Networks(NetworkList list) =>
        list.IsConfigured ? NetworkSet.WithLoopback(list.Texts) : null;
}
