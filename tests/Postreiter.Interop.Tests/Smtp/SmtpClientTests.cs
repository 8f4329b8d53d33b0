using System.Text;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Postreiter.Interop.Tests.Smtp;

/// <summary>Clients that other programs send with: curl, Python's smtplib, MailKit.</summary>
public sealed class SmtpClientTests(PostreiterProcess server) : ClientTests(server), IClassFixture<PostreiterProcess>
{
    private const string Smtplib = """
        import smtplib, ssl, sys
        from email.message import EmailMessage
        plain, tls, mx, certificate, ann, ben, password = sys.argv[1:]
        context = ssl.create_default_context(cafile=certificate)

        def message(subject):
            m = EmailMessage()
            m['From'], m['To'], m['Subject'] = ann, ben, subject
            m.set_content('.\n..\nGr\u00fc\u00dfe\n')
            m.add_attachment(bytes(range(256)) * 4, maintype='application', subtype='octet-stream', filename='all.bin')
            return m

        with smtplib.SMTP('localhost', int(plain)) as s:
            s.ehlo('client.far.example')
            assert not s.has_extn('auth') or 'PLAIN' not in s.esmtp_features['auth'], s.esmtp_features
            s.starttls(context=context)
            s.ehlo('client.far.example')
            for extension in ['size', '8bitmime', 'smtputf8', 'pipelining', 'dsn', 'chunking', 'enhancedstatuscodes']:
                assert s.has_extn(extension), (extension, s.esmtp_features)
            assert 'PLAIN' in s.esmtp_features['auth'] and 'SCRAM-SHA-256' in s.esmtp_features['auth']
            try:
                s.login(ann, 'wrong')
                raise SystemExit('logged in with a wrong password')
            except smtplib.SMTPAuthenticationError as e:
                assert e.smtp_code == 535, e
            s.login(ann, password)
            assert s.verify(ben)[0] == 252
            assert s.noop()[0] == 250
            assert s.help()
            assert s.send_message(message('first')) == {}
            refused = s.send_message(message('second'), to_addrs=[ben, 'nobody@our.example'])
            assert list(refused) == ['nobody@our.example'] and refused['nobody@our.example'][0] == 550, refused
            try:
                s.sendmail('somebody@else.example', [ben], 'Subject: x\r\n\r\nx\r\n')
                raise SystemExit('a foreign sender was taken')
            except smtplib.SMTPSenderRefused as e:
                assert e.smtp_code in (550, 553), e
            s.rset()
            s.sendmail(ann, [ben], 'Subject: third\r\n\r\n\u00e9\r\n'.encode(), mail_options=['BODY=8BITMIME', 'SMTPUTF8'])
        with smtplib.SMTP_SSL('localhost', int(tls), context=context) as s:
            s.login(ann, password)
            assert s.send_message(message('fourth')) == {}
        with smtplib.SMTP('localhost', int(mx)) as s:
            s.ehlo('client.far.example')
            assert not s.has_extn('auth')
            try:
                s.sendmail('bob@far.example', ['bob@far.example'], 'Subject: x\r\n\r\nx\r\n')
                raise SystemExit('relayed')
            except smtplib.SMTPRecipientsRefused as e:
                assert e.recipients['bob@far.example'][0] == 550, e
            s.sendmail('bob@far.example', [ben], 'Subject: fifth\r\n\r\nx\r\n')
        print('all well')
        """;

    [Fact]
    public async Task Python_smtplib()
    {
        var (ann, ben) = (await Server.AddAccountAsync(), await Server.AddAccountAsync());
        await PythonAsync(
            Smtplib,
            Server.PortText("submission"),
            Server.PortText("submissions"),
            Server.PortText("smtp"),
            Certificate,
            ann,
            ben,
            PostreiterProcess.Password
        );
        var subjects = (await ReadAsync(ben)).Select(m => Parse(m.Text).Subject);
        Assert.Equal(["first", "second", "third", "fourth", "fifth"], subjects);
        foreach (var (_, _, text) in (await ReadAsync(ben)).Where(m => m.Text.Contains("all.bin")))
        {
            var part = Assert.IsType<MimePart>(Parse(text).Attachments.Single(), exactMatch: false);
            using var content = new MemoryStream();
            await part.Content!.DecodeToAsync(content, Ct);
            Assert.Equal([.. Enumerable.Range(0, 1024).Select(i => (byte)i)], content.ToArray());
        }
    }

    [Theory]
    [InlineData("smtp", "smtp", "", "with ESMTP ")]
    [InlineData("smtp", "smtp", "--ssl-reqd", "with ESMTPS ")]
    [InlineData("smtp", "submission", "--ssl-reqd", "with ESMTPSA ")]
    [InlineData("smtp", "submission", "--ssl-reqd --login-options AUTH=LOGIN", "with ESMTPSA ")]
    [InlineData("smtps", "submissions", "", "with ESMTPSA ")]
    [InlineData("smtps", "submissions", "--sasl-ir", "with ESMTPSA ")]
    public async Task Curl(string scheme, string listener, string options, string with)
    {
        var (from, to) = (await Server.AddAccountAsync(), await Server.AddAccountAsync());
        List<string> arguments =
        [
            "-sS",
            "--cacert",
            Certificate,
            "--mail-from",
            from,
            "--mail-rcpt",
            to,
            "--upload-file",
            await WriteAsync("mail", Message("curl", ".\r\n..\r\nend")),
            .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries),
        ];
        if (listener != "smtp")
            arguments.AddRange(["--user", $"{from}:{PostreiterProcess.Password}"]);
        else
            arguments[arguments.IndexOf(from)] = "bob@far.example";
        var (code, output) = await RunAsync(
            "curl",
            [.. arguments, $"{scheme}://localhost:{Server.PortText(listener)}/client.far.example"]
        );
        Assert.True(code == 0, output);
        var (_, _, text) = Assert.Single(await ReadAsync(to));
        Assert.Contains(with, text.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n.\r\n..\r\nend\r\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SCRAM-SHA-256", "submission", SecureSocketOptions.None)]
    [InlineData("SCRAM-SHA-256", "submission", SecureSocketOptions.StartTls)]
    [InlineData("SCRAM-SHA-256-PLUS", "submission", SecureSocketOptions.StartTls)]
    [InlineData("SCRAM-SHA-256-PLUS", "submissions", SecureSocketOptions.SslOnConnect)]
    [InlineData("PLAIN", "submission", SecureSocketOptions.StartTls)]
    [InlineData("LOGIN", "submissions", SecureSocketOptions.SslOnConnect)]
    public async Task MailKit_logs_in_and_sends(string mechanism, string listener, SecureSocketOptions tls)
    {
        var (from, to) = (await Server.AddAccountAsync(), await Server.AddAccountAsync());
        using var client = new SmtpClient();
        client.ServerCertificateValidationCallback = (_, c, _, _) => IsServers(c);
        await client.ConnectAsync("localhost", Server.Port(listener), tls, Ct);
        Assert.Contains(mechanism, client.AuthenticationMechanisms);
        await client.AuthenticateAsync(
            SaslMechanism.Create(mechanism, Encoding.UTF8, new(from, PostreiterProcess.Password))!,
            Ct
        );
        Assert.Equal(50u * 1024 * 1024, client.MaxSize);
        await client.SendAsync(FormatOptions.Default, Sample(from, to, "first"), Ct);
        var international = FormatOptions.Default.Clone();
        international.International = true;
        await client.SendAsync(international, Sample(from, to, "zweite Größe 漢字"), Ct);
        await client.NoOpAsync(Ct);
        await client.DisconnectAsync(quit: true, Ct);
        var subjects = (await ReadAsync(to)).Select(m => Parse(m.Text).Subject);
        Assert.Equal(["first", "zweite Größe 漢字"], subjects);
    }

    [Fact]
    public async Task MailKit_sends_binary_by_chunks_and_hears_of_the_refused()
    {
        var to = await Server.AddAccountAsync();
        using var client = new SmtpClient();
        await client.ConnectAsync("localhost", Server.Port("smtp"), SecureSocketOptions.None, Ct);
        Assert.True(client.Capabilities.HasFlag(SmtpCapabilities.Chunking | SmtpCapabilities.BinaryMime));
        var message = Sample("bob@far.example", to, "binary");
        var bytes = new byte[100_000];
        new Random(7).NextBytes(bytes);
        ((Multipart)message.Body!).Add(
            new MimePart("application", "octet-stream")
            {
                Content = new MimeContent(new MemoryStream(bytes)),
                ContentTransferEncoding = ContentEncoding.Binary,
            }
        );
        await client.SendAsync(message, Ct);

        var refused = await Assert.ThrowsAsync<SmtpCommandException>(() =>
            client.SendAsync(Sample("bob@far.example", "nobody@our.example", "x"), Ct)
        );
        Assert.Equal(SmtpErrorCode.RecipientNotAccepted, refused.ErrorCode);
        Assert.Equal(SmtpStatusCode.MailboxUnavailable, refused.StatusCode);
        // The session is as good as before.
        await client.SendAsync(Sample("bob@far.example", to, "after"), Ct);
        await client.DisconnectAsync(quit: true, Ct);

        var arguments = new[] { "mail", "export", "--account", to, "--format", "eml", Path.Combine(Folder, "out") };
        Assert.Equal(0, (await Server.RunAsync(arguments)).ExitCode);
        var messages = Directory
            .EnumerateFiles(Path.Combine(Folder, "out"), "*.eml", SearchOption.AllDirectories)
            .Select(f => MimeMessage.Load(f))
            .ToDictionary(m => m.Subject!);
        Assert.Equal(["after", "binary"], messages.Keys.Order());
        using var decoded = new MemoryStream();
        ((MimePart)((Multipart)messages["binary"].Body!)[2]).Content!.DecodeTo(decoded, Ct);
        Assert.Equal(bytes, decoded.ToArray());
    }

    private static MimeMessage Parse(string text) => MimeMessage.Load(new MemoryStream(Encoding.UTF8.GetBytes(text)));

    private static MimeMessage Sample(string from, string to, string subject) =>
        new(
            [MailboxAddress.Parse(from)],
            [MailboxAddress.Parse(to)],
            subject,
            new Multipart("mixed")
            {
                new TextPart("plain") { Text = ".\r\nGrüße\r\n" },
                new TextPart("html") { Text = "<p>Grüße" },
            }
        );
}
