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

    public bool IntakeFails { get; init; }

    public Task PlayAsync(Pacing pacing, string script) => PlayAsync(MemoryConnection.Create(pacing), pacing, script);

    public Task PlayAsync(MemoryConnection connection, Pacing pacing, string script) =>
        Dialogue.PlayAsync(
            new SmtpConnectionHandler(
                Options,
                Role,
                this,
                this,
                new SaslServer(this),
                Clock,
                new Random(1),
                NullLogger<SmtpConnectionHandler>.Instance
            ),
            pacing,
            script,
            Clock,
            connection
        );

    public ValueTask<SmtpReply?> OnConnectAsync(SmtpPeer peer, CancellationToken ct) => new((SmtpReply?)null);

    public ValueTask<SmtpReply?> OnHeloAsync(SmtpPeer peer, CancellationToken ct) => new((SmtpReply?)null);

    public ValueTask<SmtpReply?> OnMailAsync(SmtpPeer peer, MailArguments mail, CancellationToken ct) =>
        new(peer is { Role: ListenerRole.Submission, User: null } ? new SmtpReply(530, "5.7.0", "Log in first") : null);

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

    public ValueTask<IncomingMessageStart> BeginAsync(SmtpPeer peer, SmtpEnvelope envelope, CancellationToken ct) =>
        new(new IncomingMessageStart(new Incoming(this, peer, envelope), null));

    public ValueTask<AuthenticationResult> VerifyPasswordAsync(
        string user,
        string password,
        IPAddress remote,
        CancellationToken ct
    ) =>
        new(
            (user, password) == ("ann@our.example", "secret")
                ? new AuthenticationResult(
                    AuthenticationStatus.Succeeded,
                    new AuthenticatedUser(1, EmailAddress.Parse("ann@our.example"))
                )
                : AuthenticationResult.Failed
        );

    public ValueTask<ScramSecret?> FindScramAsync(string user, IPAddress remote, CancellationToken ct) =>
        new((ScramSecret?)null);

    public ValueTask<AuthenticationResult> ReportScramAsync(
        string user,
        bool succeeded,
        IPAddress remote,
        CancellationToken ct
    ) => new(AuthenticationResult.Failed);

    public sealed record Taken(SmtpPeer Peer, SmtpEnvelope Envelope, string Content);

    private sealed class Incoming(SmtpTestServer server, SmtpPeer peer, SmtpEnvelope envelope) : IIncomingMessage
    {
        private readonly MemoryStream _bytes = new();

        public SmtpReply? EarlyRefusal => null;

        public ValueTask WriteAsync(ReadOnlySequence<byte> bytes, CancellationToken ct)
        {
            foreach (var part in bytes)
                _bytes.Write(part.Span);
            return ValueTask.CompletedTask;
        }

        public ValueTask<IReadOnlyList<SmtpReply>> CompleteAsync(CancellationToken ct)
        {
            if (server.IntakeFails)
                throw new InvalidOperationException("the store fell over");
            server.Messages.Add(new Taken(peer, envelope, Encoding.Latin1.GetString(_bytes.ToArray())));
            var reply = new SmtpReply(250, "2.0.0", $"{envelope.Id} accepted");
            return new([.. Enumerable.Repeat(reply, peer.Role == ListenerRole.Lmtp ? envelope.Recipients.Count : 1)]);
        }

        public ValueTask DisposeAsync() => _bytes.DisposeAsync();
    }
}
