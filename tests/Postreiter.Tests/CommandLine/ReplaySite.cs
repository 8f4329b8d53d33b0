using Postreiter.Hosting;
using Postreiter.Settings;
using Postreiter.Tests.Hosting;

namespace Postreiter.Tests.CommandLine;

/// <summary>A server with rules of its own, mail that came in by SMTP, and the command line beside it; the domain a.test with ann and bob.</summary>
internal sealed class ReplaySite : IAsyncDisposable
{
    private readonly KeptStore _store = new();
    private MailServer? _server;

    public TemporaryFolder Folder { get; } = new();

    public MailServer Server => _server!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Starts one.</summary>
    /// <param name="rules">Its rules.</param>
    /// <param name="settings">Lines of its settings.</param>
    public static async Task<ReplaySite> StartAsync(string rules, string settings = "")
    {
        var site = new ReplaySite();
        Assert.Equal(0, (await site.RunAsync("init", "--hostname", "mx.a.test", "--domain", "a.test")).ExitCode);
        foreach (var user in (string[])["ann", "bob"])
        {
            var added = await site.RunWithInputAsync(
                "secret\n",
                "account",
                "add",
                $"{user}@a.test",
                "--password-stdin"
            );
            Assert.Equal(0, added.ExitCode);
        }

        site.WriteRules("data/rules/site.cf", rules);
        await File.AppendAllTextAsync(
            site.Folder["data/postreiter.toml"],
            $"\n[spam]\nrules = [\"rules\"]\nnetwork = false\n{settings}\n",
            Ct
        );
        await site.ServeAsync();
        return site;
    }

    /// <summary>Starts the server.</summary>
    public async Task ServeAsync()
    {
        var folder = new DataFolder(Folder["data"]);
        var environment = new ServerEnvironment(TimeProvider.System, new Random(1), _store, KeptStore.Scanner);
        _server = await MailServer.StartAsync(
            environment,
            folder,
            TestSettings.Loopback(folder, "spam.rules=[\"rules\"]"),
            Ct
        );
        await _server.Parts.Rooms.Spam.Loading;
    }

    /// <summary>Stops the server; commands then open the store themselves.</summary>
    public async Task StopAsync() => await Server.StopAsync();

    /// <summary>Writes a file of rules whose marks are those of SpamAssassin.</summary>
    public void WriteRules(string file, string rules)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Folder[file])!);
        File.WriteAllText(
            Folder[file],
            "add_header all Status \"_YESNO_, score=_SCORE_ required=_REQD_ tests=_TESTS_ autolearn=_AUTOLEARN_ version=_VERSION_\"\n"
                + rules
        );
    }

    /// <summary>Brings a mail by SMTP.</summary>
    /// <returns>Its id, as the 250 has it.</returns>
    public async Task<string> SendAsync(string subject, string text = "x", params string[] recipients)
    {
        using var client = await WireClient.ConnectAsync(
            Server.Bound.First(static b => b.Name == "smtp").Address,
            "127.0.0.1"
        );
        await client.ReplyAsync();
        await client.AskAsync("EHLO c.test");
        await client.AskAsync("MAIL FROM:<carl@far.example>");
        foreach (var recipient in recipients.DefaultIfEmpty("ann"))
            Assert.StartsWith("250", await client.AskAsync($"RCPT TO:<{recipient}@a.test>"), StringComparison.Ordinal);
        await client.AskAsync("DATA");
        var reply = await client.AskAsync(
            $"From: Carl <carl@far.example>\r\nTo: ann@a.test\r\nSubject: {subject}\r\nDate: {TimeProvider.System.GetUtcNow():r}\r\n"
                + $"Message-ID: <{Guid.NewGuid():N}@far.example>\r\n\r\n{text}\r\n."
        );
        Assert.StartsWith("250 2.0.0 ", reply, StringComparison.Ordinal);
        return reply.Split(' ')[2];
    }

    /// <summary>Runs a command.</summary>
    public Task<CommandRun> RunAsync(params string[] args) => RunWithInputAsync("", args);

    public async ValueTask DisposeAsync()
    {
        if (_server is { } server)
            await server.DisposeAsync();
        Folder.Dispose();
    }

    private Task<CommandRun> RunWithInputAsync(string input, params string[] args) =>
        CommandRun.StartAsync(input, _store, KeptStore.Scanner, [.. args, "--data", Folder["data"]]);
}
