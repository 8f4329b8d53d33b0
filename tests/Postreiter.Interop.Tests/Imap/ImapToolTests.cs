namespace Postreiter.Interop.Tests.Imap;

/// <summary>IMAP by Python's imaplib, curl and fetchmail.</summary>
public sealed class ImapToolTests(PlaintextProcess server) : ClientTests(server), IClassFixture<PlaintextProcess>
{
    private const string Imaplib = """
        import imaplib, ssl, sys, time
        way, port, certificate, user, password = sys.argv[1:]
        context = ssl.create_default_context(cafile=certificate)
        if way == 'tls':
            box = imaplib.IMAP4_SSL('localhost', int(port), ssl_context=context)
        else:
            box = imaplib.IMAP4('localhost', int(port))
        if way == 'starttls':
            box.starttls(context)

        def ok(answer):
            assert answer[0] == 'OK', answer
            return answer[1]

        try:
            box.login(user, 'wrong')
            raise SystemExit('logged in with a wrong password')
        except imaplib.IMAP4.error as e:
            assert 'AUTHENTICATIONFAILED' in str(e), e
        if way == 'plain':
            ok(box.login(user, password))
        else:
            ok(box.authenticate('PLAIN', lambda _: ('\0' + user + '\0' + password).encode()))
        for capability in ['IMAP4REV1', 'UIDPLUS', 'MOVE', 'IDLE', 'NAMESPACE', 'UNSELECT', 'ENABLE']:
            assert capability in ok(box.capability())[0].decode().upper().split(), (capability, box.capability())
        assert b'"/"' in ok(box.namespace())[0]
        names = [l.decode() for l in ok(box.list())]
        for use in ['\\Sent', '\\Drafts', '\\Junk', '\\Trash', '\\Archive']:
            assert any(use in n for n in names), (use, names)
        ok(box.create('Box/Inner'))
        ok(box.subscribe('Box'))
        assert any(b'Box' in l for l in ok(box.lsub())), box.lsub()
        ok(box.rename('Box/Inner', 'Box/Other'))
        message = b'From: ann@far.example\r\nSubject: one two\r\nMessage-ID: <1@far>\r\n\r\nHello\r\n.\r\n\xc3\xa4\r\n'
        for i in range(5):
            ok(box.append('Box', '(\\Seen)' if i % 2 else None, imaplib.Time2Internaldate(1700000000), message.replace(b'one', str(i).encode())))
        assert b'MESSAGES 5' in ok(box.status('Box', '(MESSAGES UIDNEXT UIDVALIDITY UNSEEN RECENT)'))[0]
        assert ok(box.select('Box'))[0] == b'5'
        assert ok(box.search(None, 'UNSEEN'))[0] == b'1 3 5'
        assert ok(box.search(None, 'HEADER', 'Subject', '"3 two"', 'BODY', 'hello', 'SINCE', '1-Jan-2020'))[0] == b'4'
        assert ok(box.search(None, 'OR', 'SEEN', 'NOT', '1:3'))[0] == b'2 4 5'
        got = ok(box.fetch('2', '(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY.PEEK[])'))
        assert got[0][1] == message.replace(b'one', b'1'), got
        assert b'\\Seen' in got[0][0] + got[1] and b'14-Nov-2023' in got[0][0] + got[1], got
        assert ok(box.fetch('1', '(BODY[HEADER.FIELDS (SUBJECT)])'))[0][1] == b'Subject: 0 two\r\n\r\n'
        assert ok(box.fetch('1', '(BODY[TEXT]<1.3>)'))[0][1] == b'ell'
        assert ok(box.fetch('1', '(FLAGS)'))[0].count(b'\\Seen') == 1
        ok(box.store('1:2', '+FLAGS', '(\\Flagged Label)'))
        assert ok(box.search(None, 'KEYWORD', 'label'))[0] == b'1 2'
        ok(box.copy('1', 'Archive'))
        ok(box.uid('MOVE', '2', 'Trash'))
        ok(box.store('1', '+FLAGS', '\\Deleted'))
        # imaplib keeps the EXPUNGE of the MOVE until now.
        assert ok(box.expunge()) == [b'2', b'1'], 'expunge'
        assert ok(box.uid('SEARCH', 'ALL'))[0] == b'3 4 5'
        ok(box.noop())
        ok(box.check())
        assert ok(box.sort('DATE', 'UTF-8', 'ALL'))[0] == b'1 2 3' if 'SORT' in box.capabilities else True
        ok(box.unselect())
        assert ok(box.select('Archive', readonly=True))[0] == b'1'
        assert box.store('1', '+FLAGS', '\\Seen')[0] == 'NO'
        ok(box.close())
        assert box.delete('Box')[0] == 'NO'
        ok(box.delete('Box/Other'))
        ok(box.delete('Box'))
        ok(box.unsubscribe('INBOX'))
        assert box.select('Box')[0] == 'NO'
        # Its append() writes "UTF8 (" into the literal once UTF8=ACCEPT is on: nothing is appended from here.
        ok(box.enable('UTF8=ACCEPT'))
        ok(box.create('"Gr\u00f6\u00dfe"'))
        assert any('Gr\u00f6\u00dfe'.encode() in l for l in ok(box.list())), box.list()
        ok(box.select('"Gr\u00f6\u00dfe"'))
        ok(box.close())
        box.logout()
        print('all well')
        """;

    [Theory, InlineData("plain", "imap"), InlineData("starttls", "imap"), InlineData("tls", "imaps")]
    public async Task Python_imaplib(string way, string listener)
    {
        var account = await Server.AddAccountAsync();
        await PythonAsync(Imaplib, way, Server.PortText(listener), Certificate, account, PostreiterProcess.Password);
        Assert.Single(await ReadAsync(account, "Archive"));
        Assert.Single(await ReadAsync(account, "Trash"));
    }

    [Theory]
    [InlineData("imap", "")]
    [InlineData("imap", "--ssl-reqd")]
    [InlineData("imap", "--ssl-reqd --login-options AUTH=LOGIN --sasl-ir")]
    [InlineData("imaps", "")]
    [InlineData("imaps", "--login-options AUTH=PLAIN --sasl-ir")]
    public async Task Curl(string scheme, string options)
    {
        var account = await Server.AddAccountAsync();
        await FileAsync(account, Message("one", "first\r\n.\r\nGrüße"));
        Task<string> AskAsync(string path, params string[] more) => CurlAsync(account, scheme, options, path, more);

        Assert.Contains("\\Sent", await AskAsync(""), StringComparison.Ordinal);
        // curl ends a listed body with the line that follows it; the message itself is byte for byte what was filed.
        Assert.Equal(Message("one", "first\r\n.\r\nGrüße"), await AskAsync("INBOX;MAILINDEX=1"));
        Assert.Equal("first\r\n.\r\nGrüße\r\n", await AskAsync("INBOX;UID=1;SECTION=TEXT"));
        var upload = await WriteAsync("upload", Message("two", "second\r\n"));
        await AskAsync("Drafts", "--upload-file", upload);
        Assert.Equal(Message("two", "second\r\n"), Assert.Single(await ReadAsync(account, "Drafts")).Text);
        Assert.Contains("* SEARCH 1", await AskAsync("Drafts?SUBJECT%20two"), StringComparison.Ordinal);
        Assert.Contains("FETCH", await AskAsync("INBOX", "--request", "STORE 1 +FLAGS (\\Deleted)"));
        Assert.Contains("1 EXPUNGE", await AskAsync("INBOX", "--request", "EXPUNGE"), StringComparison.Ordinal);
        Assert.Empty(await ReadAsync(account));
    }

    [Theory, InlineData("imap", "sslproto ''"), InlineData("imap", "sslproto TLS1.2+"), InlineData("imaps", "ssl")]
    public async Task Fetchmail_takes_all_and_leaves_nothing(string listener, string tls)
    {
        var account = await Server.AddAccountAsync();
        for (var i = 0; i < 3; i++)
            await FileAsync(account, Message($"number {Text(i)}", $"body {Text(i)}\r\n.\r\n..\r\nend"));
        var received = Path.Combine(Folder, "received");
        var trust = tls == "sslproto ''" ? "" : $"sslcertck sslcertfile {Certificate}";
        var settings = await WriteAsync(
            "fetchmailrc",
            $"""
            poll localhost service {Server.PortText(listener)} protocol IMAP
              user "{account}" password "{PostreiterProcess.Password}" {tls} {trust} fetchall no rewrite expunge 1
              mda "/bin/cat >> {received}"

            """
        );
        var (code, output) = await RunAsync(
            "fetchmail",
            "-f",
            settings,
            "--pidfile",
            received + ".pid",
            "--nodetach",
            "-v"
        );
        Assert.True(code == 0, output);
        var mail = await File.ReadAllTextAsync(received, Ct);
        for (var i = 0; i < 3; i++)
            Assert.Contains($"\nbody {Text(i)}\n.\n..\nend\n", mail, StringComparison.Ordinal);
        Assert.Empty(await ReadAsync(account));
        // 1: there is no mail.
        (code, output) = await RunAsync("fetchmail", "-f", settings, "--pidfile", received + ".pid", "--nodetach");
        Assert.True(code == 1, output);
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
