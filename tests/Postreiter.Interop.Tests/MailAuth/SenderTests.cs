using System.Net;
using System.Text.Json.Nodes;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Postreiter.Control;
using Postreiter.Interop.Tests.Postfix;

namespace Postreiter.Interop.Tests.MailAuth;

/// <summary>Mail from strangers, with a real name server; their verdict as a mail program reads it. Debian's dkimpy signs and verifies.</summary>
public sealed class SenderTests : ClientTests, IClassFixture<SenderProcess>
{
    private const string Verify = """
        import sys, dkim, dns.resolver
        def txt(name, timeout=5):
            resolver = dns.resolver.Resolver(configure=False)
            resolver.nameservers, resolver.port = ['127.0.0.1'], int(sys.argv[1])
            name = name.decode() if isinstance(name, bytes) else name
            for record in resolver.resolve(name.rstrip('.'), 'TXT'):
                return b''.join(record.strings)
        raw = open(sys.argv[2], 'rb').read().replace(b'\r\n', b'\n')
        # What the sink puts in front ends with its own Received.
        lines = raw.split(b'\n')
        at = next(i for i, line in enumerate(lines) if line.startswith(b'Received:')) + 1
        while lines[at][:1] in (b' ', b'\t'):
            at += 1
        message = b'\r\n'.join(lines[at:])

        """;

    private readonly SenderProcess _server;

    public SenderTests(SenderProcess server)
        : base(server)
    {
        Assert.SkipWhen(SenderProcess.Missing is not null, SenderProcess.Missing ?? "");
        _server = server;
    }

    [Fact]
    public async Task A_permitted_address_passes()
    {
        var to = await Server.AddAccountAsync();
        Assert.Null(await SendAsync("127.0.0.2", "a@pass.zone.example", to));
        Assert.Matches(
            "^mx\\.our\\.example; spf=pass smtp\\.mailfrom=a@pass\\.zone\\.example; .*dmarc=pass \\(p=reject dis=none\\) header\\.from=pass\\.zone\\.example",
            await VerdictAsync(to, "INBOX")
        );
    }

    [Fact]
    public async Task A_forbidden_one_is_refused_in_the_session_where_its_domain_asks_for_it()
    {
        var to = await Server.AddAccountAsync();
        var refusal = await SendAsync("127.0.0.3", "a@pass.zone.example", to);
        Assert.NotNull(refusal);
        Assert.Equal(550, (int)refusal.StatusCode);
        Assert.StartsWith("5.7.1 ", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(await ReadAsync(to));
        // The log says why.
        await Server.WaitForLogAsync(
            "spf=fail dkim=none dmarc=fail iprev=temperror: Reject neither SPF nor DKIM vouches for pass.zone.example"
        );
    }

    [Fact]
    public async Task A_forbidden_one_goes_to_Junk_where_its_domain_asks_for_that()
    {
        var to = await Server.AddAccountAsync();
        Assert.Null(await SendAsync("127.0.0.3", "a@junk.zone.example", to));
        Assert.Empty(await ReadAsync(to));
        Assert.Contains(
            "dmarc=fail (p=quarantine dis=quarantine)",
            await VerdictAsync(to, "Junk"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task What_dkimpy_has_signed_passes_from_anywhere_and_changed_it_does_not()
    {
        var to = await Server.AddAccountAsync();
        var key = await WriteAsync("key.pem", _server.Key.ExportPem());
        var message = await WriteAsync("message", "From: a@signed.zone.example\r\nTo: b\r\nSubject: x\r\n\r\nbody\r\n");
        await PythonAsync(
            """
            import sys, dkim
            message = open(sys.argv[2], 'rb').read()
            field = dkim.sign(message, b's', b'signed.zone.example', open(sys.argv[1], 'rb').read())
            open(sys.argv[2], 'wb').write(field + message)
            print('all well')
            """,
            key,
            message
        );
        using var signed = await MimeMessage.LoadAsync(message, Ct);
        Assert.Null(await SendAsync("127.0.0.3", "a@signed.zone.example", to, signed));
        Assert.Matches(
            "dkim=pass header\\.d=signed\\.zone\\.example .*dmarc=pass \\(p=reject",
            await VerdictAsync(to, "INBOX")
        );
        ((TextPart)signed.Body!).Text = "another body\r\n";
        Assert.Equal(550, (int?)(await SendAsync("127.0.0.3", "a@signed.zone.example", to, signed))?.StatusCode);
    }

    [Fact]
    public async Task What_a_user_sends_is_signed_as_dkimpy_and_the_next_server_want_it()
    {
        var from = await Server.AddAccountAsync(SenderProcess.Site);
        await using var sink = await SmtpSink.StartAsync(_server.SinkPort, Path.Combine(Folder, "sink"), "", Ct);
        using var message = Compose(from, "x@sink.zone.example");
        message.Headers.Remove(HeaderId.Date);
        message.Headers.Remove(HeaderId.MessageId);
        using (var client = await ConnectAsync("submission", IPAddress.Loopback))
        {
            await client.AuthenticateAsync(from, PostreiterProcess.Password, Ct);
            await client.SendAsync(message, Ct);
        }

        await Waiting.UntilAsync(() => Task.FromResult(sink.Read().Count == 1), Ct);
        await PythonAsync(
            Verify
                + """
                d = dkim.DKIM(message)
                fields = [v for n, v in d.headers if n.lower() == b'dkim-signature']
                assert sorted(b'a=ed25519-sha256' in f for f in fields) == [False, True], fields
                for i in range(2):
                    assert d.verify(idx=i, dnsfunc=txt), i
                assert not dkim.DKIM(message.replace(b'Subject: hello', b'Subject: Hallo')).verify(dnsfunc=txt)
                print('all well')
                """,
            Text(_server.Nsd.Address.Port),
            Directory.GetFiles(Path.Combine(Folder, "sink")).Single()
        );
    }

    [Fact]
    public async Task What_an_alias_forwards_is_sealed_and_a_bounce_to_its_sender_finds_its_way_back()
    {
        var arguments = new JsonObject
        {
            ["address"] = $"fwd@{SenderProcess.Site}",
            ["targets"] = new JsonArray("x@sink.zone.example"),
        };
        Assert.Equal(0, (await Server.Control.CallAsync(ControlVerbs.AliasAdd, arguments, Ct)).ExitCode);
        await using var sink = await SmtpSink.StartAsync(_server.SinkPort, Path.Combine(Folder, "sink"), "", Ct);
        Assert.Null(await SendAsync("127.0.0.2", "a@pass.zone.example", $"fwd@{SenderProcess.Site}"));
        await Waiting.UntilAsync(() => Task.FromResult(sink.Read().Count == 1), Ct);
        await PythonAsync(
            Verify
                + """
                cv, results, reason = dkim.arc_verify(message, dnsfunc=txt)
                assert cv == b'pass' and len(results) == 1, (cv, results, reason)
                assert b'spf=pass' in message.split(b'ARC-Authentication-Results:')[1].split(b'\r\nDelivered-To')[0]
                print('all well')
                """,
            Text(_server.Nsd.Address.Port),
            Directory.GetFiles(Path.Combine(Folder, "sink")).Single()
        );
        var sender = sink.Read()[0].Split('\n').Single(l => l.StartsWith("X-Mail-Args:", StringComparison.Ordinal));
        sender = sender[
            (sender.IndexOf('<', StringComparison.Ordinal) + 1)..sender.IndexOf('>', StringComparison.Ordinal)
        ];
        Assert.StartsWith("SRS0=", sender, StringComparison.Ordinal);
        Assert.Null(await SendAsync("127.0.0.2", "", sender));
        await Waiting.UntilAsync(
            async () =>
                (await Server.Control.CallAsync(ControlVerbs.QueueList, new JsonObject(), Ct)).Rows.Any(r =>
                    $"{r["recipients"]}".Contains("a@pass.zone.example", StringComparison.Ordinal)
                ) || Server.Log.Contains("a@pass.zone.example Failed", StringComparison.Ordinal),
            Ct
        );
        Assert.Equal(550, (int?)(await SendAsync("127.0.0.2", "a@pass.zone.example", sender))?.StatusCode);
    }

    [Fact]
    public async Task Dns_check_tells_what_the_zone_has()
    {
        var (code, output, _) = await Server.RunAsync(
            "dns",
            "check",
            SenderProcess.Site,
            "--set",
            $"dns.servers=[\"{_server.Nsd.Address}\"]"
        );
        Assert.Equal(1, code);
        var lines = output.Split('\n');
        Assert.Equal(2, lines.Count(l => l.StartsWith("ok", StringComparison.Ordinal) && l.Contains("_domainkey")));
        Assert.Contains(lines, l => l.StartsWith("missing", StringComparison.Ordinal) && l.Contains(" MX "));
    }

    private static MimeMessage Compose(string from, string to)
    {
        var message = new MimeMessage();
        message.From.Add(MailboxAddress.Parse(from.Length == 0 ? "mailer-daemon@here.zone.example" : from));
        message.To.Add(MailboxAddress.Parse(to));
        message.Subject = "hello";
        message.Body = new TextPart("plain") { Text = "Grüße\r\n" };
        return message;
    }

    /// <summary>Sends from an address of loopback.</summary>
    /// <returns>The refusal, or null.</returns>
    private async Task<SmtpCommandException?> SendAsync(
        string client,
        string from,
        string to,
        MimeMessage? message = null
    )
    {
        using var smtp = await ConnectAsync("smtp", IPAddress.Parse(client));
        using var own = message is null ? Compose(from, to) : null;
        try
        {
            var sender = from.Length == 0 ? new MailboxAddress("", "") : MailboxAddress.Parse(from);
            await smtp.SendAsync(message ?? own!, sender, [MailboxAddress.Parse(to)], Ct);
            return null;
        }
        catch (SmtpCommandException e)
        {
            return e;
        }
    }

    private async Task<SmtpClient> ConnectAsync(string listener, IPAddress from)
    {
        var client = new SmtpClient
        {
            LocalEndPoint = new IPEndPoint(from, 0),
            LocalDomain = "client.zone.example",
            ServerCertificateValidationCallback = (_, _, _, _) => true,
        };
        await client.ConnectAsync("127.0.0.1", Server.Port(listener), SecureSocketOptions.StartTls, Ct);
        return client;
    }

    /// <summary>The Authentication-Results of the one message in a mailbox, by IMAP.</summary>
    private async Task<string> VerdictAsync(string account, string mailbox)
    {
        using var client = new ImapClient { ServerCertificateValidationCallback = (_, _, _, _) => true };
        await client.ConnectAsync("127.0.0.1", Server.Port("imaps"), SecureSocketOptions.SslOnConnect, Ct);
        await client.AuthenticateAsync(account, PostreiterProcess.Password, Ct);
        var folder = await client.GetFolderAsync(mailbox, Ct);
        await folder!.OpenAsync(FolderAccess.ReadOnly, Ct);
        Assert.Equal(1, folder.Count);
        using var message = await folder.GetMessageAsync(0, Ct);
        return message.Headers["Authentication-Results"]!.Replace('\t', ' ');
    }
}
