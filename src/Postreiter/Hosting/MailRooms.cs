using Microsoft.Extensions.Logging;
using Postreiter.CommandLine;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Foreign;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Inbound;
using Postreiter.Delivery.Milters;
using Postreiter.Delivery.Quarantine;
using Postreiter.Delivery.Queue;
using Postreiter.Delivery.Reports;
using Postreiter.Delivery.Routing;
using Postreiter.Delivery.Scanning;
using Postreiter.Delivery.Scanning.Contents;
using Postreiter.Dns;
using Postreiter.Imap;
using Postreiter.MailAuth.Dmarc;
using Postreiter.Milter.Policy;
using Postreiter.Milter.Server;
using Postreiter.Net;
using Postreiter.Net.Sasl;
using Postreiter.Pop3;
using Postreiter.Settings;
using Postreiter.Smtp.Server;
using Postreiter.Storage;

namespace Postreiter.Hosting;

/// <summary>
/// The rooms of a running server, wired: who serves each protocol, and the queue. What the settings say about them can change
/// while they run: sessions that are open go on as they began, new ones find the new settings.
/// </summary>
internal sealed class MailRooms : IDisposable
{
    private readonly ServerEnvironment _environment;
    private readonly IStore _store;
    private readonly ILoggerFactory _logs;
    private readonly IAuthenticator _authenticator;
    private readonly SaslServer _sasl;
    private readonly IDnsResolver _dns;
    private readonly SenderChecks _checks;
    private readonly SenderRewriting _rewriting;
    private readonly BounceTags _tags;
    private readonly SigningKeys _keys;
    private readonly DmarcReportIntake _reports;
    private readonly RecipientResolver _resolver;
    private readonly NoticeFiler _notices;
    private readonly ReceptionPolicy _policy;
    private readonly MilteredPolicy _gated;
    private readonly MessageIntake _intake;
    private readonly Pop3ConnectionHandler _pop3;
    private readonly SpamRoom _spam;
    private readonly VirusFilter _virus;
    private readonly ContentFilter _contents;
    private readonly Dictionary<MailProtocol, RenewableHandler> _handlers;
    private volatile ServerSettings _settings;
    private volatile QueueRunner? _queue;

    public MailRooms(
        ServerEnvironment environment,
        ServerSettings settings,
        IStore store,
        IAuthenticator authenticator,
        ILoggerFactory logs,
        PublicSuffixList suffixes
    )
    {
        (_environment, _settings, _store, _authenticator, _logs) = (environment, settings, store, authenticator, logs);
        var (hostname, time) = (settings.Hostname, environment.Time);
        _sasl = new SaslServer(authenticator);
        _dns = environment.Dns(settings);
        _checks = new SenderChecks(_dns, suffixes, hostname, time, environment.Random);
        _rewriting = new SenderRewriting(store, time);
        _tags = new BounceTags(_rewriting.Secrets, time);
        _keys = new SigningKeys(store, logs.CreateLogger<SigningKeys>());
        Rotation = new DkimRotation(store, _dns, time, logs.CreateLogger<DkimRotation>());
        _resolver = new RecipientResolver(store, hostname, postmaster: null, time, rewriting: _rewriting, tags: _tags);
        _notices = new NoticeFiler(store, _resolver, environment.Scanner, hostname, time, environment.Random, _keys);
        Reporting = new DmarcReporting(
            store,
            _dns,
            suffixes,
            _keys,
            environment.Scanner,
            hostname,
            time,
            environment.Random,
            logs.CreateLogger<DmarcReporting>()
        );
        _reports = new DmarcReportIntake(store, time, logs.CreateLogger<DmarcReportIntake>());
        _policy = new ReceptionPolicy(
            store,
            _resolver,
            time,
            logs.CreateLogger<ReceptionPolicy>(),
            RoomOptions.Outbound(settings),
            _dns,
            _checks
        );
        _intake = new MessageIntake(
            store,
            _resolver,
            _notices,
            environment.Scanner,
            hostname,
            settings.Smtp.MaxMessageSize,
            time,
            logs.CreateLogger<MessageIntake>(),
            checks: _checks,
            rewriting: _rewriting,
            keys: _keys,
            reports: _reports,
            reporting: Reporting
        );
        _spam = new SpamRoom(environment, _dns, suffixes, hostname, store, logs);
        _intake.Spam = _spam.Filter;
        _virus = new VirusFilter(hostname, time, logs.CreateLogger<VirusFilter>());
        _intake.Virus = _virus;
        _contents = new ContentFilter(time, logs.CreateLogger<ContentFilter>());
        _intake.Contents = _contents;
        Quarantine = new QuarantineUpkeep(store, _notices, time, logs.CreateLogger<QuarantineUpkeep>());
        Gate = new GateRoom(environment, settings, store, _dns, logs);
        (_intake.Gate, _intake.Tags) = (Gate.Gate, _tags);
        Foreign = new ForeignGate(
            Gate.Gate,
            _checks,
            _dns,
            environment.Scanner,
            store.Blobs,
            hostname,
            time,
            environment.Random,
            logs.CreateLogger<ForeignGate>()
        )
        {
            Spam = _spam.Filter,
            Virus = _virus,
            Contents = _contents,
        };
        Milters = new MilterChain(hostname, VersionCommand.Version, time, logs.CreateLogger<MilterChain>());
        _gated = new MilteredPolicy(new GatedPolicy(_policy, Gate.Gate), Milters, Gate.Gate);
        _pop3 = new Pop3ConnectionHandler(
            RoomOptions.Pop3(settings),
            _sasl,
            authenticator,
            store,
            time,
            logs.CreateLogger<Pop3ConnectionHandler>()
        );
        _handlers = Enum.GetValues<MailProtocol>().ToDictionary(p => p, p => new RenewableHandler(Create(p)));
        Limit(settings);
    }

    /// <summary>Checks who sends.</summary>
    internal SenderChecks Checks => _checks;

    /// <summary>Sign what goes out.</summary>
    internal SigningKeys Keys => _keys;

    /// <summary>Makes senders for what is forwarded.</summary>
    internal SenderRewriting Rewriting => _rewriting;

    /// <summary>Tags the senders of users' mail.</summary>
    internal BounceTags Tags => _tags;

    /// <summary>Takes messages in.</summary>
    internal MessageIntake Intake => _intake;

    /// <summary>The scan of spam.</summary>
    internal SpamRoom Spam => _spam;

    /// <summary>Greylisting, the checks before the message, and the traces.</summary>
    internal GateRoom Gate { get; }

    /// <summary>Our gate for the mail of other servers.</summary>
    internal ForeignGate Foreign { get; }

    /// <summary>Foreign filters of our mail.</summary>
    internal MilterChain Milters { get; }

    /// <summary>Sums up reports that come in.</summary>
    internal DmarcReportIntake Reports => _reports;

    /// <summary>Has messages looked through for viruses.</summary>
    internal VirusFilter Virus => _virus;

    /// <summary>Has what is attached to messages looked at.</summary>
    internal ContentFilter Contents => _contents;

    /// <summary>In force for the sessions to come.</summary>
    internal ServerSettings Settings => _settings;

    /// <summary>Leads the DKIM keys through their life.</summary>
    public DkimRotation Rotation { get; }

    /// <summary>Looks after what is kept apart.</summary>
    public QuarantineUpkeep Quarantine { get; }

    /// <summary>Sends reports to domains that ask for them.</summary>
    public DmarcReporting Reporting { get; }

    /// <summary>The handler of a protocol; its listeners share it.</summary>
    public IConnectionHandler Handler(MailProtocol protocol) => _handlers[protocol];

    /// <summary>Puts other settings in force for the sessions to come and for the next <see cref="Queue"/>.</summary>
    public void Reload(ServerSettings settings)
    {
        _settings = settings;
        Limit(settings);
        foreach (var (protocol, handler) in _handlers)
            handler.Current = Create(protocol);
    }

    /// <summary>Delivers what waits for other servers, by the settings of the moment.</summary>
    public QueueRunner Queue()
    {
        var settings = _settings;
        var schedule = RoomOptions.Schedule(settings);
        var (time, random) = (_environment.Time, _environment.Random);
        var remote = new RemoteDelivery(
            OutboundMapping.Options(settings),
            _dns,
            new SocketDialler(time),
            random,
            time,
            _logs.CreateLogger<RemoteDelivery>()
        );
        var attempt = new QueueAttempt(
            _store,
            remote,
            _resolver,
            _notices,
            _environment.Scanner,
            schedule,
            time,
            random,
            _logs.CreateLogger<QueueAttempt>(),
            _rewriting
        );
        _queue = new QueueRunner(
            _store,
            attempt,
            new QueueOptions { Schedule = schedule },
            time,
            _logs.CreateLogger<QueueRunner>()
        );
        return _queue;
    }

    /// <summary>Lets the queue ask every destination anew, also those that did not answer lately.</summary>
    public void ProbeAll() => _queue?.ProbeAll();

    /// <summary>Ends the scans that go on behind messages that were taken; complete when none uses the store or the rules.</summary>
    public Task StopLateScansAsync()
    {
        _intake.StopLateScans();
        return _intake.LateScansEnd;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _virus.Chain?.Dispose();
        _ = Milters.EmptyAsync().AsTask();
        _contents.Dispose();
        _resolver.Dispose();
        _rewriting.Dispose();
        _keys.Dispose();
        Rotation.Dispose();
        Gate.Dispose();
    }

    private void Limit(ServerSettings settings)
    {
        _resolver.SubaddressSeparators = settings.Smtp.SubaddressSeparators;
        _policy.Limits = RoomOptions.Outbound(settings);
        _checks.Options = RoomOptions.Senders(settings);
        (_keys.IsOn, _rewriting.IsOn) = (settings.Signing.Sign, settings.Signing.RewriteSenders);
        _tags.Options = RoomOptions.BounceTags(settings);
        Rotation.Options = RoomOptions.Rotation(settings);
        _spam.Filter.Options = RoomOptions.Spam(settings);
        _spam.Scanner.MaxBytes = settings.Spam.MaxScanSize;
        _spam.Teacher.MaxBytes = (int)settings.Spam.MaxScanSize;
        _spam.LearnsFromUsers = settings.Spam.LearnFromUsers;
        (_spam.Lists.AllowMailbox, _spam.Lists.BlockMailbox) = (
            settings.Lists.AllowMailbox,
            settings.Lists.BlockMailbox
        );
        _virus.Options = RoomOptions.Virus(settings);
        _contents.Rules = RoomOptions.Contents(settings);
        (_intake.Quarantine, Quarantine.Options) = (settings.Quarantine, settings.Quarantine);
        // Messages under way end with the scanners they began with.
        _virus.Chain = RoomOptions.Scanners(settings, _virus.Chain, _environment.Time);
        Foreign.Options = RoomOptions.ForeignGate(settings);
        Milters.Options = RoomOptions.Milters(settings);
        _reports.Addresses = settings.Senders.ReportAddresses;
        Reporting.IsOn = settings.Senders.SendReports;
        Reporting.From = settings.Senders.ReportFrom;
        (_intake.MaxMessageBytes, _intake.MaxHops) = (settings.Smtp.MaxMessageSize, settings.Smtp.MaxHops);
    }

    private IConnectionHandler Create(MailProtocol protocol) =>
        protocol switch
        {
            MailProtocol.Imap => Imap(),
            // One session at a time in a mailbox, also across a change of settings.
            MailProtocol.Pop3 => _pop3.With(RoomOptions.Pop3(_settings)),
            MailProtocol.Spamd => _spam.Handler(RoomOptions.Spamd(_settings), _settings.Spamd.AllowTell),
            MailProtocol.Milter => new MilterConnectionHandler(
                RoomOptions.Foreign(_settings),
                Foreign.Milter,
                _environment.Time,
                _logs.CreateLogger<MilterConnectionHandler>()
            ),
            MailProtocol.Policy => new PolicyConnectionHandler(
                RoomOptions.Foreign(_settings),
                Foreign.Policy,
                _environment.Time,
                _logs.CreateLogger<PolicyConnectionHandler>()
            ),
            MailProtocol.Submission => Smtp(ListenerRole.Submission),
            MailProtocol.Lmtp => Smtp(ListenerRole.Lmtp),
            _ => Smtp(ListenerRole.Mx),
        };

    private SmtpConnectionHandler Smtp(ListenerRole role) =>
        new(
            RoomOptions.Smtp(_settings),
            role,
            _gated,
            _intake,
            _sasl,
            _environment.Time,
            _environment.Random,
            _logs.CreateLogger<SmtpConnectionHandler>()
        );

    private ImapConnectionHandler Imap() =>
        new(
            RoomOptions.Imap(_settings),
            _authenticator,
            _store,
            _environment.Scanner,
            _environment.Time,
            _environment.Random,
            _logs.CreateLogger<ImapConnectionHandler>(),
            _spam
        );

    /// <summary>Serves each connection by the handler of the moment it came in.</summary>
    private sealed class RenewableHandler(IConnectionHandler first) : IConnectionHandler
    {
        private volatile IConnectionHandler _current = first;

        public IConnectionHandler Current
        {
            set => _current = value;
        }

        public Task HandleAsync(Connection connection, CancellationToken stopping) =>
            _current.HandleAsync(connection, stopping);
    }
}
