using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postreiter.Core;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Blobs.Segments;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Sql.Sqlite;

namespace Postreiter.Storage.Sql.Tests;

public sealed class CrashTests : IDisposable
{
    private static readonly EmailAddress Ann = EmailAddress.Parse("ann@our.example");
    private readonly string _root = Directory.CreateTempSubdirectory("postreiter-crash-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly Random _random = new(7);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private ValueTask<SqliteStore> OpenAsync(string folder, FaultyBlobFiles files) =>
        SqliteStore.OpenAsync(
            Path.Combine(_root, folder),
            new SegmentStore(files, _time),
            _time,
            NullLogger.Instance,
            Ct
        );

    private static async Task<Mailbox> AddAnnAsync(SqliteStore store)
    {
        var account = await store.Directory.AddAccountAsync(
            new NewAccount(Ann, new Credentials("h", new ScramKeys([1], 4096, [2], [3]))),
            Ct
        );
        return (await store.Mail.FindMailboxAsync(account!.Id, Mailbox.Inbox, Ct))!;
    }

    private async Task<Filing> FilingAsync(SqliteStore store, Mailbox box, byte[] bytes)
    {
        var writer = store.Blobs.Begin();
        await writer.WriteAsync(bytes, Ct);
        var now = _time.GetUtcNow();
        TraceId id;
        lock (_random)
            id = TraceId.Create(now, _random);
        return new Filing
        {
            DeliveryId = id,
            Content = await writer.CompleteAsync(Ct),
            Structure = default,
            Copies =
            [
                new MailboxCopy
                {
                    AccountId = box.AccountId,
                    MailboxId = box.Id,
                    InternalDate = now,
                },
            ],
        };
    }

    private static async Task<List<StoredMessage>> RowsAsync(SqliteStore store, Mailbox box)
    {
        var rows = new List<StoredMessage>();
        await foreach (var row in store.Mail.ReadMessagesAsync(box.Id, [UidRange.All], Ct))
            rows.Add(row);
        return rows;
    }

    // The database as kill -9 leaves it: its files as they are while the store is still open.
    private void CopyDatabase(string to)
    {
        Directory.CreateDirectory(Path.Combine(_root, to));
        foreach (var suffix in new[] { "", "-wal" })
            File.Copy(
                Path.Combine(_root, "live", SqliteStore.FileName + suffix),
                Path.Combine(_root, to, SqliteStore.FileName + suffix)
            );
    }

    [Fact]
    public async Task P1_filed_messages_survive_the_loss_of_everything_not_synced()
    {
        var files = new FaultyBlobFiles();
        await using var live = await OpenAsync("live", files);
        var box = await AddAnnAsync(live);
        var tasks = Enumerable
            .Range(0, 60)
            .Select(async i =>
            {
                var bytes = Encoding.UTF8.GetBytes(new string('x', i % 20 == 0 ? (1 << 20) + i : 500 * i) + i);
                var result = await live.Mail.FileAsync(await FilingAsync(live, box, bytes), Ct);
                Assert.Equal(FilingStatus.Filed, result.Status);
            });
        await Task.WhenAll(tasks);
        CopyDatabase("after");
        await using var after = await OpenAsync("after", files.AfterPowerLoss(torn: [0x50, 0x52, 0x42, 0x31, 9, 9]));
        Assert.Equal(60, (await RowsAsync(after, box)).Count);
        var report = await after.CheckAsync(null, Ct);
        Assert.Empty(report.Problems);
        Assert.Equal(60, report.Blobs);
        // What is filed behind the torn tail is whole as well.
        await after.Mail.FileAsync(await FilingAsync(after, box, "more"u8.ToArray()), Ct);
        Assert.Empty((await after.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task P2_a_failed_sync_files_nothing_and_its_segment_is_not_used_again()
    {
        var files = new FaultyBlobFiles();
        await using var live = await OpenAsync("live", files);
        var box = await AddAnnAsync(live);
        await live.Mail.FileAsync(await FilingAsync(live, box, "one"u8.ToArray()), Ct);
        var lost = await FilingAsync(live, box, "two"u8.ToArray());
        files.FailNextSync = true;
        var fault = await Assert.ThrowsAsync<StoreException>(async () => await live.Mail.FileAsync(lost, Ct));
        Assert.Equal(StoreFault.Internal, fault.Fault);
        Assert.Single(await RowsAsync(live, box));
        Assert.Equal(2u, Assert.Single((await live.Mail.FileAsync(lost, Ct)).Copies).Uid);
        Assert.Equal(2, files.List().Count);
        CopyDatabase("after");
        await using var after = await OpenAsync("after", files.AfterPowerLoss());
        Assert.Equal(2, (await RowsAsync(after, box)).Count);
        Assert.Empty((await after.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task F1_a_full_disk_refuses_new_contents_and_recovers_alone()
    {
        var files = new FaultyBlobFiles();
        await using var live = await OpenAsync("live", files);
        var box = await AddAnnAsync(live);
        var filing = await FilingAsync(live, box, "one"u8.ToArray());
        files.IsFull = true;
        var fault = await Assert.ThrowsAsync<StoreException>(async () => await live.Mail.FileAsync(filing, Ct));
        Assert.Equal(StoreFault.DiskFull, fault.Fault);
        files.IsFull = false;
        files.FreeSpace = (100L << 20, 1L << 40);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(StoreFault.DiskFull, Assert.Throws<StoreException>(() => live.Blobs.Begin()).Fault);
        files.FreeSpace = (1L << 39, 1L << 40);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(FilingStatus.Filed, (await live.Mail.FileAsync(filing, Ct)).Status);
    }

    [Fact]
    public async Task F5_a_damaged_content_is_found_by_the_check()
    {
        var files = new FaultyBlobFiles();
        await using var live = await OpenAsync("live", files);
        var box = await AddAnnAsync(live);
        await live.Mail.FileAsync(await FilingAsync(live, box, "one"u8.ToArray()), Ct);
        files.Damage(Assert.Single(files.List()), 45);
        Assert.Contains("damaged", Assert.Single((await live.CheckAsync(null, Ct)).Problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task P15_a_newer_schema_stops_the_start_and_nothing_is_written()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_root, "live")).FullName;
        var path = Path.Combine(folder, SqliteStore.FileName);
        using (var session = new SqlSession(path))
            session.Run("PRAGMA user_version=9999");
        var before = await File.ReadAllBytesAsync(path, Ct);
        var fault = await Assert.ThrowsAsync<StoreException>(async () =>
            await OpenAsync("live", new FaultyBlobFiles())
        );
        Assert.Equal(StoreFault.NewerSchema, fault.Fault);
        Assert.Equal(before, await File.ReadAllBytesAsync(path, Ct));
    }

    [Fact]
    public async Task F4_a_damaged_database_stops_the_start()
    {
        Directory.CreateDirectory(Path.Combine(_root, "live"));
        await File.WriteAllBytesAsync(Path.Combine(_root, "live", SqliteStore.FileName), new byte[9000], Ct);
        var fault = await Assert.ThrowsAsync<StoreException>(async () =>
            await OpenAsync("live", new FaultyBlobFiles())
        );
        Assert.Equal(StoreFault.DamagedDatabase, fault.Fault);
    }

    [Fact]
    public async Task Expunged_contents_go_an_hour_after_they_were_kept_long_enough()
    {
        var files = new FaultyBlobFiles();
        await using var live = await OpenAsync("live", files);
        var box = await AddAnnAsync(live);
        await live.Mail.FileAsync(await FilingAsync(live, box, new byte[1 << 20]), Ct);
        await live.Mail.FileAsync(await FilingAsync(live, box, "kept"u8.ToArray()), Ct);
        await live.Mail.RemoveAsync(box.Id, [new UidRange(1)], Ct);
        Assert.Equal(0, await live.Collector.CollectAsync(Ct));
        Assert.Contains(files.List(), n => n.EndsWith(".blob", StringComparison.Ordinal));
        // Expunged mail is kept for 14 days.
        _time.Advance(TimeSpan.FromDays(14) + TimeSpan.FromMinutes(1));
        await live.WalkAsync(live.Collector.TurnAsync, Ct);
        Assert.Contains(files.List(), n => n.EndsWith(".blob", StringComparison.Ordinal));
        _time.Advance(TimeSpan.FromMinutes(61));
        await live.WalkAsync(live.Collector.TurnAsync, Ct);
        Assert.DoesNotContain(files.List(), n => n.EndsWith(".blob", StringComparison.Ordinal));
        Assert.Empty((await live.CheckAsync(null, Ct)).Problems);
        Assert.Single(await RowsAsync(live, box));
    }
}
