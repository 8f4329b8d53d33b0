using System.Text;
using Postreiter.Core;
using Postreiter.Hosting;
using Postreiter.Settings;
using Postreiter.Testing;
using Postreiter.Tests.Hosting;

namespace Postreiter.Tests.CommandLine;

/// <summary>A server with rules of its own, mail that came in by SMTP, and the command line beside it; the domain a.test with ann and bob.</summary>
internal sealed class ReplaySite : IAsyncDisposable
{
    private readonly SqliteStoreOpener _store = new(TimeProvider.System);
    private readonly FakeDns _dns = new FakeDns()
        .Address("far.example", "192.0.2.7")
        .Txt("far.example", "v=spf1 ip4:127.0.0.1 -all");
    private MailServer? _server;

    public TemporaryFolder Folder { get; } = new();

    public MailServer Server => _server!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Starts one.</summary>
    /// <param name="rules">Its rules.</param>
    /// <param name="settings">Lines of its settings about spam.</param>
    /// <param name="sources">Where its rules are.</param>
    /// <param name="usesNetwork">Whether rules may ask the DNS.</param>
    public static async Task<ReplaySite> StartAsync(
        string rules,
        string settings = "",
        string sources = "[\"rules\"]",
        bool usesNetwork = false
    )
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
            $"\n[spam]\nrules = {sources}\nnetwork = {(usesNetwork ? "true" : "false")}\n{settings}\n",
            Ct
        );
        await site.ServeAsync();
        return site;
    }

    /// <summary>Starts the server.</summary>
    public async Task ServeAsync()
    {
        var folder = new DataFolder(Folder["data"]);
        var environment = new ServerEnvironment(TimeProvider.System, new SafeRandom(1), _store, KeptStore.Scanner)
        {
            Dns = _ => _dns,
        };
        var rules = folder.ReadSettings([]).Settings.Spam.Rules.Select(static path => $"\"{path}\"");
        _server = await MailServer.StartAsync(
            environment,
            folder,
            TestSettings.Loopback(folder, $"spam.rules=[{string.Join(',', rules)}]"),
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
    public Task<string> SendAsync(string subject, string text = "x", params string[] recipients) =>
        SendTextAsync(
            $"From: Carl <carl@far.example>\r\nTo: ann@a.test\r\nSubject: {subject}\r\nDate: {TimeProvider.System.GetUtcNow():r}\r\n"
                + $"Message-ID: <{Guid.NewGuid():N}@far.example>\r\n\r\n{text}\r\n",
            recipients
        );

    /// <summary>Brings a mail of a file.</summary>
    public Task<string> SendOctetsAsync(byte[] mail)
    {
        var text = Encoding.Latin1.GetString(mail).ReplaceLineEndings("\r\n");
        if (text.StartsWith("From ", StringComparison.Ordinal))
            text = text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..];
        return SendTextAsync(text, []);
    }

    private async Task<string> SendTextAsync(string mail, string[] recipients)
    {
        using var client = await WireClient.ConnectAsync(Server.Bound.First(static b => b.Name == "smtp").Address);
        await client.ReplyAsync();
        await client.AskAsync("EHLO c.test");
        await client.AskAsync("MAIL FROM:<carl@far.example>");
        foreach (var recipient in recipients.DefaultIfEmpty("ann"))
            Assert.StartsWith("250", await client.AskAsync($"RCPT TO:<{recipient}@a.test>"), StringComparison.Ordinal);
        await client.AskAsync("DATA");
        // RFC 5321 §4.5.2.
        var stuffed = mail.Replace("\r\n.", "\r\n..", StringComparison.Ordinal);
        var reply = await client.AskAsync(
            stuffed + (stuffed.EndsWith("\r\n", StringComparison.Ordinal) ? "." : "\r\n.")
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
