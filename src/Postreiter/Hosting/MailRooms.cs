using Microsoft.Extensions.Logging;
using Postreiter.Delivery.Inbound;
using Postreiter.Delivery.Queue;
using Postreiter.Delivery.Reports;
using Postreiter.Delivery.Routing;
using Postreiter.Dns;
using Postreiter.Imap;
using Postreiter.Net;
using Postreiter.Net.Sasl;
using Postreiter.Pop3;
using Postreiter.Settings;
using Postreiter.Smtp.Server;
using Postreiter.Storage;

namespace Postreiter.Hosting;

/// <summary>The rooms of a running server, wired: who serves each protocol, and the queue.</summary>
internal sealed class MailRooms : IDisposable
{
    private readonly ServerEnvironment _environment;
    private readonly ServerSettings _settings;
    private readonly IStore _store;
    private readonly ILoggerFactory _logs;
    private readonly IAuthenticator _authenticator;
    private readonly SaslServer _sasl;
    private readonly DnsResolver _dns;
    private readonly RecipientResolver _resolver;
    private readonly NoticeFiler _notices;
    private readonly Dictionary<MailProtocol, IConnectionHandler> _handlers = [];
    private readonly Lazy<QueueRunner> _queue;

    public MailRooms(
        ServerEnvironment environment,
        ServerSettings settings,
        IStore store,
        IAuthenticator authenticator,
        ILoggerFactory logs
    )
    {
        (_environment, _settings, _store, _authenticator, _logs) = (environment, settings, store, authenticator, logs);
        _queue = new Lazy<QueueRunner>(CreateQueue);
        _sasl = new SaslServer(authenticator);
        _dns = new DnsResolver(settings.DnsServers, environment.Time);
        _resolver = new RecipientResolver(
            store,
            settings.Hostname,
            postmaster: null,
            environment.Time,
            settings.Smtp.SubaddressSeparators
        );
        _notices = new NoticeFiler(
            store,
            _resolver,
            environment.Scanner,
            settings.Hostname,
            environment.Time,
            environment.Random
        );
    }

    /// <summary>The one handler of a protocol; its listeners share it.</summary>
    public IConnectionHandler Handler(MailProtocol protocol)
    {
        if (!_handlers.TryGetValue(protocol, out var handler))
        {
            handler = protocol switch
            {
                MailProtocol.Imap => Imap(),
                MailProtocol.Pop3 => Pop3(),
                MailProtocol.Submission => Smtp(ListenerRole.Submission),
                MailProtocol.Lmtp => Smtp(ListenerRole.Lmtp),
                _ => Smtp(ListenerRole.Mx),
            };
            _handlers.Add(protocol, handler);
        }

        return handler;
    }

    /// <summary>Delivers what waits for other servers; there is one.</summary>
    public QueueRunner Queue() => _queue.Value;

    private QueueRunner CreateQueue()
    {
        var schedule = new RetrySchedule
        {
            Steps = _settings.Outbound.Retry,
            GiveUp = _settings.Outbound.GiveUp,
            WarnAfter = _settings.Outbound.WarnAfter,
        };
        var (time, random) = (_environment.Time, _environment.Random);
        var remote = new RemoteDelivery(
            OutboundMapping.Options(_settings),
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
            _logs.CreateLogger<QueueAttempt>()
        );
        return new QueueRunner(
            _store,
            attempt,
            new QueueOptions { Schedule = schedule },
            time,
            _logs.CreateLogger<QueueRunner>()
        );
    }

    public void Dispose() => _resolver.Dispose();

    private SmtpConnectionHandler Smtp(ListenerRole role)
    {
        var (smtp, time) = (_settings.Smtp, _environment.Time);
        return new SmtpConnectionHandler(
            new SmtpServerOptions
            {
                HostName = _settings.Hostname.Ascii,
                AllowPlaintextAuth = _settings.Tls.AllowPlaintextAuth,
                Limits = new SmtpLimits
                {
                    MaxMessageBytes = smtp.MaxMessageSize,
                    MaxRecipients = smtp.MaxRecipients,
                    MaxMessages = smtp.MaxMessagesPerSession,
                    MaxTextLineBytes = smtp.MaxLineLength,
                    SlowErrors = smtp.MaxErrors / 2,
                    MaxErrors = smtp.MaxErrors,
                    SlowUnknownRecipients = (smtp.MaxUnknownRecipients + 4) / 5,
                    MaxUnknownRecipients = smtp.MaxUnknownRecipients,
                    MaxIdleCommands = smtp.MaxIdleCommands,
                    MaxFailedLogins = _settings.Login.MaxFailuresPerSession,
                },
                Timeouts = new SmtpTimeouts
                {
                    Command = smtp.CommandTimeout,
                    DataBlock = smtp.DataTimeout,
                    MinDataRate = smtp.MinDataRate,
                    WithoutMessage = smtp.SessionTimeout,
                },
            },
            role,
            new ReceptionPolicy(
                _store,
                _resolver,
                time,
                _logs.CreateLogger<ReceptionPolicy>(),
                new OutboundLimits
                {
                    MaxMessages = _settings.Submission.MaxMessagesPerDay,
                    MaxNewRecipients = _settings.Submission.MaxNewRecipientsPerDay,
                },
                _dns
            ),
            new MessageIntake(
                _store,
                _resolver,
                _notices,
                _environment.Scanner,
                _settings.Hostname,
                smtp.MaxMessageSize,
                time,
                _logs.CreateLogger<MessageIntake>(),
                smtp.MaxHops
            ),
            _sasl,
            time,
            _environment.Random,
            _logs.CreateLogger<SmtpConnectionHandler>()
        );
    }

    private ImapConnectionHandler Imap() =>
        new(
            new ImapOptions
            {
                AllowPlaintext = _settings.Tls.AllowPlaintextAuth,
                MaxMessageBytes = _settings.Smtp.MaxMessageSize,
            },
            _authenticator,
            _store,
            _environment.Scanner,
            _environment.Time,
            _environment.Random,
            _logs.CreateLogger<ImapConnectionHandler>()
        );

    private Pop3ConnectionHandler Pop3() =>
        new(
            new Pop3Options
            {
                Hostname = _settings.Hostname.Ascii,
                AllowPlaintextAuth = _settings.Tls.AllowPlaintextAuth,
            },
            _sasl,
            _authenticator,
            _store,
            _environment.Time,
            _logs.CreateLogger<Pop3ConnectionHandler>()
        );
}
