using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Storage.Blobs.Segments;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Sql.Sqlite;

namespace Postreiter.Storage.Sql.Tests;

/// <summary>Faults of the real SQLite and of the disk: the right fault, nothing lost, and it recovers by itself.</summary>
public sealed class FaultTests : IDisposable
{
    private readonly StoreBed _bed = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _bed.Dispose();

    private async Task<StoreFault> FaultOfFilingAsync(SqliteStore store, Mailbox box) =>
        (await Assert.ThrowsAsync<StoreException>(() => _bed.FileAsync(store, box, StoreBed.Text(50, 9000)))).Fault;

    [Fact]
    public async Task F3_a_database_that_another_process_has_locked()
    {
        await using var store = await _bed.OpenAsync();
        var box = await StoreBed.AddAnnAsync(store);
        await _bed.FileAsync(store, box, StoreBed.Text(1));
        var options = new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(_bed["live"], SqliteStore.FileName),
            Pooling = false,
        };
        await using (var other = new SqliteConnection(options.ToString()))
        {
            await other.OpenAsync(Ct);
            await using var command = other.CreateCommand();
            command.CommandText = "BEGIN IMMEDIATE";
            await command.ExecuteNonQueryAsync(Ct);
            var filing = FaultOfFilingAsync(store, box);
            // Reading goes on meanwhile.
            Assert.Equal([StoreBed.Text(1)], await StoreBed.TextsAsync(store, box));
            Assert.Equal(StoreFault.Busy, await filing);
        }

        Assert.Equal(2u, await _bed.FileAsync(store, box, StoreBed.Text(2)));
        Assert.Equal([StoreBed.Text(1), StoreBed.Text(2)], await StoreBed.TextsAsync(store, box));
        Assert.Empty((await store.RepairAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task F1_a_database_that_cannot_grow()
    {
        await using var store = await _bed.OpenAsync();
        var box = await StoreBed.AddAnnAsync(store);
        // On the writer's own connection: SQLite itself says that it is full.
        Task<object?> TellAsync(string sql) => store.WriteAsync(scope => scope.Session.Scalar(sql), Ct).AsTask();
        await TellAsync("PRAGMA max_page_count = 1");
        var filed = 0;
        StoreFault? met = null;
        while (met is null)
        {
            try
            {
                await _bed.FileAsync(store, box, StoreBed.Text(filed));
                filed++;
            }
            catch (StoreException e)
            {
                met = e.Fault;
            }
        }

        Assert.Equal(StoreFault.DiskFull, met);
        Assert.Equal(Enumerable.Range(0, filed).Select(i => StoreBed.Text(i)), await StoreBed.TextsAsync(store, box));
        Assert.Empty((await store.CheckAsync(null, Ct)).Problems);
        await TellAsync("PRAGMA max_page_count = 1000000");
        Assert.Equal((uint)filed + 1, await _bed.FileAsync(store, box, StoreBed.Text(filed)));
        Assert.Equal(filed + 1, (await StoreBed.TextsAsync(store, box)).Count);
        Assert.Empty((await store.CheckAsync(null, Ct)).Problems);
    }

    [Theory]
    [InlineData(28, StoreFault.DiskFull)] // ENOSPC
    [InlineData(30, StoreFault.Internal)] // EROFS
    [InlineData(5, StoreFault.Internal)] // EIO
    public async Task A_blob_file_that_cannot_be_written_fails_the_message_alone(int errno, StoreFault expected)
    {
        var files = new FaultyBlobFiles();
        var store = await OpenAsync(files);
        await using var _ = store;
        var box = await StoreBed.AddAnnAsync(store);
        await _bed.FileAsync(store, box, StoreBed.Text(1));
        files.WriteError = errno;
        Assert.Equal(expected, await FaultOfFilingAsync(store, box));
        // Flags, removal and reading need no new content.
        await store.Mail.ChangeFlagsAsync(
            box.Id,
            [UidRange.All],
            new FlagChange(FlagChangeKind.Add, new MessageFlags(SystemFlags.Seen, [])),
            null,
            Ct
        );
        Assert.Equal([StoreBed.Text(1)], await StoreBed.TextsAsync(store, box));
        files.WriteError = 0;
        Assert.Equal(2u, await _bed.FileAsync(store, box, StoreBed.Text(2)));
        Assert.Empty((await store.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task A_slow_disk_holds_up_who_files_and_nobody_else()
    {
        var files = new FaultyBlobFiles();
        await using var store = await OpenAsync(files);
        var box = await StoreBed.AddAnnAsync(store);
        await _bed.FileAsync(store, box, StoreBed.Text(0));
        using (var slow = files.HoldSyncs())
        {
            var senders = Enumerable.Range(1, 20).Select(i => _bed.FileAsync(store, box, StoreBed.Text(i))).ToList();
            Assert.Equal([StoreBed.Text(0)], await StoreBed.TextsAsync(store, box));
            await store.Mail.ListMailboxesAsync(box.AccountId, Ct);
            Assert.All(senders, s => Assert.False(s.IsCompleted));
            slow.Dispose();
            await Task.WhenAll(senders);
        }

        Assert.Equal(21, (await StoreBed.TextsAsync(store, box)).Count);
        Assert.Empty((await store.CheckAsync(null, Ct)).Problems);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(18_000)]
    public async Task F5_a_damaged_record_is_not_given_out_and_the_others_are(int length)
    {
        await using var store = await _bed.OpenAsync();
        var box = await StoreBed.AddAnnAsync(store);
        await _bed.FileAsync(store, box, StoreBed.Text(1));
        await _bed.FileAsync(store, box, StoreBed.Text(2, length));
        // What the batch before has written is believed; this is another batch.
        await store.Mail.SubscribeAsync(box.AccountId, Mailbox.Inbox, true, Ct);
        var file = Path.Combine(_bed["live"], "blobs", "00000001.seg");
        _bed.Damage("00000001.seg", new FileInfo(file).Length - length / 2);
        var rows = new List<StoredMessage>();
        await foreach (var row in store.Mail.ReadMessagesAsync(box.Id, [UidRange.All], Ct))
            rows.Add(row);
        Assert.Equal(StoreBed.Text(1), await StoreBed.TextAsync(store, rows[0]));
        var fault = await Assert.ThrowsAsync<StoreException>(() => StoreBed.TextAsync(store, rows[1]));
        Assert.Equal(StoreFault.DamagedContent, fault.Fault);
        Assert.Contains(rows[1].Blob.ToString(), fault.Message, StringComparison.Ordinal);
        Assert.Single((await store.CheckAsync(null, Ct)).Problems);
        // The same content comes in again: its 250 does not rest on the damaged one, and that is healed by it.
        await _bed.FileAsync(store, box, StoreBed.Text(2, length));
        string[] all = [StoreBed.Text(1), StoreBed.Text(2, length), StoreBed.Text(2, length)];
        Assert.Equal(all, await StoreBed.TextsAsync(store, box));
        Assert.Empty((await store.CheckAsync(null, Ct)).Problems);
    }

    private ValueTask<SqliteStore> OpenAsync(FaultyBlobFiles files) =>
        SqliteStore.OpenAsync(
            _bed["live"],
            new SegmentStore(files, _bed.Time, _bed.Sizes),
            _bed.Time,
            NullLogger.Instance,
            Ct
        );
}
