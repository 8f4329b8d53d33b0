namespace Postreiter.Tests.CommandLine;

public sealed class ConfigCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Good_settings_are_0()
    {
        Write("hostname = \"mx.a.test\"\n");
        var run = await CommandRun.StartAsync("config", "check", "--data", _folder.Root);
        Assert.Equal((0, ""), (run.ExitCode, run.Output));
    }

    [Fact]
    public async Task Bad_settings_are_2_and_every_mistake_is_listed()
    {
        Write("smtp.max_recipients = 1\ncolour = \"red\"\n");
        var run = await CommandRun.StartAsync("config", "check", "--data", _folder.Root, "--set", "listen.smtp=25");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(
            "smtp.max_recipients = 1: must be a whole number from 100",
            run.Error,
            StringComparison.Ordinal
        );
        Assert.Contains("colour", run.Error, StringComparison.Ordinal);
        Assert.Contains("listen.smtp = 25", run.Error, StringComparison.Ordinal);
        Assert.Contains("hostname", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_file_is_2_and_says_what_makes_it()
    {
        var run = await CommandRun.StartAsync("config", "check", "--data", _folder["none"]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("postreiter init", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_names_the_source_and_masks_secrets()
    {
        Write("hostname = \"mx.a.test\"\nstore.url = \"postgres://me:hush@db.test/mail\"\n");
        var run = await CommandRun.StartAsync("config", "show", "--data", _folder.Root, "--set", "outbound.port=2526");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("hostname = \"mx.a.test\"  # postreiter.toml", run.Output, StringComparison.Ordinal);
        Assert.Contains("outbound.port = 2526  # --set", run.Output, StringComparison.Ordinal);
        Assert.Contains("smtp.max_recipients = 1000  # default", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_as_json_is_one_object_a_line()
    {
        Write("hostname = \"mx.a.test\"\n");
        var run = await CommandRun.StartAsync("config", "show", "--json", "--data", _folder.Root);
        var lines = run.Output.TrimEnd().Split('\n');
        Assert.Equal(Postreiter.Settings.SettingKeys.All.Count, lines.Length);
        Assert.All(lines, line => Assert.NotNull(System.Text.Json.Nodes.JsonNode.Parse(line)!["key"]));
    }

    [Fact]
    public async Task Explain_prints_the_documentation_of_a_key()
    {
        var run = await CommandRun.StartAsync("config", "explain", "smtp.max_recipients");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("452 4.5.3", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "config", "explain", "smtp.max_recipient")]
    [InlineData(2, "config", "explain")]
    [InlineData(2, "config", "nonsense")]
    [InlineData(2, "nonsense")]
    [InlineData(2, "config", "check", "--nonsense")]
    [InlineData(0, "version")]
    [InlineData(0, "--help")]
    [InlineData(0, "config", "--help")]
    public async Task Exit_codes(int code, params string[] args) =>
        Assert.Equal(code, (await CommandRun.StartAsync(args)).ExitCode);

    public void Dispose() => _folder.Dispose();

    private void Write(string settings) => File.WriteAllText(_folder["postreiter.toml"], settings);
}
