using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Postreiter.Core;

namespace Postreiter.Interop.Tests.Crash;

/// <summary>P1, P2: the process is killed with SIGKILL again and again while eight senders push mail into it.</summary>
/// <remarks><c>POSTREITER_CRASH_KILLS</c> and <c>POSTREITER_CRASH_SEED</c> make it longer or repeat it; <c>./bench crash</c> sets them.</remarks>
public sealed class CrashTests
{
    private static readonly string[] Accounts = ["user0@our.example", "user1@our.example", "user2@our.example"];
    private static readonly int Kills = Number("POSTREITER_CRASH_KILLS", 22);
    private static readonly int Seed = Number("POSTREITER_CRASH_SEED", 20_261_124);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task P1_P2_What_got_its_250_is_there_once_and_whole_after_every_kill()
    {
        using var server = new KilledServer();
        await server.InitializeAsync(Accounts);
        var journal = new Journal();
        var random = new Random(Seed);
        await server.StartAsync();

        var up = Completed();
        using var stop = new CancellationTokenSource();
        var login = Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{Accounts[0]}\0{KilledServer.Password}"));
        string[] outside = ["{tag}@remote.example", "{tag}.too@remote.example", Accounts[1]];
        var senders = Enumerable
            .Range(0, 8)
            .Select(i =>
            {
                var isSubmission = i % 4 == 3;
                return new Sender(
                    i,
                    isSubmission ? server.Submission : server.Smtp,
                    isSubmission ? login : null,
                    isSubmission ? outside : Accounts,
                    journal,
                    new Random(Seed + i)
                ).RunAsync(() => Volatile.Read(ref up).Task, stop.Token);
            })
            .ToList();

        for (var kill = 1; kill <= Kills; kill++)
        {
            // The message whose 250 was just read is as interesting as those of the other senders, which are half way.
            await journal.MoreAsync(random.Next(1, 400)).WaitAsync(Patience, TimeProvider.System, Ct);
            Volatile.Write(ref up, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            await server.KillAsync();
            if (kill % 5 == 0)
                await server.StartAndKillAsync(TimeSpan.FromMilliseconds(random.Next(50, 900)));
            await server.StartAsync();
            up.TrySetResult();
        }

        await journal.MoreAsync(50).WaitAsync(Patience, TimeProvider.System, Ct);
        await stop.CancelAsync();
        await Task.WhenAll(senders);

        Assert.Empty(journal.Refused);
        await server.RunAsync("", "store", "check");
        var found = await FindAsync(server, journal);
        var wrong = Wrong(journal, found).Take(20).ToList();
        Assert.True(
            wrong.Count == 0,
            $"seed {Seed}, {Kills} kills, {journal.All.Count} sent, {journal.Acknowledged.Count} with 250:\n{string.Join('\n', wrong)}\n{server.Log}"
        );
        Assert.True(journal.Acknowledged.Count > Kills, $"only {journal.Acknowledged.Count} messages were taken");
    }

    // Where each message is: tag and recipient, as often as it was found.
    private static async Task<Dictionary<(string Tag, string Recipient), int>> FindAsync(
        KilledServer server,
        Journal journal
    )
    {
        var found = new Dictionary<(string, string), int>();
        void Count(string tag, string recipient) =>
            found[(tag, recipient)] = found.GetValueOrDefault((tag, recipient)) + 1;

        foreach (var account in Accounts)
        {
            var folder = Path.Combine(server.Folder, account);
            await server.RunAsync("", "mail", "export", "--account", account, "--format", "eml", folder);
            foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            {
                var text = await File.ReadAllTextAsync(file, Encoding.Latin1, Ct);
                var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
                var tag = text[..end]
                    .Split("\r\n")
                    .FirstOrDefault(static l => l.StartsWith("X-Tag: ", StringComparison.Ordinal))
                    ?["X-Tag: ".Length..];
                Assert.True(tag is not null && journal.All.ContainsKey(tag), $"nobody sent this to {account}:\n{text}");
                var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.Latin1.GetBytes(text[(end + 4)..])));
                Assert.True(
                    digest == journal.All[tag].Digest,
                    $"{tag} in {account} is not what was sent (seed {Seed})"
                );
                Count(tag, account);
            }
        }

        var queue = await server.RunAsync("", "queue", "list", "--json");
        foreach (var line in queue.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            foreach (var recipient in JsonNode.Parse(line)!["recipients"]!.AsArray())
            {
                var address = (string)recipient!["address"]!;
                Assert.True(EmailAddress.TryParse(address, out _), address);
                Count(address[..address.AsSpan().IndexOfAny('.', '@')], address);
            }
        }

        return found;
    }

    private static IEnumerable<string> Wrong(Journal journal, Dictionary<(string Tag, string Recipient), int> found)
    {
        var acknowledged = journal.Acknowledged.ToHashSet(StringComparer.Ordinal);
        foreach (var message in journal.All.Values)
        {
            var counts = message.Recipients.Select(r => found.GetValueOrDefault((message.Tag, r))).ToList();
            if (acknowledged.Contains(message.Tag) && counts.Exists(static c => c == 0))
                yield return $"{message.Tag} got 250 and is lost for {message.Recipients[counts.IndexOf(0)]}";
            if (counts.Exists(static c => c > 1))
                yield return $"{message.Tag} is there {counts.Max().ToString(CultureInfo.InvariantCulture)} times";
            // One unit of work: for all its recipients or for none.
            if (counts.Exists(static c => c == 0) && counts.Exists(static c => c > 0))
                yield return $"{message.Tag} is there for some of its recipients only";
        }

        foreach (var (tag, recipient) in found.Keys)
        {
            if (!journal.All.TryGetValue(tag, out var message) || !message.Recipients.Contains(recipient))
                yield return $"{tag} was never sent to {recipient}";
        }
    }

    private static TaskCompletionSource Completed()
    {
        var completed = new TaskCompletionSource();
        completed.SetResult();
        return completed;
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number)
            ? number
            : otherwise;
}
