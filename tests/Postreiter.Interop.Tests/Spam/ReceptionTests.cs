namespace Postreiter.Interop.Tests.Spam;

/// <summary>Mail on port 25 of the real program, scanned by real rules: inbox, Junk with a tagged subject, or refused.</summary>
public sealed class ReceptionTests(ReceptionTests.ScanningServer server)
    : ClientTests(server),
        IClassFixture<ReceptionTests.ScanningServer>
{
    [Fact]
    public async Task Good_mail_is_in_the_inbox_with_its_marks()
    {
        var account = await Server.AddAccountAsync();
        Assert.Equal(0, await SendAsync(account, "ham"));
        var (_, _, text) = Assert.Single(await ReadAsync(account));
        Assert.Contains(
            "\r\nX-Spam-Status: No, score=0.3 required=5.0 tests=BOTH,FULL_BOB",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains("\r\nSubject: lunch\r\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Spam_is_in_Junk_with_marks_report_and_a_tagged_subject()
    {
        var account = await Server.AddAccountAsync();
        Assert.Equal(0, await SendAsync(account, "spam"));
        Assert.Empty(await ReadAsync(account));
        var (_, _, text) = Assert.Single(await ReadAsync(account, "Junk"));
        Assert.Contains(
            "\r\nX-Spam-Flag: YES\r\nX-Spam-Level: *********\r\nX-Spam-Status: Yes, score=9.0 required=5.0",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "\r\nX-Spam-Report: \r\n\t*  2.5 SUBJ_BUY Subject offers something\r\n",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains("\r\nSubject: **** SPAM **** A buy now offer\r\n", text, StringComparison.Ordinal);
        Assert.Contains("\r\nX-Spam-Prev-Subject: A buy now offer\r\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_has_too_many_points_is_refused_in_the_session()
    {
        var account = await Server.AddAccountAsync();
        // 26 is swaks's word for a refusal after the dot.
        Assert.Equal(26, await SendAsync(account, "html"));
        Assert.Empty(await ReadAsync(account));
        Assert.Empty(await ReadAsync(account, "Junk"));
        await Server.WaitForLogAsync("is refused (");
    }

    [Fact]
    public async Task The_rulesets_friends_are_let_in()
    {
        var account = await Server.AddAccountAsync();
        Assert.Equal(0, await SendAsync(account, "friend"));
        Assert.Contains("FROM_WELCOME", Assert.Single(await ReadAsync(account)).Text, StringComparison.Ordinal);
    }

    private async Task<int> SendAsync(string account, string name)
    {
        var file = await WriteAsync(name + ".eml", SpamRules.Mails[name]);
        var (code, _) = await RunAsync(
            "swaks",
            "--server",
            $"127.0.0.1:{Server.PortText("smtp")}",
            "--from",
            "bob@far.example",
            "--to",
            account,
            "--data",
            "@" + file
        );
        return code;
    }

    /// <summary>Postreiter with the small ruleset.</summary>
    public sealed class ScanningServer : PostreiterProcess
    {
        private readonly TemporaryFolder _rules = new();

        protected override IEnumerable<string> Settings =>
            [
                $"spam.rules=[\"{Path.Combine(_rules.Root, "rules")}\"]",
                "spam.reject_at=9.5",
                "spam.subject_tag=\"**** SPAM ****\"",
            ];

        protected override Task SetUpAsync()
        {
            SpamRules.Write(_rules.Root, reportSafe: 1);
            return Task.CompletedTask;
        }

        protected override Task TearDownAsync()
        {
            _rules.Dispose();
            return Task.CompletedTask;
        }
    }
}
