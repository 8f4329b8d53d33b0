using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Core;
using Postreiter.Delivery.Queue;
using Postreiter.Delivery.Routing;
using Postreiter.Net;
using Postreiter.Smtp.Client;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Queue;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Routing;

/// <summary>Whole attempts over loopback sockets with a peer that plays a list of replies, one for each command.</summary>
public sealed class RemoteDeliveryTests
{
    [Fact]
    public async Task Each_recipient_has_its_own_outcome_and_the_content_arrives_whole()
    {
        var (outcomes, wire) = await RunAsync([
            "220 hi",
            "250 me",
            "250 ok",
            "250 ok",
            "550 5.1.1 who",
            "451 4.2.1 wait",
            "354 go",
            "250 taken",
            "221 bye",
        ]);
        Assert.Equal(
            [DeliveryAction.Relayed, DeliveryAction.Failed, DeliveryAction.Deferred],
            outcomes.Select(o => o.Action)
        );
        Assert.Contains("DATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\n", wire, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("554 go away", DeliveryAction.Failed)]
    [InlineData("421 busy", DeliveryAction.Deferred)]
    [InlineData("HTTP/1.1 400 Bad Request", DeliveryAction.Deferred)]
    [InlineData("220 hi|250 me|452 4.3.1 full", DeliveryAction.Deferred)]
    [InlineData("220 hi|250 me|250 ok|250 ok|250 ok|250 ok|354 go", DeliveryAction.Deferred)]
    [InlineData("220 hi|250 me|250 ok|250 ok|250 ok|250 ok|354 go|554 5.7.1 no", DeliveryAction.Failed)]
    [InlineData("220 hi|250-me\r\n250 SIZE 5", DeliveryAction.Failed)]
    public async Task A_peer_that_refuses_or_vanishes_defers_or_fails_and_never_delivers(
        string replies,
        DeliveryAction action
    )
    {
        var (outcomes, _) = await RunAsync(replies.Split('|'));
        Assert.Equal(3, outcomes.Count);
        Assert.All(outcomes, o => Assert.Equal(action, o.Action));
    }

    [Theory]
    [InlineData("554 go away|221 bye")]
    [InlineData("220 hi|550 no|502 not this either|221 bye")]
    [InlineData("220 hi|250-me\r\n250 AUTH PLAIN|535 5.7.8 who?|221 bye")]
    [InlineData("220 hi|250 me|221 bye")]
    public async Task A_session_that_is_refused_before_any_mail_ends_with_QUIT(string replies)
    {
        // RFC 5321 §4.1.1.10: the channel is not closed before QUIT was said.
        var (_, wire) = await RunAsync(replies.Split('|'), new SmtpCredentials("me", "secret"));
        Assert.EndsWith("QUIT\r\n", wire, StringComparison.Ordinal);
    }

    private static async Task<(IReadOnlyList<RecipientOutcome>, string)> RunAsync(
        string[] replies,
        SmtpCredentials? credentials = null
    )
    {
        var ct = TestContext.Current.CancellationToken;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var peer = PlayAsync(listener, replies, ct);
        var options = new OutboundOptions
        {
            HostName = DomainName.Parse("mx.our.test"),
            Smarthost = new RelayHost("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port, Credentials: credentials),
            KeepSession = TimeSpan.Zero,
        };
        var delivery = new RemoteDelivery(
            options,
            new FakeDns(),
            new SocketDialler(TimeProvider.System),
            new Random(1),
            TimeProvider.System,
            NullLogger<RemoteDelivery>.Instance
        );
        var content = Encoding.ASCII.GetBytes("Subject: x\r\n\r\n.dot\r\n");
        var outcomes = await delivery.DeliverAsync(Item(), _ => new(new Bytes(content)), ct);
        return (outcomes, await peer);
    }

    internal static QueueItem Item() =>
        new()
        {
            Id = 1,
            DeliveryId = default,
            Destination = DomainName.Parse("far.test"),
            Envelope = new QueueEnvelope { ReversePath = EmailAddress.Parse("ann@our.test") },
            Recipients = [.. "abc".Select(c => new QueueRecipient(EmailAddress.Parse(c + "@far.test")))],
            Blob = default,
            Prefix = default,
            Size = 22,
            Created = default,
            NextAttempt = default,
            Attempts = 0,
            DelayNoticeSent = false,
            State = QueueState.Leased,
            Lease = 1,
        };

    private static async Task<string> PlayAsync(TcpListener listener, string[] replies, CancellationToken ct)
    {
        using var client = await listener.AcceptTcpClientAsync(ct);
        var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.Latin1);
        var wire = new StringBuilder();
        var inData = false;
        foreach (var reply in replies)
        {
            if (wire.Length > 0 || reply != replies[0])
            {
                string? line;
                do
                {
                    line = await reader.ReadLineAsync(ct);
                    wire.Append(line).Append("\r\n");
                } while (line is not null && inData && line != ".");
            }

            await stream.WriteAsync(Encoding.Latin1.GetBytes(reply + "\r\n"), ct);
            inData = reply.StartsWith("354", StringComparison.Ordinal);
        }

        return wire.ToString();
    }

    internal sealed class Bytes(byte[] bytes) : MessageContent
    {
        public override long Length => bytes.Length;

        public override ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken ct)
        {
            var count = (int)Math.Min(buffer.Length, Math.Max(0, bytes.Length - offset));
            bytes.AsSpan((int)offset, count).CopyTo(buffer.Span);
            return new(count);
        }

        public override ValueTask DisposeAsync() => default;
    }
}
