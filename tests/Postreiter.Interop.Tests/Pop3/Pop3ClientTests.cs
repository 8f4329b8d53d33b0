using System.Text;
using MailKit.Net.Pop3;
using MailKit.Security;

namespace Postreiter.Interop.Tests.Pop3;

/// <summary>POP3 clients that people use.</summary>
public sealed class Pop3ClientTests(PlaintextProcess server) : ClientTests(server), IClassFixture<PlaintextProcess>
{
    private const string Dots = ".\r\n..\r\n.x\r\nend";

    private const string Poplib = """
        import poplib, ssl, sys
        port, way, certificate, user, password = int(sys.argv[1]), *sys.argv[2:]
        context = ssl.create_default_context(cafile=certificate)

        def connect():
            if way == 'tls':
                return poplib.POP3_SSL('localhost', port, context=context)
            box = poplib.POP3('localhost', port)
            if way == 'stls':
                assert 'STLS' in box.capa()
                box.stls(context)
            return box

        box = connect()
        for word in ['UIDL', 'TOP', 'USER', 'SASL', 'PIPELINING', 'RESP-CODES', 'AUTH-RESP-CODE']:
            assert word in box.capa(), (word, box.capa())
        box.user(user)
        try:
            box.pass_('wrong')
            raise SystemExit('logged in with a wrong password')
        except poplib.error_proto as e:
            assert b'[AUTH]' in e.args[0], e
        box.user(user)
        box.pass_(password)
        count, size = box.stat()
        assert count == 2 and size == sum(int(l.split()[1]) for l in box.list()[1]), box.stat()
        assert len(set(l.split()[1] for l in box.uidl()[1])) == 2
        assert box.retr(2)[1][-4:] == [b'.', b'..', b'.x', b'end'], box.retr(2)
        assert box.retr(2)[2] == int(box.list(2).split()[2])
        assert box.top(2, 1)[1][-1] == b'.' and box.top(2, 0)[1][-1] == b'', box.top(2, 1)
        assert box.noop().startswith(b'+OK')

        other = connect()
        other.user(user)
        try:
            other.pass_(password)
            raise SystemExit('two sessions hold one mailbox')
        except poplib.error_proto as e:
            assert b'[IN-USE]' in e.args[0], e
        other.close()

        box.dele(1)
        assert box.stat()[0] == 1
        try:
            box.retr(1)
            raise SystemExit('a deleted message was given')
        except poplib.error_proto:
            pass
        box.rset()
        assert box.stat()[0] == 2
        box.dele(2)
        box.close()
        box = connect()
        box.user(user)
        box.pass_(password)
        assert box.stat()[0] == 2, 'a connection that breaks deletes nothing'
        box.dele(2)
        box.quit()
        print('all well')
        """;

    [Theory, InlineData("plain", "pop3"), InlineData("stls", "pop3"), InlineData("tls", "pop3s")]
    public async Task Python_poplib(string way, string listener)
    {
        var account = await FilledAsync();
        await PythonAsync(Poplib, Server.PortText(listener), way, Certificate, account, PostreiterProcess.Password);
        Assert.Contains("Subject: one", Assert.Single(await ReadAsync(account)).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pop3", "")]
    [InlineData("pop3", "--ssl-reqd")]
    [InlineData("pop3", "--ssl-reqd --login-options AUTH=PLAIN --sasl-ir")]
    [InlineData("pop3s", "")]
    [InlineData("pop3s", "--login-options AUTH=LOGIN")]
    public async Task Curl(string scheme, string options)
    {
        var account = await FilledAsync();
        Task<string> AskAsync(string path, params string[] more) => CurlAsync(account, scheme, options, path, more);

        Assert.Equal(2, (await AskAsync("")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(Message("dots", Dots), await AskAsync("2"));
        Assert.StartsWith("From: ", await AskAsync("", "--request", "TOP 1 0"), StringComparison.Ordinal);
        Assert.Contains("2 ", await AskAsync("", "--request", "UIDL"), StringComparison.Ordinal);
        await AskAsync("1", "--request", "DELE", "--head");
        Assert.Contains("Subject: dots", Assert.Single(await ReadAsync(account)).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pop3", "sslproto ''")]
    [InlineData("pop3", "sslproto TLS1.2+ sslcertck")]
    [InlineData("pop3s", "ssl sslcertck")]
    public async Task Fetchmail_takes_all_and_leaves_nothing(string listener, string tls)
    {
        var account = await FilledAsync();
        var received = Path.Combine(Folder, "received");
        var trust = tls.Contains("sslcertck", StringComparison.Ordinal) ? $"sslcertfile {Certificate}" : "";
        var settings = await WriteAsync(
            "fetchmailrc",
            $"""
            poll localhost service {Server.PortText(listener)} protocol POP3
              user "{account}" password "{PostreiterProcess.Password}" {tls} {trust} fetchall no rewrite
              mda "/bin/cat >> {received}"

            """
        );
        var (code, output) = await RunAsync(
            "fetchmail",
            "-f",
            settings,
            "--pidfile",
            Path.Combine(Folder, "pid"),
            "--nodetach",
            "-v"
        );
        Assert.True(code == 0, output);
        var mail = await File.ReadAllTextAsync(received, Ct);
        Assert.Contains("\n.\n..\n.x\nend\n", mail, StringComparison.Ordinal);
        Assert.Contains("\nSubject: one\n", mail, StringComparison.Ordinal);
        Assert.Empty(await ReadAsync(account));
    }

    [Theory]
    [InlineData("SCRAM-SHA-256", "pop3", SecureSocketOptions.None)]
    [InlineData("SCRAM-SHA-256", "pop3", SecureSocketOptions.StartTls)]
    [InlineData("SCRAM-SHA-256-PLUS", "pop3s", SecureSocketOptions.SslOnConnect)]
    [InlineData("PLAIN", "pop3", SecureSocketOptions.StartTls)]
    [InlineData("LOGIN", "pop3s", SecureSocketOptions.SslOnConnect)]
    public async Task MailKit_logs_in_by_SASL_and_reads_by_pipeline(
        string mechanism,
        string listener,
        SecureSocketOptions tls
    )
    {
        var account = await FilledAsync();
        using var client = new Pop3Client();
        client.ServerCertificateValidationCallback = (_, c, _, _) => IsServers(c);
        await client.ConnectAsync("localhost", Server.Port(listener), tls, Ct);
        Assert.Contains(mechanism, client.AuthenticationMechanisms);
        var sasl = SaslMechanism.Create(mechanism, Encoding.UTF8, new(account, PostreiterProcess.Password));
        Assert.NotNull(sasl);
        await client.AuthenticateAsync(sasl, Ct);
        Assert.True(client.Capabilities.HasFlag(Pop3Capabilities.Pipelining));
        Assert.Equal(2, (await client.GetMessageUidsAsync(Ct)).Distinct().Count());
        var messages = await client.GetMessagesAsync(0, 2, Ct);
        Assert.Equal(["one", "dots"], messages.Select(m => m.Subject));
        await client.DeleteMessageAsync(0, Ct);
        await client.DisconnectAsync(quit: true, Ct);
        Assert.Contains("Subject: dots", Assert.Single(await ReadAsync(account)).Text, StringComparison.Ordinal);
    }

    private async Task<string> FilledAsync()
    {
        var account = await Server.AddAccountAsync();
        await FileAsync(account, Message("one", "Hello"));
        await FileAsync(account, Message("dots", Dots));
        return account;
    }

    private async Task<string> CurlAsync(string account, string scheme, string options, string path, string[] more)
    {
        var (code, output) = await RunAsync(
            "curl",
            [
                "-sS",
                "--cacert",
                Certificate,
                "--user",
                $"{account}:{PostreiterProcess.Password}",
                .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries),
                .. more,
                $"{scheme}://localhost:{Server.PortText(scheme)}/{path}",
            ]
        );
        Assert.True(code == 0, output);
        return output;
    }
}
