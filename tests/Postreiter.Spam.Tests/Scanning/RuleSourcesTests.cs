using Postreiter.Spam.Scanning;

namespace Postreiter.Spam.Tests.Scanning;

public sealed class RuleSourcesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("postreiter-").FullName;

    [Fact]
    public void Plugins_come_first_then_each_folder_in_order_of_octets()
    {
        Write("a/20.cf", "a/10.cf", "a/B.cf", "a/b.cf", "a/x.pre", "a/note.txt", "b/05.cf", "b/y.pre", "one.cf");
        var files = RuleSources.Files([At("a"), At("missing"), At("b"), At("one.cf"), At("a/note.txt")]);
        Assert.Equal(
            ["a/x.pre", "b/y.pre", "a/10.cf", "a/20.cf", "a/B.cf", "a/b.cf", "b/05.cf", "one.cf"],
            files.Select(f => Path.GetRelativePath(_root, f))
        );
    }

    [Fact]
    public void Without_plugins_of_their_own_folders_have_the_usual_ones()
    {
        Write("a/10.cf");
        File.WriteAllText(
            At("a/10.cf"),
            "ifplugin Mail::SpamAssassin::Plugin::FreeMail\nheader X Subject =~ /x/\nendif\n"
        );
        Assert.True(RuleSources.Read([At("a")])!.TryGetRule("X", out _));
        File.WriteAllText(At("a/x.pre"), "loadplugin Mail::SpamAssassin::Plugin::Check\n");
        Assert.False(RuleSources.Read([At("a")])!.TryGetRule("X", out _));
    }

    [Fact]
    public void No_rules_are_no_ruleset()
    {
        Assert.Null(RuleSources.Read([At("missing")]));
        Write("a/x.pre");
        Assert.Null(RuleSources.Read([At("a")]));
        Assert.Null(RuleSources.Read([]));
    }

    [Fact]
    public void A_later_folder_overrides_an_earlier_one()
    {
        Write("a/10.cf", "b/10.cf");
        File.WriteAllText(At("a/10.cf"), "header X Subject =~ /x/\nscore X 3\n");
        File.WriteAllText(At("b/10.cf"), "score X 4\n");
        Assert.True(RuleSources.Read([At("a"), At("b")])!.TryGetRule("X", out var rule));
        Assert.Equal(4, rule.Scores[0]);
    }

    [Fact]
    public void The_starter_rules_stand_in_for_packaged_ones_that_are_missing()
    {
        var sources = new[] { At("packaged") + "/", At("own") };
        Assert.Equal([At("starter"), At("own")], RuleSources.WithStarter(sources, At("packaged"), At("starter")));
        Assert.Equal([At("own")], RuleSources.WithStarter([At("own")], At("packaged"), At("starter")));
        Write("packaged/10.cf");
        Assert.Equal(sources, RuleSources.WithStarter(sources, At("packaged"), At("starter")));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string At(string name) => Path.Combine(_root, name);

    private void Write(params string[] names)
    {
        foreach (var name in names)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
            File.WriteAllText(At(name), "");
        }
    }
}
