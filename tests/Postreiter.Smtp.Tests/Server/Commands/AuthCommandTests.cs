using System.Text;
using Postreiter.Smtp.Server;
using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server.Commands;

public sealed class AuthCommandTests
{
    private const string Wrong = "AGFubkBvdXIuZXhhbXBsZQB3cm9uZw==";
    private const string Right = "AGFubkBvdXIuZXhhbXBsZQBzZWNyZXQ=";

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Users_log_in_on_submission_ports(Pacing pacing)
    {
        var server = new SmtpTestServer { Role = ListenerRole.Submission };
        await server.PlayAsync(
            pacing,
            $"""
            S: 220 *
            C: EHLO c
            S... 250-AUTH SCRAM-SHA-256 PLAIN LOGIN
            S: 250 HELP
            C: MAIL FROM:<ann@our.example>
            S: 530 5.7.0 *
            C: AUTH PLAIN
            S: 334
            C: *
            S: 501 5.7.0 *
            C: AUTH PLAIN {Wrong}
            S: 535 5.7.8 *
            C: AUTH LOGIN
            S: 334 VXNlcm5hbWU6
            C: YW5uQG91ci5leGFtcGxl
            S: 334 UGFzc3dvcmQ6
            C: c2VjcmV0
            S: 235 2.7.0 *
            C: AUTH LOGIN
            S: 503 5.5.1 *
            C: MAIL FROM:<ann@our.example>
            S: 250 *
            C: AUTH PLAIN {Right}
            S: 503 5.5.1 *        # RFC 4954 §4: not within a transaction
            C: RCPT TO:<x@far.example>
            S: 250 *
            C: DATA
            S: 354 *
            C: .
            S: 250 *
            """
        );
        Assert.Equal(1, Assert.Single(server.Messages).Peer.User?.AccountId);
    }

    [Theory]
    [InlineData("AUTH PLAIN " + Right, "235 2.7.0 *")]
    [InlineData("auth plain " + Right, "235 2.7.0 *")]
    [InlineData("AUTH", "501 5.5.4 *")]
    [InlineData("AUTH ", "501 5.5.4 *")]
    [InlineData("AUTH CRAM-MD5", "504 5.5.4 *")]
    [InlineData("AUTH SCRAM-SHA-256-PLUS", "504 5.5.4 *")]
    [InlineData("AUTH PLAIN !!!", "501 5.5.2 *")]
    [InlineData("AUTH PLAIN AGFu", "535 5.7.8 *")]
    [InlineData("AUTH PLAIN AGF", "501 5.5.2 *")]
    [InlineData("AUTH PLAIN A===", "501 5.5.2 *")]
    [InlineData("AUTH PLAIN =", "535 5.7.8 *")]
    [InlineData("AUTH PLAIN AGFu bkBv", "501 5.5.4 *")]
    [InlineData("AUTH PLAIN \u00e4\u00e4\u00e4\u00e4", "501 5.5.2 *")]
    public async Task A_command_gets_its_reply(string command, string reply) =>
        await new SmtpTestServer { Role = ListenerRole.Submission }.PlayAsync(
            Pacing.Lines,
            $"{Scripts.Greeted}\nC: {command}\nS: {reply}"
        );

    [Theory]
    [InlineData("AGFu bkBv")]
    [InlineData("AGF")]
    [InlineData("\u00e4")]
    [InlineData("AGFu====")]
    public async Task An_answer_that_is_no_base64_ends_the_exchange(string answer) =>
        await new SmtpTestServer { Role = ListenerRole.Submission }.PlayAsync(
            Pacing.Lines,
            $"{Scripts.Greeted}\nC: AUTH PLAIN\nS: 334\nC: {answer}\nS: 501 5.5.2 *\nC: NOOP\nS: 250 *"
        );

    [Theory]
    [InlineData(ListenerRole.Mx, "EHLO")]
    [InlineData(ListenerRole.Lmtp, "LHLO")]
    public async Task Nobody_logs_in_elsewhere(ListenerRole role, string hello)
    {
        // Not offered under TLS either.
        await new SmtpTestServer { Role = role }.PlayAsync(
            Pacing.Lines,
            $"""
            S: 220 *
            C: {hello} c
            S... 250-STARTTLS
            S: 250 HELP
            C: AUTH PLAIN {Right}
            S: 502 5.5.1 *
            C: STARTTLS
            S: 220 *
            TLS
            C: {hello} c
            S... 250-LIMITS *
            {(role == ListenerRole.Mx ? "S: 250-PRDR\n" : "")}S: 250 HELP
            C: AUTH PLAIN {Right}
            S: 502 5.5.1 *
            """
        );
    }

    [Fact]
    public async Task P13_no_password_in_the_clear()
    {
        var server = new SmtpTestServer
        {
            Options = new() { HostName = "mx.our.example" },
            Role = ListenerRole.Submission,
        };
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            S: 220 *
            C: EHLO c
            S... 250-STARTTLS
            S: 250-AUTH SCRAM-SHA-256
            S: 250 HELP
            C: AUTH PLAIN {Right}
            S: 538 5.7.11 *       # RFC 4954 §6
            C: AUTH login
            S: 538 5.7.11 *
            C: MAIL FROM:<ann@our.example>
            S: 530 5.7.0 *
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task L1_AUTH_has_12288_octets_and_other_commands_have_2048(Pacing pacing)
    {
        var most = 12_288 - "AUTH PLAIN \r\n".Length;
        var at = new string('A', most / 4 * 4);
        await new SmtpTestServer { Role = ListenerRole.Submission }.PlayAsync(
            pacing,
            $"""
            {Scripts.Greeted}
            C: AUTH PLAIN {at}
            S: 535 5.7.8 *
            C: AUTH PLAIN {at}AAAA
            S: 500 5.5.2 *
            C: NOOP {new string('x', 2048)}
            S: 500 5.5.2 *
            C: AUTH PLAIN
            S: 334
            C: {new string('A', 12_284)}
            S: 535 5.7.8 *
            """
        );
        await new SmtpTestServer { Role = ListenerRole.Submission }.PlayAsync(
            pacing,
            $"{Scripts.Greeted}\nC: AUTH PLAIN\nS: 334\nC: {new string('A', 12_288)}\nS: 500 5.5.2 *\nC: NOOP\nS: 250 *"
        );
    }

    [Fact]
    public async Task L13_three_failed_logins_end_the_session() =>
        await new SmtpTestServer { Role = ListenerRole.Submission }.PlayAsync(
            Pacing.Lines,
            $"""
            {Scripts.Greeted}
            {Dialogue.Repeat(3, _ => $"C: AUTH PLAIN {Wrong}\nS: 535 5.7.8 *")}
            S: 421 4.7.0 *
            S: <closed>
            """
        );

    [Theory]
    [InlineData("PLAIN " + Right)]
    [InlineData("SCRAM-SHA-256 biwsbj1hbm5Ab3VyLmV4YW1wbGUscj1hYmM=")]
    public async Task F12_a_directory_that_is_down_is_454_and_no_wrong_password(string command)
    {
        var server = new SmtpTestServer
        {
            Role = ListenerRole.Submission,
            AuthenticationFault = new InvalidOperationException("the directory fell over"),
        };
        await server.PlayAsync(
            Pacing.Lines,
            $"{Scripts.Greeted}\n{Dialogue.Repeat(4, _ => $"C: AUTH {command}\nS: 454 4.7.0 *")}\nC: NOOP\nS: 250 *"
        );
    }

    [Fact]
    public async Task A_client_that_goes_within_AUTH_is_gone()
    {
        var server = new SmtpTestServer { Role = ListenerRole.Submission };
        await server.PlayAsync(Pacing.Lines, $"{Scripts.Greeted}\nC: AUTH PLAIN\nS: 334\nCLOSE");
    }

    [Theory]
    [InlineData("AUTH PLAIN\\n")]
    [InlineData("AUTH PLAIN\\r\\nAGFu\\nAUTH PLAIN x\\r\\n")]
    public async Task A_bare_line_end_within_AUTH_ends_the_session(string input) =>
        await new SmtpTestServer { Role = ListenerRole.Submission }.PlayAsync(
            Pacing.Lines,
            $"{Scripts.Greeted}\nR: {input}\nS... 550 5.5.2 *\nS: <closed>"
        );

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task SCRAM_SHA_256_PLUS_binds_to_the_certificate(Pacing pacing)
    {
        var server = new SmtpTestServer { Role = ListenerRole.Submission };
        foreach (var isBound in new[] { true, false })
        {
            var connection = MemoryConnection.Create(pacing, tls: MemoryConnection.TestTls);
            var session = server.Handler().HandleAsync(connection, CancellationToken.None);
            var play = Dialogue.On(connection, pacing, server.Clock);
            var binding = isBound ? MemoryConnection.TestTls.ServerEndPointBinding!.Value.ToArray() : [9];
            var scram = new ScramClient("secret", "p=tls-server-end-point,,", binding);
            await play.RunAsync(
                $"""
                S: 220 *
                C: EHLO c
                S... 250-AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN
                S: 250 HELP
                C: AUTH SCRAM-SHA-256-PLUS {Base64(scram.First("ann@our.example"))}
                """
            );
            var challenge = await play.ReadLineAsync();
            Assert.StartsWith("334 ", challenge, StringComparison.Ordinal);
            await play.RunAsync($"C: {Base64(scram.Final(Text(challenge[4..])))}");
            if (isBound)
            {
                Assert.Equal("334 " + Base64(scram.ServerFinal), await play.ReadLineAsync());
                await play.RunAsync("C:\nS: 235 2.7.0 *\nC: MAIL FROM:<ann@our.example>\nS: 250 *");
            }
            else
            {
                await play.RunAsync("S: 535 5.7.8 *");
            }

            connection.Client.Close();
            await session;
        }
    }

    [Theory]
    [InlineData("n,,", "SCRAM-SHA-256", "235 2.7.0 *")]
    [InlineData("y,,", "SCRAM-SHA-256", null)]
    [InlineData("p=tls-unique,,", "SCRAM-SHA-256-PLUS", null)]
    [InlineData("n,,", "SCRAM-SHA-256-PLUS", null)]
    public async Task Under_TLS_the_client_has_to_know_what_is_offered(string gs2, string mechanism, string? end)
    {
        var server = new SmtpTestServer { Role = ListenerRole.Submission };
        var connection = MemoryConnection.Create(tls: MemoryConnection.TestTls);
        var session = server.Handler().HandleAsync(connection, CancellationToken.None);
        var play = Dialogue.On(connection, Pacing.Lines, server.Clock);
        var scram = new ScramClient("secret", gs2, []);
        await play.RunAsync(
            $"S: 220 *\nC: EHLO c\nS... 250 HELP\nC: AUTH {mechanism} {Base64(scram.First("ann@our.example"))}"
        );
        if (end is null)
        {
            // RFC 5802 §6: "y" says that -PLUS was not offered; somebody took it off the list.
            await play.RunAsync("S: 535 5.7.8 *");
        }
        else
        {
            var challenge = await play.ReadLineAsync();
            await play.RunAsync($"C: {Base64(scram.Final(Text(challenge[4..])))}\nS: 334 *\nC:\nS: {end}");
        }

        connection.Client.Close();
        await session;
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Text(string base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64));
}
