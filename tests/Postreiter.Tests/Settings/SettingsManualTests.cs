using Postreiter.Settings;

namespace Postreiter.Tests.Settings;

public sealed class SettingsManualTests
{
    [Fact]
    public void The_manual_is_that_of_the_code()
    {
        var file = Path.Combine(RepositoryRoot(), "docs", "settings.md");
        Assert.True(
            File.Exists(file) && File.ReadAllText(file) == SettingsManual.Markdown(),
            "docs/settings.md is stale: postreiter config explain --all > docs/settings.md"
        );
    }

    [Fact]
    public void Every_key_says_what_it_is() =>
        Assert.All(
            SettingKeys.All,
            key =>
            {
                Assert.True(key.Doc.Length > 20 && key.Doc.EndsWith('.'), key.Name);
                Assert.NotEmpty(key.Expected);
            }
        );

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Postreiter.slnx")))
            folder = folder.Parent ?? throw new DirectoryNotFoundException("no Postreiter.slnx above the tests");
        return folder.FullName;
    }
}
