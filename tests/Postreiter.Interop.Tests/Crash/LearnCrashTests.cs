using System.Diagnostics;
using System.Globalization;

namespace Postreiter.Interop.Tests.Crash;

/// <summary>kill -9 while 5,000 mails are learned: what is left is whole, learning goes on, and the end is the same.</summary>
public sealed class LearnCrashTests : IDisposable
{
    private const int Mails = 5000;
    private const int Kills = 4;
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "postreiter");
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_database_that_was_killed_while_it_learned_goes_on_to_the_same_end()
    {
        var box = Path.Combine(_folder.Root, "box");
        await WriteBoxAsync(box);
        await CheckAsync("killed", "init", "--hostname", "mx.our.example", "--domain", "our.example");
        await CheckAsync("whole", "init", "--hostname", "mx.our.example", "--domain", "our.example");
        var log = Path.Combine(_folder.Root, "killed", "postreiter.db-wal");
        for (var kill = 0; kill < Kills; kill++)
        {
            using var process = Process.Start(
                StartInfo("killed", "spam", "learn", "--spam", box, "--set", "spam.rules=[]")
            )!;
            var (output, errors) = (
                process.StandardOutput.ReadToEndAsync(Ct),
                process.StandardError.ReadToEndAsync(Ct)
            );
            // The log is copied and begins anew when the database is opened: a batch or two are in it.
            var least = (kill + 1) * 100_000L;
            await Waiting.UntilAsync(() => Task.FromResult(process.HasExited || Length(log) > least), Ct);
            Assert.False(process.HasExited, "it was through before it was killed");
            process.Kill();
            await process.WaitForExitAsync(Ct);
            _ = (await output, await errors);
            await CheckAsync("killed", "store", "check");
        }

        var learned = await SpamAsync("killed");
        Assert.InRange(learned, 1, Mails - 1);
        Assert.Equal(
            $"Learned tokens from {Text(Mails - learned)} message(s) ({Text(Mails)} message(s) examined)\n",
            await CheckAsync("killed", "spam", "learn", "--spam", box, "--set", "spam.rules=[]")
        );
        await CheckAsync("whole", "spam", "learn", "--spam", box, "--set", "spam.rules=[]");
        Assert.Equal(Mails, await SpamAsync("killed"));
        Assert.Equal(
            await CheckAsync("whole", "spam", "bayes", "backup", "-"),
            await CheckAsync("killed", "spam", "bayes", "backup", "-")
        );
    }

    public void Dispose() => _folder.Dispose();

    private async Task<int> SpamAsync(string data)
    {
        var line = (await CheckAsync(data, "spam", "bayes", "dump"))
            .Split('\n')
            .Single(static l => l.EndsWith(": nspam", StringComparison.Ordinal));
        return int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2], CultureInfo.InvariantCulture);
    }

    private async Task<string> CheckAsync(string data, params string[] arguments)
    {
        using var process = Process.Start(StartInfo(data, arguments))!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(Ct), process.StandardError.ReadToEndAsync(Ct));
        await process.WaitForExitAsync(Ct);
        var (text, error) = (await output, await errors);
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', arguments)}: {text}{error}");
        return text;
    }

    private ProcessStartInfo StartInfo(string data, params string[] arguments)
    {
        var start = new ProcessStartInfo(Program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["POSTREITER_DATA"] = Path.Combine(_folder.Root, data);
        return start;
    }

    private static async Task WriteBoxAsync(string path)
    {
        await using var box = new StreamWriter(path);
        var random = new Random(7);
        for (var i = 0; i < Mails; i++)
        {
            await box.WriteAsync(
                $"From a Mon Feb  2 12:00:00 2026\nSubject: offer\nFrom: bob@far.example\nTo: ann@our.example\nMessage-ID: <{Text(i)}@far.example>\n"
                    + "Date: Mon, 2 Feb 2026 12:00:00 +0000\nReceived: from far.example (far.example [192.0.2.1]) by mx.our.example; Mon, 2 Feb 2026 12:00:01 +0000\n\n"
            );
            for (var word = 0; word < 60; word++)
                await box.WriteAsync($"word{Text(random.Next(3000))}{(word % 10 == 9 ? '\n' : ' ')}");
            await box.WriteAsync($"number{Text(i)}\n\n");
        }
    }

    private static long Length(string file) => File.Exists(file) ? new FileInfo(file).Length : 0;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
