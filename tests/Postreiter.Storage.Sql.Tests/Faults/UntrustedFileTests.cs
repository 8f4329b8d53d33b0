namespace Postreiter.Storage.Sql.Tests.Faults;

/// <summary>Order of writes, point 5: what a failed write or sync has touched is not trusted again.</summary>
public sealed class UntrustedFileTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(DiskCall.Write)]
    [InlineData(DiskCall.Sync)]
    public async Task P1_a_segment_that_failed_takes_nothing_more(DiskCall call)
    {
        using var site = await AnomalySite.MakeAsync(Ct);
        using var disk = site.Disk(1);
        var failed = "";
        var used = new List<string>();
        var count = 0;
        await using (var store = await site.OpenAsync(disk, Ct))
        {
            disk.Fail(
                new DiskFault(DiskError.InputOutput) { Where = (c, name) => c == call && IsSegment(name, ref failed) }
            );
            await Assert.ThrowsAsync<StoreException>(() => site.FileAsync(store, 1, "lost", queued: false, Ct));
            disk.Heal();
            disk.Called = (c, name) =>
            {
                if (c is DiskCall.Write or DiskCall.Sync && name.EndsWith(".seg", StringComparison.Ordinal))
                    used.Add(name);
            };
            for (; count < 3; count++)
                await site.FileAsync(store, 10 + count, $"kept {count}", queued: false, Ct);
        }

        // Nor after a restart, whose store does not know what happened.
        await using (var store = await site.OpenAsync(disk, Ct))
        {
            await site.FileAsync(store, 20, "kept as well", queued: false, Ct);
            await SimulatedSite.AssertWholeAsync(store, Ct);
        }

        Assert.NotEmpty(used);
        Assert.DoesNotContain(failed, used);
        using var crashed = disk.AfterCrash(Loss.AllUnsynced, new Random(1));
        await using var after = await site.OpenAsync(crashed, Ct);
        await SimulatedSite.AssertWholeAsync(after, Ct);
    }

    [Fact]
    public async Task P1_a_segment_whose_store_stopped_at_a_failed_sync_takes_nothing_more()
    {
        using var site = await AnomalySite.MakeAsync(Ct);
        using var disk = site.Disk(1);
        var failed = "";
        await using (var store = await site.OpenAsync(disk, Ct))
        {
            disk.Fail(
                new DiskFault(DiskError.InputOutput)
                {
                    Where = (c, name) => c == DiskCall.Sync && IsSegment(name, ref failed),
                }
            );
            await Assert.ThrowsAsync<StoreException>(() => site.FileAsync(store, 1, "lost", queued: false, Ct));
            disk.Heal();
        }

        var used = new List<string>();
        disk.Called = (c, name) =>
        {
            if (c == DiskCall.Write && name.EndsWith(".seg", StringComparison.Ordinal))
                used.Add(name);
        };
        await using (var store = await site.OpenAsync(disk, Ct))
            await site.FileAsync(store, 2, "kept", queued: false, Ct);
        Assert.NotEqual(failed, Assert.Single(used));
    }

    [Fact]
    public async Task P1_a_name_whose_sync_failed_is_not_given_to_the_next_segment()
    {
        using var site = await AnomalySite.MakeAsync(Ct);
        using var disk = site.Disk(1);
        var made = new List<string>();
        disk.Called = (c, name) =>
        {
            if (c == DiskCall.Create && name.EndsWith(".seg", StringComparison.Ordinal))
                made.Add(name);
        };
        await using var store = await site.OpenAsync(disk, Ct);
        disk.Fail(new DiskFault(DiskError.InputOutput) { Where = (c, _) => c == DiskCall.SyncNames });
        // Enough to fill a segment, so that a new one begins.
        var refused = 0;
        for (var i = 0; i < 40 && made.Count < 2; i++)
        {
            try
            {
                await site.FileAsync(store, 10 + i, $"{i}".PadRight(2000), queued: false, Ct);
            }
            catch (StoreException)
            {
                refused++;
            }
        }

        Assert.Equal(1, refused);
        Assert.Equal(2, made.Distinct(StringComparer.Ordinal).Count());
        using var crashed = disk.AfterCrash(Loss.AllUnsynced, new Random(1));
        await using var after = await site.OpenAsync(crashed, Ct);
        Assert.Equal(await site.TextAsync(store, Ct), await site.TextAsync(after, Ct));
        await SimulatedSite.AssertWholeAsync(after, Ct);
    }

    [Fact]
    public async Task P2_what_was_refused_at_the_sync_of_the_log_does_not_come_back()
    {
        using var site = await AnomalySite.MakeAsync(Ct);
        using var disk = site.Disk(1);
        await using var store = await site.OpenAsync(disk, Ct);
        disk.Fail(
            new DiskFault(DiskError.InputOutput)
            {
                Where = (c, name) => c == DiskCall.Sync && name.EndsWith("-wal", StringComparison.Ordinal),
            }
        );
        await Assert.ThrowsAsync<StoreException>(() => site.FileAsync(store, 1, "refused", queued: true, Ct));
        // kill -9: all that was written is there, synced or not.
        using var killed = disk.AfterCrash(Loss.ProcessOnly, new Random(1));
        await using var after = await site.OpenAsync(killed, Ct);
        Assert.Equal(site.Before, await site.TextAsync(after, Ct));
    }

    [Fact]
    public async Task A_disk_that_hangs_in_a_sync_does_not_stop_the_readers()
    {
        using var site = await AnomalySite.MakeAsync(Ct);
        using var disk = site.Disk(1);
        await using var store = await site.OpenAsync(disk, Ct);
        disk.Hold((c, _) => c == DiskCall.Sync);
        var filing = Task.Run(() => site.FileAsync(store, 1, "slow", queued: false, Ct), Ct);
        await disk.HeldAsync(Ct);
        Assert.Equal(site.Before, await site.TextAsync(store, Ct));
        Assert.False(filing.IsCompleted);
        disk.Release();
        await filing;
        Assert.NotEqual(site.Before, await site.TextAsync(store, Ct));
    }

    private static bool IsSegment(string name, ref string met)
    {
        if (!name.EndsWith(".seg", StringComparison.Ordinal))
            return false;
        met = name;
        return true;
    }
}
