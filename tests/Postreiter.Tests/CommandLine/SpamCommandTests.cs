using System.Text.Json.Nodes;
using Postreiter.Testing;

namespace Postreiter.Tests.CommandLine;

/// <summary><c>postreiter spam check|explain|lint</c>, without a data folder.</summary>
public sealed class SpamCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Lint_is_content_with_good_rules()
    {
        Write("10.cf", "header GOOD Subject =~ /x/\nscore GOOD 1\nadd_header all Level _STARS_\n");
        var run = await RunAsync("lint");
        Assert.Equal((0, ""), (run.ExitCode, run.Output));
        Assert.Contains("1 rules in force; 0 lines are wrong", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lint_names_every_wrong_line_and_the_rest_is_in_force()
    {
        Write("10.cf", "header GOOD Subject =~ /x/\nbody BAD /(/\nnonsense 1\nreport_safe 7\nbody ALSO_GOOD /y/\n");
        var run = await RunAsync("lint");
        Assert.Equal(1, run.ExitCode);
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        foreach (var line in new[] { 2, 3, 4 })
            Assert.Contains(lines, l => l.StartsWith($"{_folder["10.cf"]}:{line}: ", StringComparison.Ordinal));
        Assert.Contains("2 rules in force; 3 lines are wrong", run.Error, StringComparison.Ordinal);
        foreach (
            var row in (await RunAsync("lint", "--json")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        )
            Assert.True((bool)JsonNode.Parse(row)!["error"]!);
    }

    [Fact]
    public async Task Lint_names_rules_whose_function_is_not_here_and_what_follows()
    {
        Write("10.cf", "header STRANGE eval:check_of_another_world()\nmeta USES STRANGE && STRANGE\n");
        var run = await RunAsync("lint");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains(
            "10.cf:1: STRANGE: there is no function check_of_another_world here",
            run.Output,
            StringComparison.Ordinal
        );
        Assert.Contains("counts as 0 in 1 metas", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("URILocalBL", "its rules never hit, and its settings do nothing")]
    [InlineData("TextCat", "languages are not guessed")]
    [InlineData("Razor2", "that service is not asked")]
    [InlineData("ExtractText", "no text is taken out of attachments")]
    [InlineData("NoSuchPlugin", "is no plugin of this engine")]
    public async Task Lint_names_plugins_that_are_not_here_and_what_follows(string plugin, string consequence)
    {
        await File.WriteAllTextAsync(
            _folder["10.pre"],
            $"# plugins\nloadplugin Mail::SpamAssassin::Plugin::{plugin}\n",
            Ct
        );
        Write("10.cf", "header GOOD Subject =~ /x/\n");
        var run = await RunAsync("lint");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("10.pre:2: ", run.Output, StringComparison.Ordinal);
        Assert.Contains(consequence, run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("FromNameSpoof")]
    [InlineData("PDFInfo")]
    [InlineData("AntiVirus")]
    [InlineData("Shortcircuit")]
    [InlineData("DKIM")]
    public async Task Lint_has_nothing_to_say_of_plugins_that_are_here(string plugin)
    {
        await File.WriteAllTextAsync(_folder["10.pre"], $"loadplugin Mail::SpamAssassin::Plugin::{plugin}\n", Ct);
        Write("10.cf", "header GOOD Subject =~ /x/\n");
        Assert.Equal((0, ""), (await RunAsync("lint")) is var run ? (run.ExitCode, run.Output) : default);
    }

    [Fact]
    public async Task Without_rules_scoring_is_off_and_it_says_so()
    {
        var run = await RunAsync("lint");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("spam scoring is off: there are no rules in", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_tells_all_about_a_rule_and_hints_at_near_names()
    {
        Write(
            "10.cf",
            "header GOOD Subject =~ /x/\nscore GOOD 1 2 3 4\ndescribe GOOD Says x\nmeta USES GOOD || GOOD\n"
        );
        var run = await RunAsync("explain", "GOOD", "--json");
        Assert.Equal(0, run.ExitCode);
        var row = JsonNode.Parse(run.Output)!;
        Assert.Equal("Says x", (string?)row["description"]);
        Assert.Equal([1, 2, 3, 4], row["points"]!.AsArray().Select(p => (double)p!));
        Assert.Equal("USES", (string?)row["used_by"]![0]);
        Assert.Equal(1, (int)row["line"]!);
        Assert.Contains("Says x", (await RunAsync("explain", "GOOD")).Output, StringComparison.Ordinal);
        var unknown = await RunAsync("explain", "GOOF");
        Assert.Equal(1, unknown.ExitCode);
        Assert.Contains("did you mean GOOD?", unknown.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_prints_a_line_for_each_mail_in_order_with_mailboxes_taken_apart()
    {
        Write(
            "10.cf",
            "header OFFER Subject =~ /offer/\nscore OFFER 6.25\nheader __A exists:Subject\nmeta B __A\nscore B 0.1\n"
        );
        Directory.CreateDirectory(_folder["mails/deep"]);
        const string spam = "Subject: offer\n\nx\n";
        const string ham = "Subject: lunch\n\nx\n";
        for (var i = 10; i < 60; i++)
            await File.WriteAllTextAsync(_folder[$"mails/{i}.eml"], i % 5 == 0 ? spam : ham, Ct);
        await File.WriteAllTextAsync(_folder["mails/.hidden"], spam, Ct);
        var box = $"From a Mon Feb  2 12:00:00 2026\n{spam}\nFrom b Mon Feb  2 12:00:00 2026\n{ham}\n";
        await File.WriteAllTextAsync(_folder["mails/deep/box"], box, Ct);
        var run = await RunAsync("check", _folder["mails"], _folder["mails/10.eml"], "--json");
        Assert.Equal(0, run.ExitCode);
        var rows = run
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => JsonNode.Parse(l)!)
            .ToList();
        Assert.Equal(
            [.. Enumerable.Range(10, 50).Select(i => $"{i}.eml"), "deep/box#1", "deep/box#2", "10.eml"],
            rows.Select(r => (string)r["id"]!)
        );
        Assert.Equal("""{"B":0.1,"OFFER":6.25}""", rows[0]["hits"]!.ToJsonString());
        Assert.Equal("""{"__A":1}""", rows[0]["sub"]!.ToJsonString());
        Assert.Equal(
            (6.35, 5, true),
            ((double)rows[0]["score"]!, (double)rows[0]["required"]!, (bool)rows[0]["spam"]!)
        );
        Assert.Equal((0.1, false), ((double)rows[1]["score"]!, (bool)rows[1]["spam"]!));
        Assert.Contains("53 mails, 12 of them spam", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_sees_the_mails_of_an_mbox_that_learn_sees_and_single_files_as_they_are()
    {
        Write("10.cf", "rawbody QUOTED /^>From here/m\nrawbody PLAIN /^From here/m\nheader STATUS exists:Status\n");
        const string head = "From a Mon Feb  2 12:00:00 2026\n";
        const string mail = "Subject: x\nStatus: RO\n\n>From here\n\nFrom here on it is text.\n";
        Write("one", head + mail);
        Write("two", $"{head}{mail}\n{head}{mail}\n");
        Write("empty", "");
        var run = await RunAsync("check", _folder["one"], _folder["two"], _folder["empty"], "--json");
        Assert.Equal(0, run.ExitCode);
        var rows = run
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => JsonNode.Parse(l)!)
            .ToList();
        Assert.Equal(["one", "two#1", "two#2", "empty"], rows.Select(r => (string)r["id"]!));
        Assert.Equal([mail.Length, 53, 53, 0], rows.Select(r => (int)r["bytes"]!));
        Assert.Equal(
            ["PLAIN QUOTED STATUS", "PLAIN", "PLAIN", ""],
            rows.Select(r => string.Join(' ', r["hits"]!.AsObject().Select(h => h.Key)))
        );
    }

    [Fact]
    public async Task Check_with_the_network_says_when_the_public_suffixes_cannot_be_read()
    {
        Write("10.cf", "header OFFER Subject =~ /offer/\n");
        Write("mail", "Subject: offer\n\nx\n");
        var run = await RunAsync(
            "check",
            "--network",
            _folder["mail"],
            "--set",
            $"dmarc.public_suffixes=\"{_folder["none"]}\""
        );
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("dmarc.public_suffixes: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_reads_further_rules_behind_the_others()
    {
        Write("10.cf", "header OFFER Subject =~ /offer/\nscore OFFER 6\n");
        Write("more", "score OFFER 2\nheader MORE exists:Subject\nscore MORE 0.5\n");
        Write("mail", "Subject: offer\n\nx\n");
        var run = await RunAsync("check", _folder["mail"], "--json", "--config", _folder["more"]);
        Assert.Equal(2.5, (double)JsonNode.Parse(run.Output)!["score"]!);
        run = await RunAsync("lint", "--config", _folder["less"]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(
            $"there is no file {_folder["less"]}, which --config names",
            run.Error,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Check_lists_what_one_hit_gives_and_sums_up_all()
    {
        Write("10.cf", "body MANY /x/\ntflags MANY multiple\nscore MANY 0.5\n");
        Write("mail", "Subject: s\n\nx x x\n");
        var row = JsonNode.Parse((await RunAsync("check", _folder["mail"], "--json")).Output)!;
        Assert.Equal(("""{"MANY":0.5}""", 1.5), (row["hits"]!.ToJsonString(), (double)row["score"]!));
    }

    [Fact]
    public async Task Check_says_how_much_of_a_large_mail_it_looked_at()
    {
        Write("10.cf", "body NEAR /near/\nscore NEAR 1\nbody FAR /far/\nscore FAR 1\n");
        // 50 MiB, of which the first half is scanned as the settings say.
        var mail =
            "Subject: x\n\nnear\n"
            + string.Concat(Enumerable.Repeat(new string('x', 1023) + "\n", 50 * 1024))
            + "far\n";
        Write("mail", mail);
        var run = await RunAsync("check", _folder["mail"], "--json");
        var row = JsonNode.Parse(run.Output)!;
        Assert.Equal("""{"NEAR":1}""", row["hits"]!.ToJsonString());
        Assert.Equal((mail.Length, 512 * 1024), ((int)row["bytes"]!, (int)row["scanned"]!));
        run = await RunAsync("check", _folder["mail"]);
        Assert.Contains(
            $"the first 524288 of {mail.Length} bytes: spam.max_scan_size",
            run.Output,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Help_names_every_option_of_every_verb()
    {
        foreach (var verb in new[] { "check", "explain", "lint" })
        {
            var run = await RunAsync(verb, "--help");
            Assert.Equal(0, run.ExitCode);
            foreach (var option in new[] { "--config <FILE>", "--json", "--set <KEY=VALUE>", "--data <DIR>" })
                Assert.Contains(option, run.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Check_asks_the_DNS_only_when_told_to()
    {
        Write(
            "10.cf",
            "header LISTED eval:check_rbl('bl-lastexternal', 'bl.example')\nscore LISTED 0 3.5 0 3.5\ntflags LISTED net\nif !local_tests_only\nheader ONLINE exists:Subject\nendif\n"
        );
        await File.WriteAllTextAsync(
            _folder["mail.eml"],
            "Received: from a.example (a.example [192.0.2.7]) by mx.example (Postfix) with ESMTP id 1; Mon, 2 Feb 2026 12:00:00 +0000\nSubject: x\n\nx\n",
            Ct
        );
        var dns = new FakeDns().Address("7.2.0.192.bl.example", "127.0.0.2");
        foreach (var (arguments, hits) in new[] { ("", "{}"), ("--network", """{"LISTED":3.5,"ONLINE":1}""") })
        {
            string[] more = arguments.Length > 0 ? [arguments] : [];
            var run = await CommandRun.StartAsync(
                "",
                null,
                null,
                dns,
                [
                    "spam",
                    "check",
                    _folder["mail.eml"],
                    "--json",
                    .. more,
                    "--data",
                    _folder["missing"],
                    "--set",
                    $"spam.rules=[\"{_folder.Root}\"]",
                ]
            );
            Assert.Equal(0, run.ExitCode);
            Assert.Equal(hits, JsonNode.Parse(run.Output)!["hits"]!.ToJsonString());
        }
        Assert.Single(dns.Questions);
    }

    [Fact]
    public async Task Check_wants_paths_that_are_there()
    {
        Write("10.cf", "header OFFER Subject =~ /offer/\n");
        var run = await RunAsync("check", _folder["nothing"]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("there is no", run.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private void Write(string name, string rules) => File.WriteAllText(_folder[name], rules);

    private Task<CommandRun> RunAsync(params string[] args) =>
        CommandRun.StartAsync([
            "spam",
            .. args,
            "--data",
            _folder["missing"],
            "--set",
            $"spam.rules=[\"{_folder.Root}\"]",
        ]);
}
