using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Storage.Blobs.Segments;
using Postreiter.Storage.Sql.Sqlite;

namespace Postreiter.Imap.Tests;

/// <summary>Sessions that really run at once, over the store on disk.</summary>
[SuppressMessage(
    "Security",
    "CA5394",
    Justification = "The same commands for a seed; only their order between sessions is free."
)]
public sealed partial class ConcurrentSessionsTests
{
    private const int Sessions = 4;
    private const int Commands = 60;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task P7_sessions_at_once_keep_their_numbers_and_end_with_one_view(int seed)
    {
        var folder = Directory.CreateTempSubdirectory("postreiter-imap-").FullName;
        try
        {
            var blobs = new SegmentStore(
                new DiskBlobFiles(Path.Combine(folder, "blobs")),
                TimeProvider.System,
                new SegmentOptions { MinFreeBytes = 0, MinFreeShare = 0 }
            );
            await using var store = await SqliteStore.OpenAsync(
                folder,
                blobs,
                TimeProvider.System,
                NullLogger.Instance,
                TestContext.Current.CancellationToken
            );
            var server = await ImapTestServer.StartAsync(store: store);
            var uids = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
            var clients = new List<Client>();
            for (var i = 0; i < Sessions; i++)
                clients.Add(new Client(await ImapWire.ConnectAsync(server), new Random(seed * 100 + i), uids));
            await Task.WhenAll(clients.Select(static c => Task.Run(c.RunAsync)));
            var views = new List<string>();
            foreach (var client in clients)
            {
                views.Add(await client.ViewAsync());
                await client.DisposeAsync();
            }

            Assert.Single(views.Distinct(StringComparer.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private sealed partial class Client(ImapWire wire, Random random, ConcurrentDictionary<string, string> uids)
        : IAsyncDisposable
    {
        // UIDs by number; null until one was told.
        private readonly List<uint?> _known = [];

        public ValueTask DisposeAsync() => wire.DisposeAsync();

        public async Task RunAsync()
        {
            await CommandAsync("SELECT INBOX", mayExpunge: true);
            for (var i = 0; i < Commands; i++)
            {
                var number = _known.Count == 0 ? 0 : random.Next(_known.Count) + 1;
                switch (random.Next(number == 0 ? 3 : 12))
                {
                    case 0 or 1:
                        await AppendAsync();
                        break;
                    case 2:
                        await CommandAsync("NOOP", mayExpunge: true);
                        break;
                    case 3 or 4:
                        await CommandAsync($"STORE {number} +FLAGS (\\Deleted)", mayExpunge: false);
                        break;
                    case 5:
                        await CommandAsync($"STORE {number} -FLAGS (\\Deleted $One)", mayExpunge: false);
                        break;
                    case 6:
                        await CommandAsync("EXPUNGE", mayExpunge: true);
                        break;
                    case 7:
                        await CommandAsync($"FETCH {number} (UID FLAGS BODY.PEEK[])", mayExpunge: false);
                        break;
                    case 8:
                        await CommandAsync($"FETCH 1:{number} (UID FLAGS)", mayExpunge: false);
                        break;
                    case 9:
                        await CommandAsync("SEARCH UNDELETED", mayExpunge: false);
                        break;
                    case 10:
                        await CommandAsync($"COPY {number} INBOX", mayExpunge: true);
                        break;
                    default:
                        await CommandAsync($"MOVE {number} Sent", mayExpunge: true);
                        break;
                }
            }
        }

        /// <summary>All that the session sees, once nothing changes any more.</summary>
        public async Task<string> ViewAsync()
        {
            await CommandAsync("NOOP", mayExpunge: true);
            var told = await CommandAsync("FETCH 1:* (UID FLAGS)", mayExpunge: false);
            Assert.Equal(_known.Count, told.Count - 1);
            Assert.Equal(_known.Order(), _known);
            return string.Join('\n', told);
        }

        private async Task AppendAsync()
        {
            var untagged = new List<string>();
            var uid = await wire.AppendAsync("INBOX", "a: b\r\n\r\n" + random.Next(), "()", untagged);
            Note("INBOX", uid);
            Take(untagged, mayExpunge: true);
        }

        private async Task<List<string>> CommandAsync(string command, bool mayExpunge)
        {
            var told = await wire.RunAsync(command);
            Assert.StartsWith("OK ", told[^1], StringComparison.Ordinal);
            Take(told, mayExpunge);
            foreach (var response in told)
            {
                if (CopyUid().Match(response) is { Success: true } copied)
                    Note(command.Split(' ')[^1], Number(copied.Groups["to"].Value));
            }

            return told;
        }

        // P7: no UID is given twice.
        private void Note(string mailbox, uint uid) =>
            Assert.True(uids.TryAdd($"{mailbox} {uid}", ""), $"{mailbox} {uid} again");

        private void Take(List<string> told, bool mayExpunge)
        {
            foreach (var words in told.Select(static t => t.Split(' ')).Where(static w => w[0] == "*"))
            {
                if (words is [_, _, "EXISTS", ..])
                {
                    Assert.True(Number(words[1]) >= _known.Count, "EXISTS takes messages away");
                    while (_known.Count < Number(words[1]))
                        _known.Add(null);
                }
                else if (words is [_, _, "EXPUNGE", ..])
                {
                    Assert.True(mayExpunge, "an EXPUNGE where numbers must not move");
                    _known.RemoveAt((int)Number(words[1]) - 1);
                }
                else if (words is [_, _, "FETCH", "(UID", ..])
                {
                    var at = (int)Number(words[1]) - 1;
                    Assert.Equal(_known[at] ??= Number(words[4]), Number(words[4]));
                }
            }
        }

        private static uint Number(string text) => uint.Parse(text, CultureInfo.InvariantCulture);

        [GeneratedRegex(@"\[COPYUID [0-9]+ [0-9]+ (?<to>[0-9]+)\]", RegexOptions.NonBacktracking)]
        private static partial Regex CopyUid();
    }
}
