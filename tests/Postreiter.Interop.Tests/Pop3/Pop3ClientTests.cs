using System.Globalization;
using System.Text;
using MailKit.Net.Pop3;
using MailKit.Security;

namespace Postreiter.Interop.Tests.Pop3;

/// <summary>POP3 clients that people use, against the POP3 room over a socket.</summary>
public sealed class Pop3ClientTests
{
    private const string Poplib = """
        import poplib, ssl, sys
        port, way = int(sys.argv[1]), sys.argv[2]
        context = ssl._create_unverified_context()
        box = poplib.POP3_SSL('127.0.0.1', port, context=context) if way == 'tls' else poplib.POP3('127.0.0.1', port)
        if way == 'stls':
            assert 'STLS' in box.capa()
            box.stls(context)
        assert 'UIDL' in box.capa()
        box.user('ann@our.example')
        box.pass_('open sesame')
        assert box.stat()[0] == 2, box.stat()
        assert len(box.list()[1]) == 2 and len(set(box.uidl()[1])) == 2
        assert box.retr(2)[1][-4:] == [b'.', b'..', b'.x', b'end'], box.retr(2)
        assert box.top(2, 1)[1][-1] == b'.'
        box.dele(1)
        box.rset()
        box.dele(2)
        box.quit()
        print('all well')
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, InlineData("plain"), InlineData("stls"), InlineData("tls")]
    public async Task Python_poplib(string way)
    {
        await using var server = await Pop3Loopback.StartAsync(way == "tls");
        var (code, output) = await ForeignProgram.RunAsync(
            "python3",
            server.Folder,
            Poplib,
            "-",
            Text(server.Port),
            way
        );
        Assert.True(code == 0 && output.Contains("all well", StringComparison.Ordinal), output);
        Assert.Equal(1, await server.CountAsync());
    }

    [Theory, InlineData("pop3", false), InlineData("pop3", true), InlineData("pop3s", true)]
    public async Task Curl(string scheme, bool tls)
    {
        await using var server = await Pop3Loopback.StartAsync(scheme == "pop3s");
        var url = $"{scheme}://127.0.0.1:{Text(server.Port)}/2";
        List<string> arguments = ["-sS", "--insecure", "--user", $"{Pop3Loopback.User}:{Pop3Loopback.Password}", url];
        if (tls)
            arguments.Insert(0, "--ssl-reqd");
        var (code, output) = await ForeignProgram.RunAsync("curl", server.Folder, "", [.. arguments]);
        Assert.True(code == 0, output);
        Assert.Equal(Pop3Loopback.Messages[1], output);
    }

    [Theory, InlineData("plain"), InlineData("stls")]
    public async Task Fetchmail_takes_all_and_leaves_nothing(string way)
    {
        await using var server = await Pop3Loopback.StartAsync();
        var settings = Path.Combine(server.Folder, "fetchmailrc");
        var received = Path.Combine(server.Folder, "received");
        var ssl = way == "stls" ? "sslproto TLS1.2+ no sslcertck" : "sslproto ''";
        await File.WriteAllTextAsync(
            settings,
            $"""
            poll 127.0.0.1 service {Text(server.Port)} protocol POP3
              user "{Pop3Loopback.User}" password "{Pop3Loopback.Password}" {ssl} fetchall no rewrite
              mda "/bin/cat >> {received}"

            """,
            Ct
        );
        File.SetUnixFileMode(settings, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var (code, output) = await ForeignProgram.RunAsync(
            "fetchmail",
            server.Folder,
            "",
            "-f",
            settings,
            "--pidfile",
            Path.Combine(server.Folder, "pid"),
            "--nodetach",
            "-v"
        );
        Assert.True(code == 0, output);
        var mail = await File.ReadAllTextAsync(received, Ct);
        Assert.Contains("\n.\n..\n.x\nend\n", mail, StringComparison.Ordinal);
        Assert.Equal(0, await server.CountAsync());
    }

    [Theory]
    [InlineData("SCRAM-SHA-256", SecureSocketOptions.None)]
    [InlineData("SCRAM-SHA-256", SecureSocketOptions.StartTls)]
    [InlineData("SCRAM-SHA-256-PLUS", SecureSocketOptions.SslOnConnect)]
    [InlineData("PLAIN", SecureSocketOptions.StartTls)]
    [InlineData("LOGIN", SecureSocketOptions.SslOnConnect)]
    public async Task MailKit_logs_in_by_SASL_and_reads_by_pipeline(string mechanism, SecureSocketOptions tls)
    {
        await using var server = await Pop3Loopback.StartAsync(tls == SecureSocketOptions.SslOnConnect);
        using var client = new Pop3Client();
        client.ServerCertificateValidationCallback = (_, _, _, _) => true;
        await client.ConnectAsync("127.0.0.1", server.Port, tls, Ct);
        Assert.Contains(mechanism, client.AuthenticationMechanisms);
        var sasl = SaslMechanism.Create(mechanism, Encoding.UTF8, new(Pop3Loopback.User, Pop3Loopback.Password));
        Assert.NotNull(sasl);
        await client.AuthenticateAsync(sasl, Ct);
        Assert.True(client.Capabilities.HasFlag(Pop3Capabilities.Pipelining));
        Assert.Equal(2, (await client.GetMessageUidsAsync(Ct)).Distinct().Count());
        var messages = await client.GetMessagesAsync(0, 2, Ct);
        Assert.Equal(["one", "dots"], messages.Select(m => m.Subject));
        await client.DeleteMessageAsync(0, Ct);
        await client.DisconnectAsync(quit: true, Ct);
        Assert.Equal(1, await server.CountAsync());
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
