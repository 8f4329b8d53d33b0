using System.Runtime.InteropServices;
using System.Text;
using Postreiter.Core;
using Postreiter.Storage.Mail;

namespace Postreiter.Tests.Hosting;

/// <summary>The whole server with rules: those of SpamAssassin where they are installed, a site's own, and users' preferences.</summary>
public sealed class SpamServerTests
{
    private const string Stock = "/usr/share/spamassassin";

    // What every scanner of mail knows as spam; its rule gives 1000 points. In pieces, so that this file is none.
    private const string Gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";

    private const string Lists = """
        blocklist_from *@enemy.example
        welcomelist_from friend@*
        blocklist_to ann@a.test
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SpamAssassins_own_rules_judge_mail_at_the_door()
    {
        Assert.SkipUnless(Directory.Exists(Stock), $"{Stock} is missing: install the package spamassassin");
        await using var server = await RunningServer.StartAsync(
            $"spam.rules=[\"{Stock}\", \"rules\"]",
            "spam.network=false",
            "spam.subject_tag=\"**** SPAM ****\""
        );
        // Good mail: its marks.
        Assert.StartsWith(
            "250",
            await SendAsync(server, "carl@far.example", "lunch", "Are you free at noon?"),
            StringComparison.Ordinal
        );
        Assert.Matches(
            "X-Spam-Status: No, score=-?[0-4]\\.[0-9] required=5\\.0",
            Assert.Single(await ReadAsync(server))
        );
        // Spam without doubt: refused in the session.
        Assert.StartsWith(
            "550 5.7.1",
            await SendAsync(server, "carl@far.example", "test", Gtube),
            StringComparison.Ordinal
        );
        Assert.Single(await ReadAsync(server));

        // A site's lists: more than 5 and less than 15 points is Junk with a tagged subject, +100 is refused, −100 is in whatever it is.
        await server.WriteRulesAsync(Lists);
        server.Reload(
            $"spam.rules=[\"{Stock}\", \"rules\"]",
            "spam.network=false",
            "spam.subject_tag=\"**** SPAM ****\""
        );
        await server.Server.Parts.Rooms.Spam.Loading;
        Assert.StartsWith(
            "250",
            await SendAsync(server, "carl@far.example", "lunch", "Are you free at noon?"),
            StringComparison.Ordinal
        );
        var junk = Assert.Single(await ReadAsync(server, "Junk"));
        Assert.Contains("X-Spam-Flag: YES\r\n", junk, StringComparison.Ordinal);
        Assert.Contains("USER_IN_BLOCKLIST_TO", junk, StringComparison.Ordinal);
        Assert.Contains("\r\nSubject: **** SPAM **** lunch\r\n", junk, StringComparison.Ordinal);
        Assert.Contains("\r\nX-Spam-Report: ", junk, StringComparison.Ordinal);
        Assert.StartsWith(
            "550 5.7.1",
            await SendAsync(server, "x@enemy.example", "lunch", "Are you free at noon?"),
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            "250",
            await SendAsync(server, "friend@far.example", "lunch", "Are you free at noon?"),
            StringComparison.Ordinal
        );
        var inbox = await ReadAsync(server);
        Assert.Equal(2, inbox.Count);
        Assert.Contains("USER_IN_WELCOMELIST", inbox[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_accounts_preferences_hold_for_mail_to_it_alone()
    {
        await using var server = await StartAsync("body BAD /bad/\nscore BAD 7\n");
        Directory.CreateDirectory(server.Folder["preferences"]);
        await File.WriteAllTextAsync(
            server.Folder["preferences/ann@a.test.cf"],
            "score BAD 1\nblocklist_from x@enemy.example\nrewrite_header Subject [ann's]\nbody MINE /bad/\n",
            Ct
        );
        Assert.StartsWith("250", await SendAsync(server, "carl@far.example", "lunch", "bad"), StringComparison.Ordinal);
        Assert.Contains(
            "score=1.0 required=5.0 tests=BAD",
            Assert.Single(await ReadAsync(server)),
            StringComparison.Ordinal
        );
        await File.WriteAllTextAsync(server.Folder["preferences/ann@a.test.cf"], "required_score 8\n", Ct);
        Assert.StartsWith("250", await SendAsync(server, "carl@far.example", "lunch", "bad"), StringComparison.Ordinal);
        Assert.Contains(
            "X-Spam-Status: No, score=7.0 required=8.0",
            (await ReadAsync(server))[1],
            StringComparison.Ordinal
        );
        await File.WriteAllTextAsync(
            server.Folder["preferences/ann@a.test.cf"],
            "rewrite_header Subject [ann's]\n",
            Ct
        );
        Assert.StartsWith("250", await SendAsync(server, "carl@far.example", "lunch", "bad"), StringComparison.Ordinal);
        Assert.Contains(
            "\r\nSubject: [ann's] lunch\r\n",
            Assert.Single(await ReadAsync(server, "Junk")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_client_of_spamd_has_its_users_preferences()
    {
        await using var server = await StartAsync("body BAD /bad/\nscore BAD 7\n", "listen.spamd=[\"127.0.0.1:0\"]");
        Directory.CreateDirectory(server.Folder["preferences"]);
        await File.WriteAllTextAsync(server.Folder["preferences/bob.cf"], "score BAD 1.5\nrequired_score 3\n", Ct);
        Assert.Contains("Spam: True ; 7.0 / 5.0", await CheckAsync(server, ""), StringComparison.Ordinal);
        Assert.Contains("Spam: False ; 1.5 / 3.0", await CheckAsync(server, "User: bob\r\n"), StringComparison.Ordinal);
        Assert.Contains(
            "Spam: True ; 7.0 / 5.0",
            await CheckAsync(server, "User: ../bob\r\n"),
            StringComparison.Ordinal
        );
        Assert.Contains("Spam: True ; 7.0 / 5.0", await CheckAsync(server, "User: carl\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rules_that_are_being_read_hold_up_no_listener_and_the_first_message_waits_for_them()
    {
        await using var server = await StartWithSlowRulesAsync("smtp.verdict_budget=\"20s\"");
        var sending = SendAsync(server.Running, "carl@far.example", "lunch", "bad");
        Assert.False(server.Running.Server.Parts.Rooms.Spam.Loading.IsCompleted);
        await server.WriteAsync("body BAD /bad/\nscore BAD 7\nadd_header all Status tests=_TESTS_\n");
        Assert.StartsWith("250", await sending, StringComparison.Ordinal);
        Assert.Contains("tests=BAD", Assert.Single(await ReadAsync(server.Running, "Junk")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("accept", "250")]
    [InlineData("defer", "451 4.7.1")]
    public async Task F7_rules_that_are_not_ready_in_time_are_a_scan_that_fails(string onFailure, string reply)
    {
        await using var slow = await StartWithSlowRulesAsync(
            "smtp.verdict_budget=\"1s\"",
            $"spam.on_failure=\"{onFailure}\""
        );
        var server = slow.Running;
        Assert.StartsWith(reply, await SendAsync(server, "carl@far.example", "lunch", "bad"), StringComparison.Ordinal);
        Assert.Equal(onFailure == "accept" ? 1 : 0, (await ReadAsync(server)).Count);
        await slow.WriteAsync("body BAD /bad/\nscore BAD 7\n");
        await server.Server.Parts.Rooms.Spam.Loading;
        await server.Server.Parts.Rooms.Intake.LateScansEnd;
        // What was taken unscanned is scanned when it can be.
        Assert.Equal(onFailure == "accept" ? 1 : 0, (await ReadAsync(server, "Junk")).Count);
        Assert.Empty(await ReadAsync(server));
    }

    [Fact]
    public async Task Rules_are_exchanged_under_load_without_a_pause()
    {
        await using var server = await StartAsync("body ONE /bad/\nscore ONE 1\n");
        await server.Server.Parts.Rooms.Spam.Loading;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var clients = Enumerable
            .Range(0, 4)
            .Select(_ => Task.Run(() => SendManyAsync(server, stop.Token), Ct))
            .ToList();
        for (var i = 0; i < 8; i++)
        {
            var name = i % 2 == 0 ? "TWO" : "ONE";
            await server.WriteRulesAsync($"body {name} /bad/\nscore {name} 1\n");
            server.Reload("spam.rules=[\"rules\"]");
            await server.Server.Parts.Rooms.Spam.Loading;
        }

        await stop.CancelAsync();
        var sent = (await Task.WhenAll(clients)).Sum();
        var messages = await ReadAsync(server);
        Assert.Equal(sent, messages.Count);
        // Each was judged by one set or the other, and none by none.
        Assert.All(messages, static m => Assert.Matches("tests=(ONE|TWO)\\b", m));
    }

    private static async Task<int> SendManyAsync(RunningServer server, CancellationToken stop)
    {
        var sent = 0;
        while (!stop.IsCancellationRequested)
        {
            Assert.StartsWith(
                "250",
                await SendAsync(server, "carl@far.example", "lunch", "bad"),
                StringComparison.Ordinal
            );
            sent++;
        }

        return sent;
    }

    private static async Task<RunningServer> StartAsync(string rules, params string[] overrides)
    {
        var server = await RunningServer.StartAsync(["spam.network=false", .. overrides]);
        await server.WriteRulesAsync(rules);
        server.Reload(["spam.rules=[\"rules\"]", "spam.network=false", .. overrides]);
        await server.Server.Parts.Rooms.Spam.Loading;
        return server;
    }

    // A pipe as a file of rules: reading it lasts until somebody has written it.
    private static async Task<SlowServer> StartWithSlowRulesAsync(params string[] overrides)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "named pipes");
        var pipe = Path.Combine(Path.GetTempPath(), $"postreiter-test-{Guid.NewGuid():N}.cf");
        Assert.Equal(0, MakePipe(pipe, 384));
        return new SlowServer(
            await RunningServer.StartAsync([$"spam.rules=[\"{pipe}\"]", "spam.network=false", .. overrides]),
            pipe
        );
    }

    private sealed class SlowServer(RunningServer running, string pipe) : IAsyncDisposable
    {
        private bool _isWritten;

        public RunningServer Running => running;

        public async Task WriteAsync(string rules)
        {
            _isWritten = true;
            await File.WriteAllTextAsync(pipe, rules, Ct);
        }

        public async ValueTask DisposeAsync()
        {
            // Nobody may be left waiting at the other end.
            if (!_isWritten)
                await File.WriteAllTextAsync(pipe, "");
            File.Delete(pipe);
            await running.DisposeAsync();
        }
    }

    [DllImport("libc", EntryPoint = "mkfifo", BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MakePipe([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);

    private static async Task<string> SendAsync(RunningServer server, string sender, string subject, string text)
    {
        using var client = await server.ConnectAsync("smtp");
        await client.ReplyAsync();
        await client.AskAsync("EHLO c.test");
        await client.AskAsync($"MAIL FROM:<{sender}>");
        Assert.StartsWith("250", await client.AskAsync("RCPT TO:<ann@a.test>"), StringComparison.Ordinal);
        await client.AskAsync("DATA");
        return await client.AskAsync(
            $"From: Carl <{sender}>\r\nTo: ann@a.test\r\nSubject: {subject}\r\nDate: {TimeProvider.System.GetUtcNow():r}\r\n"
                + $"Message-ID: <{Guid.NewGuid():N}@far.example>\r\n\r\n{text}\r\n."
        );
    }

    private static async Task<string> CheckAsync(RunningServer server, string header)
    {
        using var client = await server.ConnectAsync("spamd");
        var mail = "Subject: x\r\n\r\nbad\r\n";
        await client.WriteAsync($"CHECK SPAMC/1.5\r\n{header}Content-length: {mail.Length + 2}\r\n\r\n{mail}");
        var answer = new StringBuilder();
        while (await client.ReadAsync() is { } line)
            answer.Append(line).Append('\n');
        return answer.ToString();
    }

    private static async Task<List<string>> ReadAsync(RunningServer server, string mailbox = Mailbox.Inbox)
    {
        var store = server.Server.Parts.Store;
        var account = (await store.Directory.FindAccountAsync(EmailAddress.Parse("ann@a.test"), Ct))!;
        var box = (await store.Mail.FindMailboxAsync(account.Id, mailbox, Ct))!;
        var texts = new List<string>();
        await foreach (var row in store.Mail.ReadMessagesAsync(box.Id, [new UidRange(1, uint.MaxValue)], Ct))
        {
            await using var content = await store.Mail.OpenAsync(row, Ct);
            var bytes = new byte[content.Length];
            await content.ReadAsync(0, bytes, Ct);
            texts.Add(Encoding.UTF8.GetString(bytes));
        }

        return texts;
    }
}
