using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Storage.Blobs.Segments;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Sql.Sqlite;

namespace Postreiter.Storage.Sql.Tests;

public sealed class CompactionTests : IDisposable
{
    private readonly StoreBed _bed = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _bed.Dispose();

    // 40 messages of 1,050 bytes: four segments of ten. Of the first three, one message in five stays.
    private async Task<Mailbox> ThinAsync(SqliteStore store)
    {
        var box = await StoreBed.AddAnnAsync(store);
        for (var i = 0; i < 40; i++)
            await _bed.FileAsync(store, box, StoreBed.Text(i));
        UidRange[] gone = [.. Enumerable.Range(1, 30).Where(i => i % 5 != 0).Select(i => new UidRange((uint)i))];
        await store.Mail.RemoveAsync(box.Id, gone, Ct);
        _bed.Time.Advance(TimeSpan.FromMinutes(61));
        return box;
    }

    private static IEnumerable<string> Left() =>
        Enumerable.Range(0, 40).Where(i => i % 5 == 4 || i >= 30).Select(i => StoreBed.Text(i));

    [Fact]
    public async Task Thin_segments_are_copied_together_and_go()
    {
        await using var store = await _bed.OpenAsync();
        var box = await ThinAsync(store);
        // Opened before, read after: its file stays until it is closed.
        StoredMessage? fifth = null;
        await foreach (var row in store.Mail.ReadMessagesAsync(box.Id, [new UidRange(5)], Ct))
            fifth = row;
        await using var early = await store.Mail.OpenAsync(fifth!, Ct);
        Assert.Equal(["00000001.seg", "00000002.seg", "00000003.seg", "00000004.seg"], _bed.Files());
        var report = await store.CompactAsync(null, Ct);
        Assert.Equal((3, 0), (report.Segments, report.Problems.Count));
        Assert.True(report is { FreedBytes: > 20_000, CopiedBytes: > 6_000 and < 7_000 }, $"{report}");
        Assert.Equal(["00000004.seg", "00000005.seg"], _bed.Files());
        Assert.Equal(Left(), await StoreBed.TextsAsync(store, box));
        var bytes = new byte[early.Length];
        Assert.Equal(bytes.Length, await early.ReadAsync(0, bytes, Ct));
        Assert.Equal(StoreBed.Text(4), System.Text.Encoding.UTF8.GetString(bytes));
        Assert.Empty((await store.CheckAsync(null, Ct)).Problems);
        Assert.Equal(0, (await store.CompactAsync(null, Ct)).Segments);
    }

    [Fact]
    public async Task The_collectors_turn_compacts_by_itself()
    {
        await using var store = await _bed.OpenAsync();
        var box = await ThinAsync(store);
        await store.WalkAsync(store.Collector.TurnAsync, Ct);
        Assert.Equal(["00000004.seg", "00000005.seg"], _bed.Files());
        Assert.Equal(Left(), await StoreBed.TextsAsync(store, box));
    }

    [Fact]
    public async Task Mail_comes_in_and_is_read_while_segments_are_compacted()
    {
        await using var store = await _bed.OpenAsync();
        var box = await ThinAsync(store);
        var isDone = false;
        var senders = Enumerable
            .Range(0, 4)
            .Select(async s =>
            {
                var sent = 0;
                // The same contents as are being moved, too: they are shared whatever comes first.
                for (; !isDone || sent < 10; sent++)
                    await _bed.FileAsync(
                        store,
                        box,
                        StoreBed.Text(sent % 2 == 0 ? 4 + 5 * (sent % 5) : 1000 * s + sent)
                    );
                return sent;
            })
            .ToList();
        var reader = Task.Run(
            async () =>
            {
                while (!isDone)
                    Assert.Equal(Left(), (await StoreBed.TextsAsync(store, box)).Take(16));
            },
            Ct
        );
        var report = await store.CompactAsync(null, Ct);
        isDone = true;
        await reader;
        var sent = (await Task.WhenAll(senders)).Sum();
        Assert.True(report.Segments >= 3);
        Assert.Equal(16 + sent, (await StoreBed.TextsAsync(store, box)).Count);
        Assert.Empty((await store.CheckAsync(null, Ct)).Problems);
        await store.CompactAsync(null, Ct);
        Assert.DoesNotContain("00000001.seg", _bed.Files());
    }

    [Fact]
    public async Task F5_a_damaged_record_stays_where_it_is_and_is_named()
    {
        await using var store = await _bed.OpenAsync();
        var box = await ThinAsync(store);
        // The content of message 10, the last of the first segment.
        _bed.Damage("00000001.seg", new FileInfo(Path.Combine(_bed["live"], "blobs", "00000001.seg")).Length - 7);
        var report = await store.CompactAsync(null, Ct);
        Assert.Equal(2, report.Segments);
        Assert.Contains("damaged", Assert.Single(report.Problems), StringComparison.Ordinal);
        Assert.Contains("00000001.seg", _bed.Files());
        // What is wrong is as before, and nothing else is.
        var problem = Assert.Single((await store.CheckAsync(null, Ct)).Problems);
        Assert.Contains("ann@our.example INBOX UID 10", problem, StringComparison.Ordinal);
        Assert.Equal(16, (await store.Mail.ReadChangesAsync(box.Id, 0, Ct))!.Entries.Count);
        Assert.Equal(0, (await store.CompactAsync(null, Ct)).Segments);
    }

    [Fact]
    public async Task A_checksum_in_the_header_counts_as_much_as_the_content()
    {
        await using var store = await _bed.OpenAsync();
        var box = await StoreBed.AddAnnAsync(store);
        await _bed.FileAsync(store, box, StoreBed.Text(1));
        Assert.Empty((await store.CheckAsync(null, Ct)).Problems);
        _bed.Damage("00000001.seg", 9);
        Assert.Single((await store.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task P1_compaction_cut_off_after_any_step_loses_nothing()
    {
        Mailbox box;
        await using (var store = await _bed.OpenAsync())
            box = await ThinAsync(store);
        // Each turn stops after one slice or at its end; the next process goes on.
        for (var turn = 0; turn < 5; turn++)
        {
            await using var store = await _bed.OpenAsync();
            using var stop = new CancellationTokenSource();
            var progress = new Stopper(stop);
            try
            {
                await store.CompactAsync(progress, stop.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.True(stop.IsCancellationRequested);
            }

            Assert.Equal(Left(), await StoreBed.TextsAsync(store, box));
            Assert.Empty((await store.CheckAsync(null, Ct)).Problems);
        }

        await using var last = await _bed.OpenAsync();
        await last.CompactAsync(null, Ct);
        Assert.DoesNotContain("00000001.seg", _bed.Files());
        Assert.Equal(Left(), await StoreBed.TextsAsync(last, box));
    }

    [Fact]
    public async Task P1_a_power_loss_at_any_step_of_a_compaction_loses_nothing()
    {
        var files = new FaultyBlobFiles();
        var states = new List<(string Folder, FaultyBlobFiles Files)>();
        await using var store = await OpenAsync("live", files);
        var box = await ThinAsync(store);
        files.BeforeStep = () =>
        {
            // The database as it is now, and of the contents what was synced.
            var folder = $"state{states.Count}";
            Directory.CreateDirectory(_bed[folder]);
            foreach (var suffix in new[] { "", "-wal" })
                File.Copy(
                    Path.Combine(_bed["live"], SqliteStore.FileName + suffix),
                    Path.Combine(_bed[folder], SqliteStore.FileName + suffix)
                );
            states.Add((folder, files.AfterPowerLoss(torn: [0x50, 0x52, 0x42, 0x31, 9])));
        };
        await store.CompactAsync(null, Ct);
        files.BeforeStep = null;
        Assert.True(states.Count >= 6, $"{states.Count}");
        foreach (var (folder, left) in states)
        {
            await using var again = await OpenAsync(folder, left);
            Assert.Equal(Left(), await StoreBed.TextsAsync(again, box));
            Assert.Empty((await again.CheckAsync(null, Ct)).Problems);
            await again.CompactAsync(null, Ct);
            Assert.Equal(Left(), await StoreBed.TextsAsync(again, box));
            Assert.DoesNotContain("00000001.seg", left.List());
        }
    }

    private ValueTask<SqliteStore> OpenAsync(string folder, FaultyBlobFiles files) =>
        SqliteStore.OpenAsync(
            _bed[folder],
            new SegmentStore(files, _bed.Time, _bed.Sizes),
            _bed.Still,
            NullLogger.Instance,
            new StoreOptions { Undelete = TimeSpan.Zero },
            Ct
        );

    private sealed class Stopper(CancellationTokenSource stop) : IProgress<(long Done, long Total)>
    {
        public void Report((long Done, long Total) value) => stop.Cancel();
    }
}
