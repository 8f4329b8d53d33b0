using Postreiter.Spam.Configuration;
using Postreiter.Spam.Rules;

namespace Postreiter.Spam.Tests.Configuration;

/// <summary>Rule files that are broken or mean harm: each fault is told with its place, and all else is in force.</summary>
public sealed class HostileRulesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postreiter-test-").FullName;

    [Fact]
    public void A_file_that_includes_itself_is_read_so_often_and_no_more()
    {
        var file = Write("a.cf", "body GOOD /x/\ninclude a.cf\nbody BEHIND /y/\n");
        var ruleset = RulesetReader.Load([file]);
        var told = Assert.Single(ruleset.Warnings);
        Assert.Equal((file, 2), (told.File, told.Line));
        Assert.Contains("deeper than 16", told.Message, StringComparison.Ordinal);
        Assert.Equal(["BEHIND", "GOOD"], ruleset.Rules.Select(static rule => rule.Name).Order());
    }

    [Fact]
    public void Files_that_include_each_other_twice_do_not_multiply()
    {
        // Each level doubles: 2^16 files if nothing bounds it.
        var file = Write("a.cf", "include b.cf\ninclude b.cf\nbody GOOD /x/\n");
        Write("b.cf", "include a.cf\ninclude a.cf\n");
        var ruleset = RulesetReader.Load([file]);
        Assert.True(ruleset.Warnings.Count is > 0 and <= 2000, $"{ruleset.Warnings.Count} warnings");
        Assert.Equal("GOOD", Assert.Single(ruleset.Rules).Name);
    }

    [Fact]
    public void Every_wrong_line_is_told_and_the_rest_is_in_force()
    {
        var lines = new List<string>();
        for (var i = 0; i < 200; i++)
            lines.Add(
                (i % 4) switch
                {
                    0 => $"body A{i} /x{i}/",
                    1 => $"body B{i} /(/",
                    2 => $"score",
                    _ => $"zzz {i}",
                }
            );
        var ruleset = RulesetReader.Load([Write("a.cf", string.Join('\n', lines))]);
        Assert.Equal(50, ruleset.Rules.Count());
        Assert.Equal(
            Enumerable.Range(0, 200).Where(static i => i % 4 != 0).Select(static i => i + 1),
            ruleset.Warnings.Select(static one => one.Line)
        );
    }

    [Fact]
    public void Tags_that_grow_without_end_are_told()
    {
        const string Tags = "loadplugin Mail::SpamAssassin::Plugin::ReplaceTags\n";
        var growing = string.Concat(Enumerable.Repeat("<A>", 60));
        var file = Write(
            "a.cf",
            $"{Tags}replace_tag A (?:{growing})\nbody GROWS /<A>/\nreplace_rules GROWS\nbody GOOD /x/\n"
        );
        var ruleset = RulesetReader.Load([file]);
        var told = Assert.Single(ruleset.Warnings);
        Assert.Contains("GROWS", told.Message, StringComparison.Ordinal);
        Assert.True(ruleset.TryGetRule("GOOD", out _));
    }

    [Fact]
    public void A_long_chain_of_metas_and_a_cycle_end()
    {
        var lines = new List<string> { "body __M0 /x/" };
        for (var i = 1; i <= 5000; i++)
            lines.Add($"meta __M{i} __M{i - 1} + 1");
        lines.Add("meta LAST __M5000\nmeta RING_A RING_B\nmeta RING_B RING_C || 1\nmeta RING_C RING_A");
        var ruleset = RulesetReader.Load([Write("a.cf", string.Join('\n', lines))]);
        Assert.Contains(ruleset.Warnings, static one => one.Message.Contains("RING_A", StringComparison.Ordinal));
        var result = new SpamEngine(ruleset) is var engine
            ? engine.Scan(engine.Read("Subject: s\n\nx\n"u8.ToArray()))
            : null;
        Assert.Contains(result!.Hits, static hit => hit.Name == "LAST");
        Assert.DoesNotContain(result.Hits, static hit => hit.Name.StartsWith("RING", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a line", "body LONG /", "x")]
    [InlineData("an expression", "meta LONG 1", " + 1")]
    [InlineData("brackets", "meta LONG ", "(")]
    [InlineData("groups", "body LONG /", "(a|")]
    [InlineData("classes", "body LONG /", "[")]
    [InlineData("conditions", "if ", "(1 && ")]
    [InlineData("blocks", "", "if (1)\n")]
    [InlineData("scores", "score LONG ", "1 ")]
    [InlineData("addresses", "welcomelist_from ", "*@a* ")]
    [InlineData("NULs", "", "\0")]
    [InlineData("backslashes", "body LONG /", "\\")]
    public void A_megabyte_of_one_thing_is_read(string name, string start, string again)
    {
        var text = start + string.Concat(Enumerable.Repeat(again, (1 << 20) / again.Length)) + "\n";
        var before = GC.GetAllocatedBytesForCurrentThread();
        var reader = new RulesetReader();
        reader.ReadText("good.cf", "body GOOD /x/\n");
        reader.ReadText("a.cf", text);
        var ruleset = reader.Complete();
        Assert.True(ruleset.TryGetRule("GOOD", out _), name);
        var octets = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(octets < 1L << 30, $"{name}: {octets >> 20} MiB");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string name, string text)
    {
        var file = Path.Combine(_folder, name);
        File.WriteAllText(file, text);
        return file;
    }
}
