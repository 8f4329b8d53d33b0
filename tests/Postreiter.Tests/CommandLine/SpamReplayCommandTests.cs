using System.Text.Json.Nodes;
using Postreiter.Control;
using Postreiter.Settings;
using Postreiter.Storage.Lists;

namespace Postreiter.Tests.CommandLine;

/// <summary><c>postreiter spam replay</c> over the mail of a running server.</summary>
public sealed class SpamReplayCommandTests
{
    private const string Rules = """
        header OFFER Subject =~ /^offer/
        describe OFFER Offers something
        score OFFER 6
        body CHEAP /cheap/
        score CHEAP 2
        body GREETING /dear friend/
        score GREETING 1.5
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Other_rules_show_what_would_flip_and_why(bool isServerRunning)
    {
        await using var site = await ReplaySite.StartAsync(Rules);
        var junk = await site.SendAsync("offer", "dear friend");
        var wanted = await site.SendAsync("lunch", "cheap");
        await site.SendAsync("dinner");
        if (!isServerRunning)
            await site.StopAsync();
        site.WriteRules(
            "new/site.cf",
            "header OFFER Subject =~ /^offer/\nscore OFFER 3\nbody CHEAP /cheap/\nscore CHEAP 2.5\nbody CHEAPER /cheap/\nscore CHEAPER 4\n"
        );
        var rows = await JsonAsync(site, "--rules", site.Folder["new"]);
        Assert.Equal(3, rows.Count);
        var (first, second) = (Row(rows, junk), Row(rows, wanted));
        Assert.Equal("""{"spam":true,"score":7.5,"required":5}""", first["then"]!.ToJsonString());
        Assert.Equal("""{"spam":false,"score":3,"required":5}""", first["now"]!.ToJsonString());
        Assert.Equal("{}", first["gained"]!.ToJsonString());
        Assert.Equal("""{"GREETING":1.5}""", first["lost"]!.ToJsonString());
        Assert.Equal("""{"OFFER":[6,3]}""", first["reweighed"]!.ToJsonString());
        Assert.Equal(
            ("ann@a.test", "Junk", true),
            ((string?)first["account"], (string?)first["mailbox"], (bool?)first["in_junk"])
        );
        Assert.Equal("""{"CHEAPER":4}""", second["gained"]!.ToJsonString());
        Assert.Equal("""{"CHEAP":[2,2.5]}""", second["reweighed"]!.ToJsonString());
        Assert.Equal((6.5, false), ((double)second["now"]!["score"]!, (bool?)second["in_junk"]));
        AssertSum(rows[^1], judged: 3, newlyJunk: 1, newlyWanted: 1);

        var run = await site.RunAsync("spam", "replay", "--rules", site.Folder["new"]);
        Assert.Contains(
            $"wanted now     7.5 ->   3.0 of 5.0  {junk}  ann@a.test Junk  offer\n             lost: GREETING 1.5\n             other points: OFFER 6 -> 3\n",
            run.Output,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "3 mails: 1 would be junk that were wanted, 1 would be wanted that were junk, 1 stay as they are\n",
            run.Output,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "junk     elsewhere        0       1  <- not as its owner has it\n",
            run.Output,
            StringComparison.Ordinal
        );
        // Nothing has changed.
        Assert.Single(await JsonAsync(site));
        Assert.Empty(Directory.GetFiles(site.Folder["data"], "*.tmp"));
    }

    [Fact]
    public async Task Another_threshold_further_rules_and_all_mails()
    {
        await using var site = await ReplaySite.StartAsync(Rules);
        await site.SendAsync("offer");
        await site.SendAsync("lunch", "cheap, dear friend");
        var rows = await JsonAsync(site, "--threshold", "3.5");
        Assert.Equal(["lunch"], await SubjectsAsync(site, "--threshold", "3.5"));
        Assert.Equal("""{"spam":true,"score":3.5,"required":3.5}""", rows[0]["now"]!.ToJsonString());
        Assert.Equal(["offer"], await SubjectsAsync(site, "--threshold", "6.1"));
        Assert.Equal(["lunch", "offer"], await SubjectsAsync(site, "--threshold", "6.1", "--all"));
        File.WriteAllText(site.Folder["more.cf"], "score GREETING 4\n");
        Assert.Equal(["lunch"], await SubjectsAsync(site, "--config", site.Folder["more.cf"]));
        Assert.Equal(2, (await site.RunAsync("spam", "replay", "--rules", site.Folder["none"])).ExitCode);
        Assert.Equal(2, (await site.RunAsync("spam", "replay", "--threshold", "NaN")).ExitCode);
        Assert.Equal(2, (await site.RunAsync("spam", "replay", "--since", "yesterday")).ExitCode);
        Assert.Equal(1, (await site.RunAsync("spam", "replay", "--account", "eve@a.test")).ExitCode);
    }

    [Fact]
    public async Task An_accounts_own_threshold_counts_before_its_domains_and_the_sites()
    {
        await using var site = await ReplaySite.StartAsync(Rules);
        await site.SendAsync("offer", "x", "ann", "bob");
        var lists = site.Server.Parts.Store.Lists;
        Assert.True(await lists.SetThresholdAsync("a.test", 7, Ct));
        Assert.True(await lists.SetThresholdAsync("bob@a.test", 5.5, Ct));
        var rows = await JsonAsync(site, "--all");
        Assert.Equal([7, 5.5], rows.SkipLast(1).Select(r => (double)r["now"]!["required"]!));
        Assert.Equal([true, false], rows.SkipLast(1).Select(r => (bool)r["flips"]!));
        rows = await JsonAsync(site, "--all", "--threshold", "6.5");
        Assert.Equal([6.5, 6.5], rows.SkipLast(1).Select(r => (double)r["now"]!["required"]!));
    }

    [Fact]
    public async Task Lists_of_senders_count_as_they_did_then()
    {
        await using var site = await ReplaySite.StartAsync(
            Rules,
            // Lists are not looked at for mail of our own machines.
            "[senders]\nlocal_networks = []\n[greylist]\nmode = \"off\""
        );
        var lists = site.Server.Parts.Store.Lists;
        var entry = new ListEntry("carl@far.example", ListKind.Allow, ListOrigin.Command, DateTimeOffset.UnixEpoch);
        Assert.Equal([ListChange.Added], await lists.AddAsync("ann@a.test", [entry], Ct));
        var both = await site.SendAsync("offer", "dear friend", "ann", "bob");
        Assert.Equal([true], await lists.RemoveAsync("ann@a.test", ListKind.Allow, [entry.Text], false, Ct));
        File.WriteAllText(site.Folder["more.cf"], "score GREETING 4.5\n");
        var rows = await JsonAsync(site, "--all", "--config", site.Folder["more.cf"]);
        Assert.Equal([both, both], rows.SkipLast(1).Select(r => (string)r["id"]!));
        Assert.Equal([-92.5, 7.5], rows.SkipLast(1).Select(r => (double)r["then"]!["score"]!));
        Assert.Equal([-89.5, 10.5], rows.SkipLast(1).Select(r => (double)r["now"]!["score"]!));
        Assert.All(
            rows.SkipLast(1),
            static r => Assert.Equal(("{}", "{}"), (r["gained"]!.ToJsonString(), r["lost"]!.ToJsonString()))
        );
        var explained = await site.RunAsync("spam", "explain", both);
        Assert.Contains(
            "-100.0  yes   as then  USER_IN_WELCOMELIST      lists of senders",
            explained.Output,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_damaged_mail_is_named_and_the_rest_is_judged()
    {
        await using var site = await ReplaySite.StartAsync(Rules);
        await site.SendAsync("offer", "one of them");
        await site.SendAsync("lunch", "the other one");
        await site.StopAsync();
        var segment = Assert.Single(Directory.GetFiles(site.Folder["data/blobs"], "*.seg"));
        var octets = await File.ReadAllBytesAsync(segment, Ct);
        octets[octets.AsSpan().IndexOf("one of them"u8)] ^= 1;
        await File.WriteAllBytesAsync(segment, octets, Ct);
        await site.ServeAsync();
        var run = await site.RunAsync("spam", "replay", "--json");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("skipped: ann@a.test/Junk/1: ", run.Error, StringComparison.Ordinal);
        var sum = JsonNode.Parse(run.Output)!;
        Assert.Equal((1, 1), ((int)sum["judged"]!, (int)sum["skipped"]!));
    }

    [Fact]
    public async Task What_is_learned_by_now_counts_the_servers_for_all_and_an_accounts_for_its_own_mail()
    {
        await using var site = await ReplaySite.StartAsync(
            """
            bayes_min_spam_num 5
            bayes_min_ham_num 5
            bayes_auto_learn 0
            body BAYES_99 eval:check_bayes('0.99', '1.00')
            tflags BAYES_99 learn
            score BAYES_99 0 0 7 7
            """
        );
        const string words = "wonderful pills shipped overnight worldwide discreetly";
        var toAnn = await site.SendAsync("one", words);
        var toBob = await site.SendAsync("two", words, "bob");
        var toBoth = await site.SendAsync("three", words, "ann", "bob");
        for (var i = 0; i < 8; i++)
        {
            Write(site, $"ham/{i}.eml", $"meeting minutes of the committee number {i}");
            Write(site, $"spam/{i}.eml", words + $" {i}");
        }

        Assert.Single(await JsonAsync(site));
        Assert.Equal(0, (await site.RunAsync("spam", "learn", "--ham", site.Folder["ham"])).ExitCode);
        Assert.Equal(
            0,
            (await site.RunAsync("spam", "learn", "--spam", site.Folder["spam"], "--account", "ann@a.test")).ExitCode
        );
        // Only what was for ann alone is judged by what she showed.
        var rows = await JsonAsync(site);
        Assert.Equal([toAnn], rows.SkipLast(1).Select(r => (string)r["id"]!));
        Assert.Equal("""{"BAYES_99":7}""", rows[0]["gained"]!.ToJsonString());

        Assert.Equal(0, (await site.RunAsync("spam", "learn", "--spam", site.Folder["spam"])).ExitCode);
        rows = await JsonAsync(site);
        Assert.Equal([toAnn, toBoth, toBob, toBoth], rows.SkipLast(1).Select(r => (string)r["id"]!));
        rows = await JsonAsync(site, "--account", "BOB@A.Test");
        Assert.Equal([toBob, toBoth], rows.SkipLast(1).Select(r => (string)r["id"]!));
        AssertSum(rows[^1], judged: 2, newlyJunk: 2, newlyWanted: 0);
    }

    [Fact]
    public async Task What_depends_on_the_network_counts_as_it_did_then()
    {
        await using var site = await ReplaySite.StartAsync(
            """
            header OFFER Subject =~ /^offer/
            score OFFER 1
            header LISTED eval:check_rbl('x', 'bl.example.')
            tflags LISTED net
            score LISTED 4
            header FAILED eval:check_for_spf_fail()
            score FAILED 2
            meta BOTH OFFER && LISTED
            score BOTH 1
            meta UNLISTED !LISTED
            score UNLISTED 3
            """,
            "preferences = \"preferences\""
        );
        // As it came with its verdict from the server before.
        Write(
            site,
            "in/1.eml",
            "x",
            "X-Spam-Status: Yes, score=8.0 required=5.0 tests=BOTH,FAILED,LISTED,\n\tOFFER,OLD autolearn=no version=4.0.1\nSubject: offer\n"
        );
        Assert.Equal(0, (await site.RunAsync("mail", "import", "--account", "ann@a.test", site.Folder["in"])).ExitCode);
        string[] network = ["--set", "spam.network=true"];
        var row = Assert.Single((await JsonAsync(site, ["--all", .. network])).SkipLast(1));
        Assert.Equal((false, 8), ((bool)row["flips"]!, (double)row["now"]!["score"]!));
        Assert.Equal("""{"OLD":null}""", row["lost"]!.ToJsonString());
        Assert.Equal("{}", row["gained"]!.ToJsonString());
        // A change of their points counts all the same.
        File.WriteAllText(site.Folder["more.cf"], "score LISTED 0.5\n");
        row = Assert.Single((await JsonAsync(site, ["--config", site.Folder["more.cf"], .. network])).SkipLast(1));
        Assert.Equal(4.5, (double)row["now"]!["score"]!);
        Assert.Equal("""{"LISTED":[4,0.5]}""", row["reweighed"]!.ToJsonString());
    }

    [Fact]
    public async Task Mail_is_read_in_small_steps_and_only_what_came_in_since_then()
    {
        await using var site = await ReplaySite.StartAsync(Rules);
        const int mails = 150;
        for (var i = 0; i < mails; i++)
        {
            Write(
                site,
                $"in/cur/{i:d3}.x:2,",
                "cheap",
                $"X-Spam-Status: No, score=2.0 required=5.0 tests=CHEAP\nSubject: number {i}\n"
            );
            File.SetLastWriteTimeUtc(
                site.Folder[$"in/cur/{i:d3}.x:2,"],
                TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-i).AddHours(-1)
            );
        }

        Directory.CreateDirectory(site.Folder["in/new"]);
        foreach (var mailbox in new[] { "INBOX", "Sent" })
            Assert.Equal(
                0,
                (
                    await site.RunAsync(
                        "mail",
                        "import",
                        "--account",
                        "ann@a.test",
                        "--mailbox",
                        mailbox,
                        site.Folder["in"]
                    )
                ).ExitCode
            );
        // What users send was never judged.
        AssertSum((await JsonAsync(site, "--since", "1000d"))[^1], mails, 0, 0);
        AssertSum((await JsonAsync(site, "--since", "7d12h"))[^1], 8, 0, 0);
        AssertSum((await JsonAsync(site))[^1], 7, 0, 0);
        // Each step of the store is small, whatever is asked.
        await using var control = await ControlOpener.ConnectAsync(new DataFolder(site.Folder["data"]), Ct);
        var (found, steps) = (new List<long>(), 0);
        for (JsonNode? next = null; steps == 0 || next is not null; steps++)
        {
            var arguments = new JsonObject { ["account"] = "ann@a.test", ["next"] = next?.DeepClone() };
            var reply = await control!.CallAsync(ControlVerbs.MailStored, arguments, Ct);
            Assert.InRange(reply.Rows.Count, 1, 65);
            found.AddRange(reply.Rows.SkipLast(1).Select(r => (long)r["uid"]!));
            next = reply.Rows[^1]["next"];
        }

        Assert.Equal(Enumerable.Range(1, mails).Select(static u => (long)u), found);
        Assert.Equal(3, steps);
    }

    [Fact]
    public async Task A_tagged_subject_is_judged_as_its_author_wrote_it_and_marks_count_for_nothing()
    {
        await using var site = await ReplaySite.StartAsync(
            Rules
                + "\nheader MARKED exists:X-Spam-Status\nscore MARKED 9\nheader RESULTS exists:Authentication-Results\nscore RESULTS 9\n"
                + "header TRACE Received =~ /by mx.a.test/\nscore TRACE 0.25\nheader OURS EnvelopeFrom =~ /carl@far/\nscore OURS 0.25\n",
            "subject_tag = \"**SPAM**\""
        );
        await site.SendAsync("offer");
        var row = Assert.Single((await JsonAsync(site, "--all")).SkipLast(1));
        Assert.Equal(
            (false, 6.5, 6.5),
            ((bool)row["flips"]!, (double)row["then"]!["score"]!, (double)row["now"]!["score"]!)
        );
        var run = await site.RunAsync("spam", "replay", "--all");
        Assert.Contains("  offer\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mail_without_a_verdict_is_counted_and_a_trace_stands_in_for_a_header()
    {
        await using var site = await ReplaySite.StartAsync(Rules + "\nclear_headers\n");
        var sent = await site.SendAsync("offer");
        Write(site, "in/1.eml", "offer", "Subject: imported\n");
        Assert.Equal(0, (await site.RunAsync("mail", "import", "--account", "bob@a.test", site.Folder["in"])).ExitCode);
        var rows = await JsonAsync(site, "--threshold", "6.1");
        Assert.Equal([sent], rows.SkipLast(1).Select(r => (string)r["id"]!));
        Assert.Equal((1, 1), ((int)rows[^1]["judged"]!, (int)rows[^1]["unjudged"]!));
    }

    private static JsonObject Row(IReadOnlyList<JsonObject> rows, string id) =>
        rows.Single(r => (string?)r["id"] == id);

    private static void AssertSum(JsonObject row, int judged, int newlyJunk, int newlyWanted) =>
        Assert.Equal(
            (judged, newlyJunk, newlyWanted, judged - newlyJunk - newlyWanted),
            ((int)row["judged"]!, (int)row["newly_junk"]!, (int)row["newly_wanted"]!, (int)row["unchanged"]!)
        );

    private static async Task<List<string>> SubjectsAsync(ReplaySite site, params string[] args)
    {
        var run = await site.RunAsync(["spam", "replay", .. args]);
        Assert.Equal(0, run.ExitCode);
        return
        [
            .. run
                .Output.Split('\n')
                .Where(static l => l.Contains("ann@a.test", StringComparison.Ordinal))
                .Select(static l => l.Split("  ")[^1]),
        ];
    }

    private static async Task<List<JsonObject>> JsonAsync(ReplaySite site, params string[] args)
    {
        var run = await site.RunAsync(["spam", "replay", "--json", .. args]);
        Assert.True(run.ExitCode == 0, run.Error);
        return
        [
            .. run
                .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(static l => (JsonObject)JsonNode.Parse(l)!),
        ];
    }

    private static void Write(ReplaySite site, string name, string text, string header = "Subject: x\n")
    {
        Directory.CreateDirectory(Path.GetDirectoryName(site.Folder[name])!);
        File.WriteAllText(
            site.Folder[name],
            $"From: d@far.example\nTo: ann@a.test\nDate: Mon, 2 Feb 2026 12:00:00 +0000\nMessage-ID: <{name.Replace('/', '.')}@far.example>\n{header}\n{text}\n"
        );
    }
}
