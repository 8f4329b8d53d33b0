using System.Buffers;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Core;
using Postreiter.Net;
using Postreiter.Net.Sasl;
using Postreiter.Smtp.Server;
using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server;

/// <summary>An SMTP session with a policy that knows one user and an intake that keeps what it is given.</summary>
internal sealed class SmtpTestServer : IReceptionPolicy, IMessageIntake, IAuthenticator
{
    public SmtpServerOptions Options { get; init; } = new() { HostName = "mx.our.example", AllowPlaintextAuth = true };

    public ListenerRole Role { get; init; } = ListenerRole.Mx;

    public TestClock Clock { get; } = new();

    public List<Taken> Messages { get; } = [];

    public Exception? IntakeFault { get; init; }

    public Exception? WriteFault { get; init; }

    public Exception? AuthenticationFault { get; init; }

    /// <summary>What MAIL gets from the policy; null lets it pass.</summary>
    public SmtpReply? MailRefusal { get; init; }

    /// <summary>What the intake knows after the first bytes.</summary>
    public SmtpReply? EarlyRefusal { get; init; }

    /// <summary>Never completes a message, until it is cancelled.</summary>
    public bool IntakeHangs { get; init; }

    /// <summary>Messages that were begun and not yet disposed.</summary>
    public int Open { get; private set; }

    /// <summary>Outcome of each recipient where the client hears them, by its local part.</summary>
    public Func<string, SmtpReply?> OutcomeOf { get; init; } = _ => null;

    public SmtpConnectionHandler Handler(Microsoft.Extensions.Logging.ILogger<SmtpConnectionHandler>? log = null) =>
        new(
            Options,
            Role,
            this,
            this,
            new SaslServer(this),
            Clock,
            new SafeRandom(1),
            log ?? NullLogger<SmtpConnectionHandler>.Instance
        );

    public static SmtpTestServer With(SmtpLimits limits, ListenerRole role = ListenerRole.Mx) =>
        new()
        {
            Options = new()
            {
                HostName = "mx.our.example",
                AllowPlaintextAuth = true,
                Limits = limits,
            },
            Role = role,
        };

    public Task PlayAsync(Pacing pacing, string script) => PlayAsync(MemoryConnection.Create(pacing), pacing, script);

    public Task PlayAsync(MemoryConnection connection, Pacing pacing, string script) =>
        Dialogue.PlayAsync(Handler(), pacing, script, Clock, connection);

    public ValueTask<SmtpReply?> OnConnectAsync(SmtpPeer peer, CancellationToken ct) => new((SmtpReply?)null);

    public ValueTask<SmtpReply?> OnHeloAsync(SmtpPeer peer, CancellationToken ct) => new((SmtpReply?)null);

    public ValueTask<SmtpReply?> OnMailAsync(SmtpPeer peer, MailArguments mail, CancellationToken ct) =>
        new(
            peer is { Role: ListenerRole.Submission, User: null }
                ? new SmtpReply(530, "5.7.0", "Log in first")
                : MailRefusal
        );

    public ValueTask<RecipientDecision> OnRcptAsync(
        SmtpPeer peer,
        SmtpEnvelope envelope,
        RcptArguments recipient,
        CancellationToken ct
    ) =>
        new(
            recipient.Recipient.LocalPart switch
            {
                "nobody" => new RecipientDecision(new SmtpReply(550, "5.1.1", "No such user"), IsUnknownUser: true),
                "broken" => throw new InvalidOperationException("the directory fell over"),
                _ => RecipientDecision.Accept(),
            }
        );

    public ValueTask<IncomingMessageStart> BeginAsync(SmtpPeer peer, SmtpEnvelope envelope, CancellationToken ct)
    {
        Open++;
        return new(new IncomingMessageStart(new Incoming(this, peer, envelope), null));
    }

    public ValueTask<AuthenticationResult> VerifyPasswordAsync(
        string user,
        string password,
        IPAddress remote,
        CancellationToken ct
    ) =>
        AuthenticationFault is { } fault
            ? throw fault
            : new(
                (user, password) == ("ann@our.example", "secret")
                    ? new AuthenticationResult(
                        AuthenticationStatus.Succeeded,
                        new AuthenticatedUser(1, EmailAddress.Parse("ann@our.example"))
                    )
                    : AuthenticationResult.Failed
            );

    public ValueTask<ScramSecret?> FindScramAsync(string user, IPAddress remote, CancellationToken ct) =>
        AuthenticationFault is { } fault ? throw fault : new(ScramClient.SecretOf("secret"));

    public ValueTask<AuthenticationResult> ReportScramAsync(
        string user,
        bool succeeded,
        IPAddress remote,
        CancellationToken ct
    ) =>
        new(
            succeeded
                ? new AuthenticationResult(
                    AuthenticationStatus.Succeeded,
                    new AuthenticatedUser(1, EmailAddress.Parse(user))
                )
                : AuthenticationResult.Failed
        );

    public sealed record Taken(SmtpPeer Peer, SmtpEnvelope Envelope, string Content);

    private sealed class Incoming(SmtpTestServer server, SmtpPeer peer, SmtpEnvelope envelope) : IIncomingMessage
    {
        private readonly MemoryStream _bytes = new();
        private bool _isOver;

        public SmtpReply? EarlyRefusal => _bytes.Length > 0 ? server.EarlyRefusal : null;

        public ValueTask WriteAsync(ReadOnlySequence<byte> bytes, CancellationToken ct)
        {
            if (server.WriteFault is { } fault)
                throw fault;
            foreach (var part in bytes)
                _bytes.Write(part.Span);
            return ValueTask.CompletedTask;
        }

        public ValueTask<IReadOnlyList<SmtpReply>> CompleteAsync(CancellationToken ct)
        {
            if (server.IntakeFault is { } fault)
                throw fault;
            if (server.IntakeHangs)
                return HangAsync(ct);
            server.Messages.Add(new Taken(peer, envelope, Encoding.Latin1.GetString(_bytes.ToArray())));
            var reply = new SmtpReply(250, "2.0.0", $"{envelope.Id} accepted");
            return peer.Role == ListenerRole.Lmtp || envelope.Mail.TakesReplyEach
                ? new([.. envelope.Recipients.Select(r => server.OutcomeOf(r.Arguments.Recipient.LocalPart) ?? reply)])
                : new([reply]);
        }

        public ValueTask DisposeAsync()
        {
            if (!_isOver)
                server.Open--;
            _isOver = true;
            return _bytes.DisposeAsync();
        }

        private static async ValueTask<IReadOnlyList<SmtpReply>> HangAsync(CancellationToken ct)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
            return [];
        }
    }
}
