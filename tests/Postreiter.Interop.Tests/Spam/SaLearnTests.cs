using System.Globalization;
using System.Text.RegularExpressions;

namespace Postreiter.Interop.Tests.Spam;

/// <summary>What real sa-learn has learned comes here and goes back, token by token and mail by mail.</summary>
public sealed partial class SaLearnTests(PostreiterProcess server)
    : ClientTests(server),
        IClassFixture<PostreiterProcess>
{
    private const string SaLearn = "/usr/bin/sa-learn";

    [Fact]
    public async Task A_database_of_sa_learn_comes_here_and_goes_back()
    {
        Assert.SkipUnless(File.Exists(SaLearn), "sa-learn is not installed: run tests/setup as root");
        foreach (var kind in new[] { "spam", "ham" })
        {
            Directory.CreateDirectory(Path.Combine(Folder, kind));
            for (var i = 0; i < 20; i++)
                await WriteAsync($"{kind}/{Text(i)}.eml", Mail(kind, i));
            var (code, output) = await LearnAsync("their", $"--{kind}", Path.Combine(Folder, kind));
            Assert.True(
                code == 0 && output.Contains("from 20 message(s) (20 message(s) examined)", StringComparison.Ordinal),
                output
            );
        }

        var theirs = await BackupAsync("their");
        var file = await WriteAsync("their.backup", theirs);
        var restore = await Server.RunAsync("spam", "bayes", "restore", file);
        Assert.True(restore.ExitCode == 0, restore.Error);
        Assert.Contains(
            "of 20 spam and 20 ham mails, 40 names of mails; 0 lines passed over",
            restore.Output,
            StringComparison.Ordinal
        );
        var ours = (await Server.RunAsync("spam", "bayes", "backup", "-")).Output;
        Assert.Equal(Sorted(theirs), Sorted(ours));

        // The same mails, learned here, count no second time: their names are the same.
        var again = await Server.RunAsync(
            "spam",
            "learn",
            "--spam",
            Path.Combine(Folder, "spam"),
            "--set",
            "spam.rules=[\"/usr/share/spamassassin\"]"
        );
        Assert.Equal("Learned tokens from 0 message(s) (20 message(s) examined)\n", again.Output);

        var (restored, text) = await LearnAsync("back", "--restore", await WriteAsync("our.backup", ours));
        Assert.True(restored == 0, text);
        Assert.Equal(Sorted(theirs), Sorted(await BackupAsync("back")));
    }

    [Fact]
    public async Task What_is_learned_here_is_what_sa_learn_learns()
    {
        Assert.SkipUnless(File.Exists(SaLearn), "sa-learn is not installed: run tests/setup as root");
        Directory.CreateDirectory(Path.Combine(Folder, "mixed"));
        for (var i = 0; i < 30; i++)
            await WriteAsync($"mixed/{Text(i)}.eml", Mail("mixed", i));
        var account = await Server.AddAccountAsync();
        var learned = await Server.RunAsync(
            "spam",
            "learn",
            "--spam",
            "--account",
            account,
            Path.Combine(Folder, "mixed"),
            "--set",
            "spam.rules=[\"/usr/share/spamassassin\"]"
        );
        Assert.Equal("Learned tokens from 30 message(s) (30 message(s) examined)\n", learned.Output);
        await LearnAsync("mixed", "--spam", Path.Combine(Folder, "mixed"));
        var ours = (await Server.RunAsync("spam", "bayes", "backup", "-", "--account", account)).Output;
        Assert.Equal(Sorted(await BackupAsync("mixed")), Sorted(ours));
    }

    private async Task<string> BackupAsync(string database)
    {
        var (code, output) = await LearnAsync(database, "--backup");
        Assert.True(code == 0, output);
        // Warnings about the rules stand between.
        return string.Concat(Line().Matches(output).Select(static m => m.Value + "\n"));
    }

    private Task<(int ExitCode, string Output)> LearnAsync(string database, params string[] arguments)
    {
        var preferences = Path.Combine(Folder, database + ".cf");
        File.WriteAllText(
            preferences,
            $"bayes_path {Path.Combine(Folder, database)}\nbayes_auto_expire 0\nbayes_learn_to_journal 0\ntrusted_networks 127.0.0.0/8\n"
        );
        return RunAsync(SaLearn, ["--local", "--prefs-file", preferences, .. arguments]);
    }

    // Both write their lines in an order of their own.
    private static IEnumerable<string> Sorted(string backup) =>
        Line().Matches(backup).Select(static m => m.Value).Order(StringComparer.Ordinal);

    [GeneratedRegex("^[vts]\t.*$", RegexOptions.Multiline, 1000)]
    private static partial Regex Line();

    private static string Mail(string kind, int number)
    {
        var random = new Random(number + kind.Length);
        var words = string.Join(' ', Enumerable.Range(0, 80).Select(_ => $"{kind}{Text(random.Next(300))}"));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            Received: from far.example (far.example [192.0.2.{number}]) by mx.our.example with ESMTP id 4F{number}ABCDEF0123; Mon, 2 Feb 2026 12:{number:d2}:00 +0000
            From: Bob Miller <bob@far.example>
            To: Ann <ann@our.example>, carl@our.example
            Subject: {kind} number {number}
            Date: Mon, 2 Feb 2026 12:00:00 +0000
            Message-ID: <{number}.{kind}@far.example>
            X-Mailer: Writer 1.{number}
            MIME-Version: 1.0
            Content-Type: text/html; charset=utf-8

            <html><body><p>Dear Ann. {words}</p><a href="http://www.{kind}.example/x?y={number}">here</a>
            <font color="#ffffff">unseen words{number}</font></body></html>

            """
        );
    }
}
