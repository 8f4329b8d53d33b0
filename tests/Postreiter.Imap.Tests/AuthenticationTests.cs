using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

public sealed class AuthenticationTests
{
    private static readonly ImapOptions Strict = new();

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Capabilities_follow_the_state(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync(Strict);
        await server.PlayAsync(
            pacing,
            """
            S: * OK [CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL- ID ENABLE SASL-IR STARTTLS LOGINDISABLED AUTH=SCRAM-SHA-256] *
            C: 1 STARTTLS
            S: 1 OK *
            TLS
            C: 2 CAPABILITY
            S: * CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL- ID ENABLE SASL-IR AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256 AUTH=PLAIN AUTH=LOGIN
            S: 2 OK *
            C: 3 STARTTLS
            S: 3 BAD *
            C: 4 AUTHENTICATE PLAIN AGFubgBzZWNyZXQ=
            S: 4 OK [CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL- ID ENABLE SASL-IR UIDPLUS *
            C: 5 AUTHENTICATE PLAIN AGFubgBzZWNyZXQ=
            S: 5 BAD *
            C: 6 LOGIN ann secret
            S: 6 BAD *
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task PLAIN_and_LOGIN_go_with_and_without_an_initial_response(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        const string Plain = "C: 1 AUTHENTICATE plain\nS: +\nC: AGFubgBzZWNyZXQ=\nS: 1 OK [CAPABILITY *";
        await server.PlayAsync(pacing, "S: * OK *\n" + Plain);
        const string Login =
            "C: 1 AUTHENTICATE LOGIN\nS: + VXNlcm5hbWU6\nC: YW5u\nS: + UGFzc3dvcmQ6\nC: c2VjcmV0\nS: 1 OK *";
        await server.PlayAsync(pacing, "S: * OK *\n" + Login);
        await server.PlayAsync(
            pacing,
            "S: * OK *\nC: 1 AUTHENTICATE LOGIN YW5u\nS: + UGFzc3dvcmQ6\nC: c2VjcmV0\nS: 1 OK *"
        );
    }

    [Theory]
    [InlineData(Pacing.Lines, false, false)]
    [InlineData(Pacing.Bytes, false, true)]
    [InlineData(Pacing.Lines, true, true)]
    [InlineData(Pacing.Bytes, true, false)]
    public async Task SCRAM_runs_plain_and_bound_to_TLS(Pacing pacing, bool plus, bool initial)
    {
        var server = await ImapTestServer.StartAsync(Strict);
        var connection = MemoryConnection.Create(pacing, tls: plus ? MemoryConnection.TestTls : null);
        var session = server.Handler.HandleAsync(connection, CancellationToken.None);
        var dialogue = Dialogue.On(connection, pacing);
        var client = new ScramClient("ann", plus ? MemoryConnection.TestTls.ServerEndPointBinding : null);
        var mechanism = plus ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256";
        await dialogue.RunAsync(
            initial
                ? $"S: * OK *\nC: 1 AUTHENTICATE {mechanism} {client.First}"
                : $"S: * OK *\nC: 1 AUTHENTICATE {mechanism}\nS: +\nC: {client.First}"
        );
        var challenge = await dialogue.ReadLineAsync();
        await dialogue.RunAsync(
            $"C: {client.Final(challenge[2..])}\nS: + *\nC:\nS: 1 OK *\nC: 2 LOGOUT\nS: * BYE *\nS: 2 OK *"
        );
        await session;
        await connection.DisposeAsync();
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task A_wrong_proof_fails(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync(Strict);
        var client = new ScramClient("ann", null);
        await server.PlayAsync(
            pacing,
            $"""
            S: * OK *
            C: 1 AUTHENTICATE SCRAM-SHA-256 {client.First}
            S: + *
            C: {client.Final(Convert.ToBase64String("r=another,s=AQIDBA==,i=4096"u8))}
            S: 1 NO [AUTHENTICATIONFAILED] *
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task What_is_not_an_exchange_is_refused_with_the_right_code(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync(Strict with { MaxBadCommandsBeforeLogin = 20 });
        await server.PlayAsync(
            pacing,
            $"""
            S: * OK *
            C: 1 AUTHENTICATE
            S: 1 BAD *
            C: 2 AUTHENTICATE SCRAM-SHA-256
            S: +
            C: *
            S: 2 BAD *            # RFC 9051 §6.2.2: cancelled
            C: 3 AUTHENTICATE PLAIN AGFubgBzZWNyZXQ=
            S: 3 NO [PRIVACYREQUIRED] *
            C: 4 LOGIN ann secret
            S: 4 NO [PRIVACYREQUIRED] *
            C: 5 AUTHENTICATE GSSAPI
            S: 5 NO *
            C: 6 AUTHENTICATE SCRAM-SHA-256 a=bc
            S: 6 BAD *
            C: 7 AUTHENTICATE SCRAM-SHA-256
            S: +
            C: no base64
            S: 7 BAD *
            C: 8 AUTHENTICATE SCRAM-SHA-256 bixi bixi
            S: 8 BAD *
            C: 9 AUTHENTICATE SCRAM-SHA-256 =
            S: 9 NO [AUTHENTICATIONFAILED] *
            C: 10 AUTHENTICATE SCRAM-SHA-256
            S: +
            C: {new string('A', 20_000)}
            S: 10 BAD *
            C: 11 AUTHENTICATE SCRAM-SHA-256{"  "}
            S: 11 BAD *
            C: 12 NOOP
            S: 12 OK *
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task L13_failed_exchanges_count_as_failed_logins(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayAsync(
            pacing,
            """
            S: * OK *
            C: 1 AUTHENTICATE PLAIN AGFubgB3cm9uZw==
            S: 1 NO [AUTHENTICATIONFAILED] *
            C: 2 LOGIN ann wrong
            S: 2 NO [AUTHENTICATIONFAILED] *
            C: 3 AUTHENTICATE PLAIN AGFubgB3cm9uZw==
            S: 3 NO [AUTHENTICATIONFAILED] *
            S: * BYE *
            S: <closed>
            """
        );
    }

    [Fact]
    public async Task F12_a_directory_that_is_down_is_UNAVAILABLE_and_no_failed_login()
    {
        var server = await ImapTestServer.StartAsync();
        server.IsDown = true;
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            S: * OK *
            {Dialogue.Repeat(4, i => $"C: {i} LOGIN ann secret\nS: {i} NO [UNAVAILABLE] *")}
            C: 5 AUTHENTICATE PLAIN AGFubgBzZWNyZXQ=
            S: 5 NO [UNAVAILABLE] *
            """
        );
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_handshake_that_fails_ends_the_session(bool hangUp)
    {
        var server = await ImapTestServer.StartAsync(Strict);
        var connection = MemoryConnection.Create();
        var session = server.Handler.HandleAsync(connection, CancellationToken.None);
        await Dialogue.On(connection, Pacing.Lines).RunAsync("S: * OK *\nC: 1 STARTTLS\nS: 1 OK *");
        if (hangUp)
            connection.Client.Close();
        else
            await connection.Client.HandshakeAsync(false, CancellationToken.None);
        await session;
        Assert.True(connection.WasAborted);
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task Without_a_certificate_there_is_no_STARTTLS()
    {
        var server = await ImapTestServer.StartAsync(Strict);
        await Dialogue.PlayAsync(
            server.Handler,
            Pacing.Lines,
            """
            S: * OK [CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL- ID ENABLE SASL-IR LOGINDISABLED AUTH=SCRAM-SHA-256] *
            C: 1 STARTTLS
            S: 1 BAD *
            """,
            connection: MemoryConnection.Create(offersTls: false)
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Commands_wait_for_their_state(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync(
            new ImapOptions { AllowPlaintext = true, MaxBadCommandsBeforeLogin = 50 }
        );
        string[] later =
        [
            "ENABLE IMAP4rev2",
            "SELECT INBOX",
            "EXAMINE INBOX",
            "CREATE a",
            "DELETE a",
            "RENAME a b",
            "SUBSCRIBE a",
            "UNSUBSCRIBE a",
            "LIST \"\" *",
            "LSUB \"\" *",
            "NAMESPACE",
            "STATUS a (SIZE)",
            "APPEND a {1+}\nC: x",
            "IDLE",
        ];
        string[] selected =
        [
            "CHECK",
            "CLOSE",
            "UNSELECT",
            "EXPUNGE",
            "UID EXPUNGE 1",
            "FETCH 1 UID",
            "STORE 1 FLAGS ()",
            "COPY 1 a",
            "MOVE 1 a",
            "UID MOVE 1 a",
        ];
        // A literal of APPEND is an argument like others before login.
        await server.PlayAsync(
            pacing,
            $"""
            S: * OK *
            {string.Join('\n', later.Concat(selected).Select(static c => $"C: 1 {c}\nS: 1 BAD *"))}
            C: 2 LOGIN ann secret
            S: 2 OK *
            {string.Join('\n', selected.Select(static c => $"C: 3 {c}\nS: 3 BAD *"))}
            C: 4 STARTTLS
            S: 4 BAD *
            """
        );
    }
}
