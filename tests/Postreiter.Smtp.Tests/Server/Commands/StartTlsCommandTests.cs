using Postreiter.Smtp.Server;
using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server.Commands;

public sealed class StartTlsCommandTests
{
    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task It_starts_the_session_anew_and_drops_what_came_before(Pacing pacing) =>
        await new SmtpTestServer
        {
            Options = new() { HostName = "mx.our.example" },
            Role = ListenerRole.Submission,
        }.PlayAsync(
            pacing,
            """
            S: 220 *
            C: EHLO c
            S... 250-STARTTLS
            S: 250-AUTH SCRAM-SHA-256
            S: 250 HELP
            C: STARTTLS now
            S: 501 5.5.4 *
            C: STARTTLS
            S: 220 2.0.0 *
            TLS
            C: MAIL FROM:<>
            S: 503 5.5.1 *
            C: EHLO c
            S... 250-AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN
            S: 250 HELP
            C: STARTTLS
            S: 503 5.5.1 *
            """
        );

    [Fact]
    public async Task P13_commands_injected_behind_STARTTLS_are_never_run()
    {
        // RFC 3207 §4.2, CVE-2011-0411: in one packet with the command.
        var server = new SmtpTestServer();
        await server.PlayAsync(
            Pacing.Lines,
            """
            S: 220 *
            C: EHLO c
            S... 250 HELP
            R: STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@x.example>\r\nRCPT TO:<a@our.example>\r\nDATA\r\n
            S: 220 2.0.0 *
            TLS
            C: NOOP
            S: 250 2.0.0 *
            C: DATA
            S: 503 5.5.1 *
            """
        );
        Assert.Empty(server.Messages);
    }

    [Fact]
    public async Task P13_a_login_from_before_is_forgotten() =>
        await new SmtpTestServer { Role = ListenerRole.Submission }.PlayAsync(
            Pacing.Lines,
            """
            S: 220 *
            C: EHLO c
            S... 250 HELP
            C: AUTH PLAIN AGFubkBvdXIuZXhhbXBsZQBzZWNyZXQ=
            S: 235 2.7.0 *
            C: STARTTLS
            S: 220 *
            TLS
            C: EHLO c
            S... 250 HELP
            C: MAIL FROM:<ann@our.example>
            S: 530 5.7.0 *
            """
        );

    [Fact]
    public async Task Within_a_transaction_it_is_out_of_place() =>
        await new SmtpTestServer().PlayAsync(Pacing.Lines, $"{Scripts.Open}\nC: STARTTLS\nS: 503 5.5.1 *");

    [Fact]
    public async Task It_is_taken_before_EHLO() =>
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            "S: 220 *\nC: STARTTLS\nS: 220 *\nTLS\nC: EHLO c\nS... 250 HELP"
        );

    [Fact]
    public async Task F10_without_a_certificate_port_25_goes_on_in_the_clear()
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            MemoryConnection.Create(offersTls: false),
            Pacing.Lines,
            """
            S: 220 *
            C: EHLO c
            S... 250-LIMITS *
            S: 250-PRDR
            S: 250 HELP
            C: STARTTLS
            S: 502 5.5.1 *
            C: MAIL FROM:<>
            S: 250 *
            """
        );
    }

    [Fact]
    public async Task A_handshake_that_fails_ends_the_session()
    {
        var server = new SmtpTestServer();
        var connection = MemoryConnection.Create();
        var session = server.Handler().HandleAsync(connection, CancellationToken.None);
        await Dialogue.On(connection, Pacing.Lines).RunAsync("S: 220 *\nC: STARTTLS\nS: 220 *");
        await connection.Client.HandshakeAsync(succeed: false, TestContext.Current.CancellationToken);
        await session;
    }
}
