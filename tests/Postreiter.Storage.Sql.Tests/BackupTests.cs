using Postreiter.Storage.Blobs.Segments;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Sql.Sqlite;

namespace Postreiter.Storage.Sql.Tests;

public sealed class BackupTests : IDisposable
{
    private readonly StoreBed _bed = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Copy => _bed["copy"];

    public void Dispose() => _bed.Dispose();

    private Task<RestoreReport> RestoreAsync(string name) =>
        SqliteRestore.RunAsync(
            Copy,
            _bed[name],
            folder => new SegmentStore(new DiskBlobFiles(folder, readOnly: true), _bed.Time, _bed.Sizes),
            null,
            Ct
        );

    [Fact]
    public async Task P16_a_backup_restores_everything_and_needs_nothing_else()
    {
        await File.WriteAllTextAsync(_bed["postreiter.toml"], "hostname = \"x\"", Ct);
        string text;
        await using (var store = await _bed.OpenAsync())
        {
            var box = await StoreBed.AddAnnAsync(store);
            for (var i = 0; i < 25; i++)
                await _bed.FileAsync(store, box, StoreBed.Text(i, i == 7 ? 30_000 : 1000), queue: i < 2);
            await store.Mail.RemoveAsync(box.Id, [new UidRange(3)], Ct);
            await KeptFolders.FillMailAuthAsync(store, _bed.Time.GetUtcNow(), Ct);
            string[] files = [_bed["postreiter.toml"], _bed["not there"]];
            var report = await store.BackupAsync(Copy, files, null, Ct);
            Assert.Equal((24L, false), (report.Messages, report.IsIncremental));
            Assert.Equal(["postreiter.toml"], report.Files);
            Assert.Equal(report.Bytes, report.CopiedBytes);
            text = await StoreText.OfAsync(store);
        }

        // The one it came from is lost whole.
        Directory.Delete(_bed["live"], recursive: true);
        var restored = await RestoreAsync("new");
        Assert.Equal((24L, 2L), (restored.Messages, restored.HeldQueueItems));
        Assert.True(File.Exists(_bed["new/postreiter.toml"]));
        await using var again = await _bed.OpenAsync("new");
        Assert.Empty((await again.CheckAsync(null, Ct)).Problems);
        Assert.Equal(Plain(text).Replace("Waiting", "Held"), Plain(await StoreText.OfAsync(again)));
    }

    // UIDNEXT and MODSEQ begin anew, the rest is the same.
    private static string Plain(string text)
    {
        var words = text.Split('\n').Where(l => !l.StartsWith("    expunged", StringComparison.Ordinal));
        return string.Join('\n', words.Select(l => string.Join(' ', Words(l.Split(' ')))));
    }

    private static IEnumerable<string> Words(string[] words)
    {
        for (var i = 0; i < words.Length; i++)
        {
            if (i > 0 && words[i - 1] == "modseq")
                continue;
            var validity = words[i].Split('/');
            yield return validity is [var first, var next] && uint.TryParse(next, out _) ? first : words[i];
        }
    }

    [Fact]
    public async Task P7_uids_and_modseqs_handed_out_after_the_backup_do_not_come_again()
    {
        Mailbox box;
        MailboxChanges last;
        uint lost;
        await using (var store = await _bed.OpenAsync())
        {
            box = await StoreBed.AddAnnAsync(store);
            await _bed.FileAsync(store, box, "one");
            await _bed.FileAsync(store, box, "two");
            await store.BackupAsync(Copy, [], null, Ct);
            lost = await _bed.FileAsync(store, box, "lost");
            await store.Mail.RemoveAsync(box.Id, [new UidRange(1)], Ct);
            last = (await store.Mail.ReadChangesAsync(box.Id, 0, Ct))!;
        }

        await RestoreAsync("new");
        await using var again = await _bed.OpenAsync("new");
        var now = (await again.Mail.ReadChangesAsync(box.Id, last.Mailbox.HighestModSeq, Ct))!;
        Assert.Equal(box.UidValidity, now.Mailbox.UidValidity);
        // Every message counts as changed for who knew a later state.
        Assert.Equal([1u, 2u], now.Entries.Select(e => e.Uid));
        Assert.True(now.Mailbox.HighestModSeq > last.Mailbox.HighestModSeq);
        Assert.True(await _bed.FileAsync(again, now.Mailbox, "three") > lost + 100_000);
        Assert.Empty((await again.CheckAsync(null, Ct)).Problems);
        // Two stores from here on: the backup of the one is not that of the other.
        var fault = await Assert.ThrowsAsync<StoreException>(() => again.BackupAsync(Copy, [], null, Ct));
        Assert.Contains("another store", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_second_backup_copies_only_what_is_new()
    {
        await using var store = await _bed.OpenAsync();
        var box = await StoreBed.AddAnnAsync(store);
        for (var i = 0; i < 35; i++)
            await _bed.FileAsync(store, box, StoreBed.Text(i, i == 7 ? 30_000 : 1000));
        var first = await store.BackupAsync(Copy, [], null, Ct);
        await _bed.FileAsync(store, box, StoreBed.Text(99));
        var second = await store.BackupAsync(Copy, [], null, Ct);
        Assert.True(second.IsIncremental);
        var database = new FileInfo(
            Directory.EnumerateFiles(Copy, SqliteStore.FileName, SearchOption.AllDirectories).Single()
        );
        Assert.Equal(database.Length + 1003 + 44, second.CopiedBytes);
        Assert.True(second.Bytes > first.Bytes);
        // After compaction other segments hold the mail; those of before go from the backup as well.
        await store.Mail.RemoveAsync(box.Id, [new UidRange(1, 30)], Ct);
        _bed.Time.Advance(TimeSpan.FromMinutes(61));
        await store.CompactAsync(null, Ct);
        await store.BackupAsync(Copy, [], null, Ct);
        Assert.Equal(_bed.Files(), _bed.Files("copy"));
        await RestoreAsync("new");
        await using var again = await _bed.OpenAsync("new");
        Assert.Equal(await StoreBed.TextsAsync(store, box), await StoreBed.TextsAsync(again, box));
        Assert.Empty((await again.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task A_backup_is_right_after_the_end_of_a_segment_was_let_go_and_the_store_opened_again()
    {
        Mailbox box;
        await using (var store = await _bed.OpenAsync())
        {
            box = await StoreBed.AddAnnAsync(store);
            await _bed.FileAsync(store, box, StoreBed.Text(1));
            await _bed.FileAsync(store, box, StoreBed.Text(2));
            await store.BackupAsync(Copy, [], null, Ct);
            await store.Mail.RemoveAsync(box.Id, [new UidRange(2)], Ct);
            _bed.Time.Advance(TimeSpan.FromMinutes(61));
            await store.Collector.CollectAsync(Ct);
        }

        await using var again = await _bed.OpenAsync();
        // Were it written where the second was, the backup would not see it: it copied those bytes already.
        await _bed.FileAsync(again, box, StoreBed.Text(3));
        await again.BackupAsync(Copy, [], null, Ct);
        await RestoreAsync("new");
        await using var restored = await _bed.OpenAsync("new");
        Assert.Empty((await restored.CheckAsync(null, Ct)).Problems);
        Assert.Equal([StoreBed.Text(1), StoreBed.Text(3)], await StoreBed.TextsAsync(restored, box));
    }

    [Fact]
    public async Task P16_a_backup_taken_while_mail_flows_is_consistent_and_has_what_came_before_it()
    {
        await using var store = await _bed.OpenAsync();
        var box = await StoreBed.AddAnnAsync(store);
        var isDone = false;
        var sent = 0;
        var senders = Enumerable
            .Range(0, 4)
            .Select(async s =>
            {
                for (var i = 0; !isDone; i++)
                {
                    await _bed.FileAsync(store, box, StoreBed.Text(1000 * s + i, 200 + i % 7 * 4000));
                    Interlocked.Increment(ref sent);
                    if (i % 5 == 0)
                        await store.Mail.RemoveAsync(box.Id, [new UidRange((uint)(i + 1))], Ct);
                }
            })
            .ToList();
        for (var round = 0; round < 4; round++)
        {
            await _bed.FileAsync(store, box, $"before round {round}");
            await store.BackupAsync(Copy, [], null, Ct);
            await RestoreAsync($"new{round}");
            await using var again = await _bed.OpenAsync($"new{round}");
            Assert.Empty((await again.CheckAsync(null, Ct)).Problems);
            Assert.Contains($"before round {round}", await StoreBed.TextsAsync(again, box));
        }

        isDone = true;
        await Task.WhenAll(senders);
        Assert.True(sent > 0);
    }

    [Fact]
    public async Task An_interrupted_backup_leaves_the_one_before_valid()
    {
        await using var store = await _bed.OpenAsync();
        var box = await StoreBed.AddAnnAsync(store);
        await _bed.FileAsync(store, box, StoreBed.Text(1));
        using (var at = new CancellationTokenSource())
        {
            // The very first one, cut off: there is nothing to restore, and the folder can be used again.
            var first = store.BackupAsync(Copy, [], new Stopper(at), at.Token);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
            await Assert.ThrowsAsync<StoreException>(() => RestoreAsync("none"));
        }

        await store.BackupAsync(Copy, [], null, Ct);
        await _bed.FileAsync(store, box, StoreBed.Text(2, 300_000));
        await _bed.FileAsync(store, box, StoreBed.Text(3));
        using var stop = new CancellationTokenSource();
        var run = store.BackupAsync(Copy, [], new Stopper(stop), stop.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        await RestoreAsync("new");
        await using (var again = await _bed.OpenAsync("new"))
        {
            Assert.Equal([StoreBed.Text(1)], await StoreBed.TextsAsync(again, box));
            Assert.Empty((await again.CheckAsync(null, Ct)).Problems);
        }

        await store.BackupAsync(Copy, [], null, Ct);
        await RestoreAsync("newer");
        await using var newer = await _bed.OpenAsync("newer");
        Assert.Equal(3, (await StoreBed.TextsAsync(newer, box)).Count);
        Assert.Empty((await newer.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task Closing_the_store_ends_a_backup_under_way()
    {
        var store = await _bed.OpenAsync();
        var box = await StoreBed.AddAnnAsync(store);
        for (var i = 0; i < 30; i++)
            await _bed.FileAsync(store, box, StoreBed.Text(i));
        var (closing, isUnderWay) = (new TaskCompletionSource(), new TaskCompletionSource());
        var backup = store.BackupAsync(Copy, [], new Waiter(isUnderWay, closing.Task), Ct);
        await isUnderWay.Task;
        var closed = store.DisposeAsync().AsTask();
        closing.SetResult();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => backup);
        await closed;
    }

    private sealed class Waiter(TaskCompletionSource isUnderWay, Task until) : IProgress<(long Done, long Total)>
    {
        public void Report((long Done, long Total) value)
        {
            isUnderWay.TrySetResult();
            until.Wait(Ct);
        }
    }

    [Fact]
    public async Task Folders_that_are_used_for_something_else_are_left_alone()
    {
        Directory.CreateDirectory(Copy);
        await File.WriteAllTextAsync(Path.Combine(Copy, "mine"), "mine", Ct);
        await using var store = await _bed.OpenAsync();
        await StoreBed.AddAnnAsync(store);
        await Assert.ThrowsAsync<StoreException>(() => store.BackupAsync(Copy, [], null, Ct));
        Assert.Equal([Path.Combine(Copy, "mine")], Directory.EnumerateFileSystemEntries(Copy));
        File.Delete(Path.Combine(Copy, "mine"));
        await store.BackupAsync(Copy, [], null, Ct);
        await Assert.ThrowsAsync<StoreException>(() => RestoreAsync("live"));
        await Assert.ThrowsAsync<StoreException>(() => RestoreAsync("copy"));
    }

    private sealed class Stopper(CancellationTokenSource stop) : IProgress<(long Done, long Total)>
    {
        public void Report((long Done, long Total) value) => stop.Cancel();
    }
}
