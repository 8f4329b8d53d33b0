using System.Text.Json.Nodes;
using Postreiter.Control;

namespace Postreiter.Tests.CommandLine;

/// <summary><c>postreiter spam explain ID</c> over the mail of a running server; of a rule see <see cref="SpamCommandTests"/>.</summary>
public sealed class SpamExplainCommandTests
{
    private const string Rules = """
        bayes_min_spam_num 5
        bayes_min_ham_num 5
        bayes_auto_learn 0
        body BAYES_99 eval:check_bayes('0.99', '1.00')
        tflags BAYES_99 learn
        describe BAYES_99 Words of spam
        score BAYES_99 0 0 3.5 3.5
        header OFFER Subject =~ /^offer/
        describe OFFER Offers something
        score OFFER 6
        header LUNCH Subject =~ /lunch/
        score LUNCH -0.5
        """;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_mail_is_explained_rule_by_rule_and_word_by_word(bool isServerRunning)
    {
        await using var site = await ReplaySite.StartAsync(Rules);
        var id = await site.SendAsync("offer", "wonderful pills shipped overnight worldwide discreetly");
        for (var i = 0; i < 8; i++)
        {
            Write(site, $"ham/{i}.eml", $"meeting minutes of the committee number {i}");
            Write(site, $"spam/{i}.eml", $"wonderful pills shipped overnight worldwide discreetly {i}");
        }

        Assert.Equal(0, (await site.RunAsync("spam", "learn", "--ham", site.Folder["ham"])).ExitCode);
        Assert.Equal(0, (await site.RunAsync("spam", "learn", "--spam", site.Folder["spam"])).ExitCode);
        if (!isServerRunning)
            await site.StopAsync();
        var run = await site.RunAsync("spam", "explain", id, "--json", "--words", "3");
        Assert.True(run.ExitCode == 0, run.Error);
        var row = JsonNode.Parse(run.Output)!;
        Assert.Equal(
            (id, "ann@a.test", "Junk", 1),
            ((string?)row["id"], (string?)row["account"], (string?)row["mailbox"], (int)row["uid"]!)
        );
        Assert.Equal("""{"spam":true,"score":6,"required":5}""", row["then"]!.ToJsonString());
        Assert.Equal("""{"spam":true,"score":9.5,"required":5}""", row["now"]!.ToJsonString());
        Assert.Equal(
            """[{"name":"OFFER","points":6,"then":true,"now":true,"as_then":false,"description":"Offers something"},{"name":"BAYES_99","points":3.5,"then":false,"now":true,"as_then":false,"description":"BODY: Words of spam"}]""",
            row["rules"]!.ToJsonString()
        );
        var words = row["bayes"]!;
        Assert.InRange((double)words["score"]!, 0.99, 1);
        Assert.True((int)words["weighed"]! >= 6);
        var strongest = words["strongest"]!.AsArray();
        Assert.Equal(3, strongest.Count);
        Assert.All(strongest, static w => Assert.Equal((8, 0), ((int)w!["spam"]!, (int)w["ham"]!)));
        Assert.All(strongest, static w => Assert.InRange((double)w!["probability"]!, 0.99, 1));

        // For people; and by its place.
        var text = (await site.RunAsync("spam", "explain", "ann@a.test/Junk/1", "--words", "150")).Output;
        Assert.StartsWith($"{id}  ann@a.test Junk 1, ", text, StringComparison.Ordinal);
        Assert.Contains("then  junk, 6.0 of 5.0\nnow   junk, 9.5 of 5.0\n", text, StringComparison.Ordinal);
        Assert.Contains(
            "   6.0  yes   yes      OFFER                    Offers something\n",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "   3.5  -     yes      BAYES_99                 BODY: Words of spam\n",
            text,
            StringComparison.Ordinal
        );
        Assert.EndsWith($"before the rules: postreiter trace {id}\n", text, StringComparison.Ordinal);
        Assert.Matches(@"\n +0\.99\d +8 +0  overnight\n", text);
    }

    [Fact]
    public async Task Large_copies_of_a_mail_come_one_by_one_and_all_of_them_are_explained()
    {
        await using var site = await ReplaySite.StartAsync(Rules, "max_scan_size = \"8MiB\"");
        var text = string.Concat(Enumerable.Repeat(new string('x', 70) + "\r\n", 70_000));
        var id = await site.SendAsync("offer", text, "ann", "bob");
        var run = await site.RunAsync("spam", "explain", id, "--json");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(
            ["ann@a.test", "bob@a.test"],
            run.Output.TrimEnd().Split('\n').Select(static l => (string?)JsonNode.Parse(l)!["account"]).Order()
        );
        var store = site.Server.Parts.Store;
        var found = await StoredVerbs.FindAsync(
            store,
            new JsonObject { ["id"] = id },
            TestContext.Current.CancellationToken
        );
        Assert.Equal([true, false], found.Rows.Select(static r => r["octets"] is not null));
    }

    [Fact]
    public async Task Rules_that_hit_then_and_hit_no_more_are_named()
    {
        await using var site = await ReplaySite.StartAsync(Rules);
        var id = await site.SendAsync("lunch offer", "x", "ann", "bob");
        File.WriteAllText(site.Folder["more.cf"], "score LUNCH 0\n");
        var run = await site.RunAsync("spam", "explain", id, "--json", "--config", site.Folder["more.cf"]);
        var rows = run
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => JsonNode.Parse(l)!)
            .ToList();
        // Each recipient's copy.
        Assert.Equal(["ann@a.test", "bob@a.test"], rows.Select(r => (string)r["account"]!));
        Assert.Equal(
            """[{"name":"LUNCH","points":0,"then":true,"now":false,"as_then":false,"description":""}]""",
            rows[0]["rules"]!.ToJsonString()
        );
        Assert.Null(rows[0]["bayes"]);
    }

    [Fact]
    public async Task Rule_and_id_are_told_apart_and_what_is_not_there_is_said()
    {
        await using var site = await ReplaySite.StartAsync(
            Rules + "\nheader 0123456789abcdef Subject =~ /x/\nheader a123456789abcdef Subject =~ /x/\n"
        );
        Assert.Contains(
            "Offers something",
            (await site.RunAsync("spam", "explain", "OFFER")).Output,
            StringComparison.Ordinal
        );
        // What looks like an id is the rule when there is one.
        var rule = await site.RunAsync("spam", "explain", "a123456789abcdef", "--json");
        Assert.Equal("a123456789abcdef", (string?)JsonNode.Parse(rule.Output)!["name"]);
        var unknown = await site.RunAsync("spam", "explain", "OFFFER");
        Assert.Equal(1, unknown.ExitCode);
        Assert.Contains(
            "OFFFER is no rule in force, and no id of a mail; did you mean OFFER?",
            unknown.Error,
            StringComparison.Ordinal
        );
        var gone = await site.RunAsync("spam", "explain", "0123456789abcdeg");
        Assert.Equal((1, "there is no message 0123456789abcdeg in any mailbox\n"), (gone.ExitCode, gone.Error));
        foreach (var place in new[] { "eve@a.test/INBOX/1", "ann@a.test/None/1", "ann@a.test/INBOX/7" })
            Assert.Equal(1, (await site.RunAsync("spam", "explain", place)).ExitCode);
        Assert.Equal(2, (await site.RunAsync("spam", "explain", "OFFER", "--words", "151")).ExitCode);
    }

    [Fact]
    public async Task A_mail_that_is_gone_has_its_trace()
    {
        await using var site = await ReplaySite.StartAsync(Rules);
        var id = await site.SendAsync("lunch");
        var store = site.Server.Parts.Store;
        var account = (await store.Directory.FindAccountAsync(Core.EmailAddress.Parse("ann@a.test"), Ct))!;
        var inbox = (await store.Mail.FindMailboxAsync(account.Id, "INBOX", Ct))!;
        await store.Mail.RemoveAsync(inbox.Id, [Storage.Mail.UidRange.All], Ct);
        var run = await site.RunAsync("spam", "explain", id);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"postreiter trace {id} tells what became of it", run.Error, StringComparison.Ordinal);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static void Write(ReplaySite site, string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(site.Folder[name])!);
        File.WriteAllText(
            site.Folder[name],
            $"From: d@far.example\nTo: ann@a.test\nSubject: x\nDate: Mon, 2 Feb 2026 12:00:00 +0000\nMessage-ID: <{name}@far.example>\n\n{text}\n"
        );
    }
}
