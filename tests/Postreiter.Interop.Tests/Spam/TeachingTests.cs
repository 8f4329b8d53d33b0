using System.Text.Json.Nodes;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Search;
using MailKit.Security;
using Postreiter.Control;

namespace Postreiter.Interop.Tests.Spam;

/// <summary>A user moves mail into Junk and out of it, by IMAP, and the next mail is judged by that; nobody else's is.</summary>
public sealed class TeachingTests(TeachingTests.LearningServer server)
    : ClientTests(server),
        IClassFixture<TeachingTests.LearningServer>
{
    private const string Offer = "Wonderful pills for everybody, order within hours and save enormous amounts";
    private const string Lunch = "Shall we meet for lunch tomorrow, the usual table near the window is ours";

    [Fact]
    public async Task Moving_mail_into_Junk_and_out_of_it_teaches()
    {
        var (ann, eve) = (await Server.AddAccountAsync(), await Server.AddAccountAsync());
        for (var i = 0; i < 3; i++)
        {
            await SendAsync(ann, $"offer {i}", Offer);
            await SendAsync(ann, $"lunch {i}", Lunch);
        }

        // Nothing was learned yet: all of it is in the inbox.
        Assert.Equal(6, (await ReadAsync(ann)).Count);
        using var client = new ImapClient();
        client.ServerCertificateValidationCallback = (_, certificate, _, _) => IsServers(certificate);
        await client.ConnectAsync("localhost", Server.Port("imaps"), SecureSocketOptions.SslOnConnect, Ct);
        await client.AuthenticateAsync(ann, PostreiterProcess.Password, Ct);
        await client.Inbox.OpenAsync(FolderAccess.ReadWrite, Ct);
        var junk = client.GetFolder(SpecialFolder.Junk)!;
        await client.Inbox.MoveToAsync(
            await client.Inbox.SearchAsync(SearchQuery.SubjectContains("offer"), Ct),
            junk,
            Ct
        );
        await client.Inbox.AddFlagsAsync(
            await client.Inbox.SearchAsync(SearchQuery.All, Ct),
            MessageFlags.None,
            new HashSet<string> { "$NotJunk" },
            true,
            Ct
        );
        await WaitForAsync(ann, 3, 3);

        await SendAsync(ann, "another", Offer);
        await SendAsync(ann, "and again", Lunch);
        await SendAsync(eve, "another", Offer);
        Assert.Contains("BAYES_HIGH", (await ReadAsync(ann, "Junk"))[^1].Text, StringComparison.Ordinal);
        Assert.Contains("BAYES_LOW", (await ReadAsync(ann))[^1].Text, StringComparison.Ordinal);
        // Ann's judgement is her own.
        Assert.DoesNotContain("BAYES", Assert.Single(await ReadAsync(eve)).Text, StringComparison.Ordinal);

        await junk.OpenAsync(FolderAccess.ReadWrite, Ct);
        await junk.MoveToAsync(await junk.SearchAsync(SearchQuery.All, Ct), client.Inbox, Ct);
        await WaitForAsync(ann, 0, 7);
        await SendAsync(ann, "the last", Offer);
        var last = (await ReadAsync(ann))[^1].Text;
        Assert.Contains("Subject: the last", last, StringComparison.Ordinal);
        Assert.DoesNotContain("BAYES_HIGH", last, StringComparison.Ordinal);
        await client.DisconnectAsync(quit: true, Ct);
    }

    [Fact]
    public async Task The_command_teaches_the_running_server_for_all_accounts()
    {
        var bob = await Server.AddAccountAsync();
        for (var i = 0; i < 3; i++)
        {
            await WriteAsync(
                $"spam{i}.eml",
                Message($"stocks {i}", $"Stocks are rising beyond imagination, invest right away {i}")
            );
            await WriteAsync(
                $"ham{i}.eml",
                Message($"choir {i}", $"Rehearsal on Thursday evening as always, bring your scores {i}")
            );
        }

        foreach (var (kind, name) in new[] { ("--spam", "spam"), ("--ham", "ham") })
        {
            string[] files = [.. Enumerable.Range(0, 3).Select(i => Path.Combine(Folder, $"{name}{i}.eml"))];
            var run = await Server.RunAsync([
                "spam",
                "learn",
                kind,
                .. files,
                "--set",
                $"spam.rules=[\"{((LearningServer)Server).Rules}\"]",
            ]);
            Assert.Equal((0, "Learned tokens from 3 message(s) (3 message(s) examined)\n"), (run.ExitCode, run.Output));
        }

        await SendAsync(bob, "news", "Stocks are rising beyond imagination, invest right away");
        Assert.Contains("BAYES_HIGH", Assert.Single(await ReadAsync(bob, "Junk")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_real_spamc_teaches_an_account()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/spamc"), "spamc is not installed: run tests/setup as root");
        var (account, mail) = (await Server.AddAccountAsync(), Message("told", Offer));
        (string Kind, string Answer, int Spam, int Ham)[] steps =
        [
            ("spam", "successfully", 1, 0),
            ("spam", "already", 1, 0),
            ("ham", "successfully", 0, 1),
            ("forget", "successfully", 0, 0),
            ("forget", "already", 0, 0),
        ];
        foreach (var (kind, answer, spam, ham) in steps)
        {
            string[] options =
            [
                "-F",
                "/dev/null",
                "-d",
                "127.0.0.1",
                "-p",
                Server.PortText("spamd"),
                "-u",
                account,
                "-L",
                kind,
            ];
            var (exit, output) = await RunWithInputAsync("spamc", mail, options);
            Assert.True(exit == 0 && output.Contains(answer, StringComparison.Ordinal), $"{kind}: {exit} {output}");
            await WaitForAsync(account, spam, ham);
        }
    }

    private async Task WaitForAsync(string account, int spam, int ham) =>
        await Waiting.UntilAsync(
            async () =>
            {
                var reply = await Server.Control.CallAsync(
                    ControlVerbs.SpamLearned,
                    new JsonObject { ["account"] = account },
                    Ct
                );
                return ((int)reply.Rows[0]["spam"]!, (int)reply.Rows[0]["ham"]!) == (spam, ham);
            },
            Ct
        );

    private async Task SendAsync(string account, string subject, string text)
    {
        using var message = new MimeKit.MimeMessage();
        message.From.Add(MimeKit.MailboxAddress.Parse("bob@far.example"));
        message.To.Add(MimeKit.MailboxAddress.Parse(account));
        message.Subject = subject;
        message.Body = new MimeKit.TextPart("plain") { Text = $"{text} {subject}" };
        using var smtp = new MailKit.Net.Smtp.SmtpClient();
        await smtp.ConnectAsync("127.0.0.1", Server.Port("smtp"), SecureSocketOptions.None, Ct);
        await smtp.SendAsync(message, Ct);
        await smtp.DisconnectAsync(quit: true, Ct);
    }

    /// <summary>Postreiter with two rules of Bayes, which speak as soon as three mails of each kind are learned.</summary>
    public sealed class LearningServer : PostreiterProcess
    {
        private const string Text = """
            bayes_min_spam_num 3
            bayes_min_ham_num 3
            bayes_auto_learn 0
            add_header all Status "_YESNO_, score=_SCORE_ tests=_TESTS_ bayes=_BAYES_"
            body BAYES_LOW eval:check_bayes('0.00', '0.50')
            tflags BAYES_LOW nice learn
            score BAYES_LOW 0 0 -1 -1
            body BAYES_HIGH eval:check_bayes('0.50', '1.00')
            tflags BAYES_HIGH learn
            score BAYES_HIGH 0 0 6 6

            """;

        private readonly TemporaryFolder _rules = new();

        public string Rules => _rules.Root;

        protected override IEnumerable<string> Settings =>
            [$"spam.rules=[\"{_rules.Root}\"]", "listen.spamd=[\"127.0.0.1:0\"]", "spamd.allow_tell=true"];

        protected override Task SetUpAsync() => File.WriteAllTextAsync(Path.Combine(_rules.Root, "10.cf"), Text);

        protected override Task TearDownAsync()
        {
            _rules.Dispose();
            return Task.CompletedTask;
        }
    }
}
