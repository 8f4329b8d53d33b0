using System.IO.Pipelines;
using System.Net;
using Postreiter.Core;
using Postreiter.Net;
using Postreiter.Smtp.Client;
using Postreiter.Smtp.Server;
using Postreiter.Smtp.Tests.Server;
using Postreiter.Testing;
using static Postreiter.Smtp.Tests.Client.ClientRun;

namespace Postreiter.Smtp.Tests.Client;

/// <summary>Our client against our server, both over memory: what one says the other means.</summary>
public sealed class OwnServerTests
{
    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task A_relay_is_logged_in_to_by_SCRAM_under_TLS_and_gets_every_parameter(Pacing pacing)
    {
        var server = new SmtpTestServer
        {
            Role = ListenerRole.Submission,
            Options = new() { HostName = "mx.our.example" },
        };
        var message = Message(
            "Subject: \u00fc\r\n\r\n.dot\r\n",
            "j\u00f6rg@far.test",
            "nobody@far.test",
            "bob@far.test"
        );
        message = message with
        {
            Mail = message.Mail with
            {
                ReversePath = EmailAddress.Parse("ann@our.example"),
                Body = SmtpBody.EightBitMime,
                SmtpUtf8 = true,
                EnvelopeId = "an id+=",
                Return = "HDRS",
            },
            Recipients =
            [
                message.Recipients[0] with
                {
                    Notify = SmtpNotify.Success | SmtpNotify.Delay,
                    OriginalRecipient = "utf-8;\u00f6@old.test",
                },
                .. message.Recipients.Skip(1),
            ],
        };
        var credentials = new SmtpCredentials("ann@our.example", "secret");
        var result = await SendAsync(server, pacing, message, SmtpTlsMode.Required, credentials);
        Assert.Equal([250, 550, 250], result.Replies.Select(r => r.Code));
        var taken = Assert.Single(server.Messages);
        // The test's server keeps a character for each byte.
        Assert.Equal("Subject: \u00c3\u00bc\r\n\r\n.dot\r\n", taken.Content);
        var mail = taken.Envelope.Mail;
        Assert.Equal(
            ("an id+=", "HDRS", SmtpBody.EightBitMime, true),
            (mail.EnvelopeId, mail.Return, mail.Body, mail.SmtpUtf8)
        );
        Assert.Equal(message.Length, mail.Size);
        Assert.Equal(2, taken.Envelope.Recipients.Count);
        var first = taken.Envelope.Recipients[0].Arguments;
        Assert.Equal(SmtpNotify.Success | SmtpNotify.Delay, first.Notify);
        // RFC 6533 §3: the 7-bit form, which means the same.
        Assert.Equal("utf-8;\\x{F6}@old.test", first.OriginalRecipient);
    }

    [Fact]
    public async Task A_wrong_password_defers()
    {
        var server = new SmtpTestServer
        {
            Role = ListenerRole.Submission,
            Options = new() { HostName = "mx.our.example" },
        };
        var credentials = new SmtpCredentials("ann@our.example", "wrong");
        var result = await SendAsync(server, Pacing.Lines, Message(), SmtpTlsMode.Required, credentials);
        Assert.Equal((454, "4.7.0"), (result.Replies[0].Code, result.Replies[0].Enhanced.ToString()));
        Assert.Empty(server.Messages);
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task P8_binary_mail_arrives_byte_by_byte(Pacing pacing)
    {
        var server = new SmtpTestServer();
        var text = "Subject: x\r\n\r\n\0a\nb\rc\r\n.\r\nMAIL FROM:<evil@our.test>\r\n";
        var message = Message(text, "bob@our.example");
        message = message with { Mail = message.Mail with { Body = SmtpBody.BinaryMime } };
        Assert.Equal(250, (await SendAsync(server, pacing, message, SmtpTlsMode.Opportunistic)).Replies[0].Code);
        Assert.Equal(text, Assert.Single(server.Messages).Content);
    }

    [Fact]
    public async Task L6_more_recipients_than_the_server_takes_at_once_all_get_it()
    {
        var server = SmtpTestServer.With(new SmtpLimits { MaxRecipients = 100 });
        var to = Enumerable.Range(0, 250).Select(i => $"u{i}@our.example").ToArray();
        var result = await SendAsync(server, Pacing.Lines, Message("x\r\n", to), SmtpTlsMode.Opportunistic);
        Assert.All(result.Replies, r => Assert.Equal(250, r.Code));
        Assert.Equal([100, 100, 50], server.Messages.Select(m => m.Envelope.Recipients.Count));
    }

    private static async Task<SendResult> SendAsync(
        SmtpTestServer server,
        Pacing pacing,
        OutgoingMessage message,
        SmtpTlsMode tls,
        SmtpCredentials? credentials = null
    )
    {
        var connection = MemoryConnection.Create(pacing);
        using var stopping = new CancellationTokenSource();
        var session = Task.Run(
            async () =>
            {
                await using (connection)
                    await server.Handler().HandleAsync(connection, stopping.Token);
            },
            Ct
        );
        await using var outgoing = new Bridge(connection);
        var client = new SmtpClient(outgoing, Options with { Tls = tls, Credentials = credentials }, server.Clock);
        var refusal = await client.OpenAsync(Ct);
        var result = refusal is null ? await client.SendAsync(message, Ct) : new SendResult([refusal], true);
        await client.QuitAsync();
        outgoing.Abort();
        await session.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Ct);
        return result;
    }

    /// <summary>The client's end of a connection over memory.</summary>
    private sealed class Bridge(MemoryConnection connection) : OutgoingConnection
    {
        private TlsInfo? _tls;

        public override IPEndPoint Remote => connection.Local;

        public override PipeReader Input => connection.Client.Input;

        public override PipeWriter Output => connection.Client.Output;

        public override TlsInfo? Tls => _tls;

        public override async ValueTask<bool> StartTlsAsync(string serverName, bool verify, CancellationToken ct)
        {
            await connection.Client.HandshakeAsync(true, ct);
            _tls = MemoryConnection.TestTls;
            return true;
        }

        public override void Abort() => connection.Client.Close();

        public override async ValueTask DisposeAsync()
        {
            Abort();
            await Input.CompleteAsync();
        }
    }
}
