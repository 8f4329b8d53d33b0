using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Postreiter.Core;

namespace Postreiter.Interop.Tests.Crash;

/// <summary>
/// P1, P2, P4, P7: the process is killed with SIGKILL again and again while eight senders push mail into it and two IMAP clients
/// append and move theirs.
/// </summary>
/// <remarks>
/// For <c>./bench crash</c>: <c>POSTREITER_CRASH_KILLS</c> and <c>POSTREITER_CRASH_SEED</c> make it longer or repeat it,
/// <c>POSTREITER_CRASH_READY_MS</c> is the longest that a start may take (0, the default: any time), and
/// <c>POSTREITER_CRASH_REPORT</c> names a file that gets a line of numbers.
/// </remarks>
public sealed class CrashTests
{
    private static readonly string[] Accounts = ["user0@our.example", "user1@our.example", "user2@our.example"];
    private static readonly int Kills = Number("POSTREITER_CRASH_KILLS", 22);
    private static readonly int Seed = Number("POSTREITER_CRASH_SEED", 20_261_124);

    private static readonly int ReadyMilliseconds = Number("POSTREITER_CRASH_READY_MS", 0);

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

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
            .Concat(
                Enumerable
                    .Range(0, 2)
                    .Select(i =>
                        new Appender(i, server.Imap, Accounts[2], journal, new Random(Seed + 100 + i)).RunAsync(
                            () => Volatile.Read(ref up).Task,
                            stop.Token
                        )
                    )
            )
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
        // A large message's file is written before its row. One whose row never came is what a kill may leave behind, and the
        // server takes it away itself in time; anything else that had to be repaired is a fault.
        var repair = await server.RunAsync("", "store", "check", "--repair");
        Assert.All(
            repair.Split('\n').Where(static l => l.StartsWith("repaired: ", StringComparison.Ordinal)),
            static l => Assert.EndsWith(".blob: nothing refers to it", l, StringComparison.Ordinal)
        );
        await server.RunAsync("", "store", "check");
        var found = await FindAsync(server, journal);
        var wrong = Wrong(journal, found).Take(20).ToList();
        Assert.True(
            wrong.Count == 0,
            $"seed {Seed}, {Kills} kills, {journal.All.Count} sent, {journal.Acknowledged.Count} with 250:\n{string.Join('\n', wrong)}\n{server.Log}"
        );
        Assert.Contains(journal.Places.Values, static p => p.Mailbox == Appender.Archive);
        Assert.Contains(journal.Places.Values, static p => p.Mailbox == Appender.Junk);
        await ReportAsync(server, journal);
        Assert.True(journal.Acknowledged.Count > Kills, $"only {journal.Acknowledged.Count} messages were taken");
    }

    private static async Task ReportAsync(KilledServer server, Journal journal)
    {
        // The first start of all has nothing to recover.
        var starts = server.Starts.Skip(1).Select(s => (int)s.TotalMilliseconds).Order().ToList();
        var (middle, longest) = (starts[starts.Count / 2], starts[^1]);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{Kills} kills, {journal.Acknowledged.Count} messages acknowledged; ready again after {middle} ms (median), {longest} ms at most"
        );
        if (Environment.GetEnvironmentVariable("POSTREITER_CRASH_REPORT") is { Length: > 0 } file)
            await File.AppendAllTextAsync(file, $"{Kills} {journal.Acknowledged.Count} {middle} {longest}\n", Ct);
        Assert.True(
            ReadyMilliseconds == 0 || longest <= ReadyMilliseconds,
            $"a start took {longest} ms, which is more than {ReadyMilliseconds} ms"
        );
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
            foreach (var mailbox in (string[])["INBOX", Appender.Archive, Appender.Junk])
            {
                var folder = Path.Combine(server.Folder, account, mailbox);
                await server.RunAsync(
                    "",
                    ["mail", "export", "--account", account, "--mailbox", mailbox, "--format", "eml", folder]
                );
                foreach (var file in Directory.EnumerateFiles(folder))
                    CountFile(account, mailbox, file, await File.ReadAllTextAsync(file, Encoding.Latin1, Ct));
            }
        }

        void CountFile(string account, string mailbox, string file, string text)
        {
            var (tag, digest) = TaggedMessage.Read(text);
            Assert.True(tag is not null && journal.All.ContainsKey(tag), $"nobody sent this to {account}:\n{text}");
            Assert.True(digest == journal.All[tag].Digest, $"{tag} in {account} is not what was sent (seed {Seed})");
            Count(tag, account);
            var uid = Path.GetFileNameWithoutExtension(file).TrimStart('0');
            if (journal.Places.TryGetValue(tag, out var place))
                Assert.True(
                    place == (mailbox, uid),
                    $"{tag} was put at {place} and is at {(mailbox, uid)} (seed {Seed})"
                );
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
