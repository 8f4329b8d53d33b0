using System.Net;
using Postreiter.Testing;

namespace Postreiter.Pop3.Tests;

public sealed class AuthorizationTests
{
    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Capabilities_before_TLS_under_TLS_and_after_log_in(Pacing pacing)
    {
        var server = await Pop3TestServer.StartAsync(allowPlaintext: false);
        await server.PlayAsync(
            pacing,
            """
            S: +OK mx.our.example *
            C: CAPA
            S: +OK *
            S: TOP
            S: UIDL
            S: RESP-CODES
            S: AUTH-RESP-CODE
            S: PIPELINING
            S: EXPIRE NEVER
            S: SASL SCRAM-SHA-256
            S: STLS
            S: .
            C: STLS
            S: +OK *
            TLS
            C: capa
            S... EXPIRE NEVER
            S: USER
            S: SASL SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN
            S: .                        # RFC 2595 §4: no STLS under TLS
            C: STLS
            S: -ERR *
            C: USER ann@our.example
            S: +OK *
            C: PASS open sesame
            S: +OK 0 messages, 0 octets
            C: CAPA
            S... .
            C: QUIT
            S: +OK *
            S: <closed>
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task P13_passwords_are_neither_offered_nor_taken_in_the_clear(Pacing pacing)
    {
        var server = await Pop3TestServer.StartAsync(allowPlaintext: false);
        await server.PlayAsync(
            pacing,
            """
            S: +OK *
            C: USER ann@our.example
            S: -ERR *
            C: PASS open sesame
            S: -ERR *
            C: AUTH PLAIN AGFubkBvdXIuZXhhbXBsZQBvcGVuIHNlc2FtZQ==
            S: -ERR *
            C: AUTH LOGIN
            S: -ERR *
            C: QUIT
            S: +OK *
            S: <closed>
            """
        );
    }

    [Fact]
    public async Task P13_what_was_said_before_TLS_is_forgotten()
    {
        var server = await Pop3TestServer.StartAsync();
        await server.PlayAsync(
            Pacing.Lines,
            """
            S: +OK *
            C: USER ann@our.example
            S: +OK *
            R: STLS\r\nPASS open sesame\r\nCAPA\r\n
            S: +OK *
            TLS
            C: PASS open sesame          # RFC 2595 §4: the USER does not count, the injected lines neither
            S: -ERR *
            S: <nothing>
            C: QUIT
            S: +OK *
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Auth_with_and_without_initial_response(Pacing pacing)
    {
        var server = await Pop3TestServer.StartAsync();
        await server.PlayAsync(
            pacing,
            """
            S: +OK *
            C: AUTH
            S: -ERR *
            C: AUTH PLAIN *no base64*
            S: -ERR *
            C: AUTH PLAIN
            S: +
            C: *                         # RFC 5034 §4
            S: -ERR *
            C: AUTH NTLM
            S: -ERR *
            C: AUTH LOGIN
            S: + VXNlcm5hbWU6
            C: YW5uQG91ci5leGFtcGxl
            S: + UGFzc3dvcmQ6
            C: b3BlbiBzZXNhbWU=
            S: +OK *
            C: AUTH PLAIN
            S: -ERR *
            C: QUIT
            S: +OK *
            """
        );
        await server.PlayAsync(
            pacing,
            """
            S: +OK *
            C: auth plain AGFubkBvdXIuZXhhbXBsZQBvcGVuIHNlc2FtZQ==
            S: +OK *
            C: QUIT
            S: +OK *
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task L13_three_failed_log_ins_end_the_session(Pacing pacing)
    {
        var server = await Pop3TestServer.StartAsync();
        await server.PlayAsync(
            pacing,
            """
            S: +OK *
            C: PASS before a name
            S: -ERR *
            C: USER nobody@our.example
            S: +OK *
            C: PASS open sesame
            S: -ERR [AUTH] *             # RFC 3206 §4
            C: USER ann@our.example
            S: +OK *
            C: PASS wrong
            S: -ERR [AUTH] *
            C: AUTH PLAIN AGEAYg==
            S: -ERR [AUTH] *
            S: <closed>
            """
        );
    }

    [Fact]
    public async Task F12_a_directory_that_is_down_is_no_wrong_password()
    {
        var server = await Pop3TestServer.StartAsync();
        server.Authenticator.IsDown = true;
        await server.PlayAsync(
            Pacing.Lines,
            Dialogue.Repeat(
                4,
                i => (i == 0 ? "S: +OK *\n" : "") + "C: USER ann@our.example\nS: +OK *\nC: PASS x\nS: -ERR [SYS/TEMP] *"
            )
        );
    }

    [Fact]
    public async Task One_session_at_a_time_has_the_mailbox()
    {
        var server = await Pop3TestServer.StartAsync();
        var first = MemoryConnection.Create(Pacing.Lines);
        var session = Task.Run(() => server.Handler.HandleAsync(first, CancellationToken.None), Pop3TestServer.Ct);
        await Dialogue.On(first, Pacing.Lines).RunAsync(Pop3TestServer.LogIn);
        await server.PlayAsync(
            Pacing.Lines,
            """
            S: +OK *
            C: USER ann@our.example
            S: +OK *
            C: PASS open sesame
            S: -ERR [IN-USE] *           # RFC 2449 §8.1.2
            C: QUIT
            S: +OK *
            """
        );
        first.Client.Close();
        await session;
        await server.PlayAsync(Pacing.Lines, Pop3TestServer.LogIn);
    }

    [Fact]
    public async Task A_server_that_stops_says_so_between_two_commands()
    {
        var server = await Pop3TestServer.StartAsync();
        var uid = await server.AddAsync("Subject: stays\r\n\r\n");
        var connection = MemoryConnection.Create(Pacing.Lines, new IPEndPoint(IPAddress.Loopback, 5));
        using var stopping = new CancellationTokenSource();
        var session = Task.Run(
            async () =>
            {
                await using (connection)
                    await server.Handler.HandleAsync(connection, stopping.Token);
            },
            Pop3TestServer.Ct
        );
        var dialogue = Dialogue.On(connection, Pacing.Lines);
        await dialogue.RunAsync(Pop3TestServer.LogIn + "\nC: DELE 1\nS: +OK *");
        await stopping.CancelAsync();
        await dialogue.RunAsync("S: -ERR [SYS/TEMP] *\nS: <closed>");
        await session;
        Assert.Equal([uid], await server.UidsAsync());
    }
}
