using Postreiter.Core;
using Postreiter.Storage.Sql.Sqlite;

namespace Postreiter.Storage.Sql.Tests.Faults;

/// <summary>The anomaly loop around the operations: opening, migrating, copying the log, closing.</summary>
public sealed class LifeTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task P6_a_new_store_opens_after_any_fault() =>
        await OpenAsync(n => new SimulatedDisk(new Random(n)), "", StoreText.OfAsync);

    [Fact]
    public async Task P6_a_killed_store_opens_after_any_fault()
    {
        using var site = await AnomalySite.MakeAsync(Ct);
        await OpenAsync(site.Disk, site.Before, store => site.TextAsync(store, Ct));
    }

    [Fact]
    public async Task P15_a_migration_goes_through_after_any_fault()
    {
        var folder = Path.Combine(KeptFolders.Root(), "schema-1");
        var files = Directory
            .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .ToDictionary(f => Path.GetRelativePath(folder, f).Replace('\\', '/'), File.ReadAllBytes);
        SimulatedDisk Make(int seed)
        {
            var disk = new SimulatedDisk(new Random(seed));
            foreach (var (name, bytes) in files)
                disk.Put(name, bytes);
            return disk;
        }

        await OpenAsync(Make, await File.ReadAllTextAsync(Path.Combine(folder, "expected.txt"), Ct), StoreText.OfAsync);
    }

    [Fact]
    public async Task A_store_closes_whatever_fails()
    {
        using var site = await AnomalySite.MakeAsync(Ct);
        await LoopAsync(async fault =>
        {
            using var disk = site.Disk(fault.At);
            var store = await site.OpenAsync(disk, Ct);
            string text;
            await using (store)
            {
                await site.FileAsync(store, 1, "the last", queued: true, Ct);
                text = await site.TextAsync(store, Ct);
                disk.Fail(fault);
            }

            var failures = disk.Failures;
            disk.Heal();
            await AssertKeptAsync(site, disk, fault.At, text);
            return failures > 0;
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task P1_what_is_in_the_log_is_not_lost_when_copying_it_fails(bool halfIsCopied)
    {
        using var site = await AnomalySite.MakeAsync(Ct);
        await LoopAsync(
            async fault =>
            {
                using var disk = site.Disk(fault.At);
                int failures;
                string text;
                // Every commit is followed by a copy.
                await using (var store = await site.OpenAsync(disk, Ct, checkpointPages: 1))
                {
                    var id = 0;
                    Task FileAsync() => site.FileAsync(store, ++id, $"message {id}", queued: false, Ct);
                    await FileAsync();
                    if (halfIsCopied)
                    {
                        // The first reader keeps the log from being copied, the second lets it be copied up to the new domain: that
                        // part is not synced, and only the domain touches its page.
                        using var first = new OldReader(store);
                        await store.Directory.AddDomainAsync(DomainName.Parse("half.example"), Ct);
                        using var second = new OldReader(store);
                        first.Dispose();
                        await FileAsync();
                    }

                    disk.Fail(fault);
                    for (var i = 0; i < 3; i++)
                        await TryAsync(FileAsync);
                    failures = disk.Failures;
                    disk.Heal();
                    for (var i = 0; i < 3; i++)
                        await FileAsync();
                    await store.WriteAsync(_ => 0, Ct);
                    text = await site.TextAsync(store, Ct);
                    await AssertKeptAsync(site, disk, fault.At, text);
                }

                await AssertKeptAsync(site, disk, fault.At, text);
                return failures > 0;
            },
            everyCall: halfIsCopied
        );
    }

    /// <summary>Opens and closes under each fault, then without one.</summary>
    private static async Task OpenAsync(
        Func<int, SimulatedDisk> make,
        string text,
        Func<SqliteStore, Task<string>> textOf
    ) =>
        await LoopAsync(async fault =>
        {
            using var disk = make(fault.At);
            disk.Fail(fault);
            await TryAsync(async () =>
            {
                await using var store = await SimulatedSite.OpenAsync(disk, new StillTime(), Ct);
            });
            var failures = disk.Failures;
            disk.Heal();
            using var crashed = disk.AfterCrash((Loss)(fault.At % 4), new Random(fault.At));
            foreach (var left in new[] { crashed, disk })
            {
                await using var store = await SimulatedSite.OpenAsync(
                    left,
                    new StillTime(),
                    Ct,
                    TimeSpan.FromMinutes(10)
                );
                Assert.Equal(text, await textOf(store));
                Assert.Empty((await store.CheckAsync(null, Ct)).Problems);
            }

            return failures > 0;
        });

    private static async Task LoopAsync(Func<DiskFault, Task<bool>> meet, bool everyCall = false)
    {
        foreach (var error in new[] { DiskError.InputOutput, DiskError.NoSpace })
        {
            foreach (var isLasting in new[] { false, true })
            {
                // ./test fails every third call, but where it says so.
                var (n, step) = (1, Soak.Minutes > 0 || (everyCall && !isLasting) ? 1 : 3);
                try
                {
                    for (; await meet(new DiskFault(error, n) { IsLasting = isLasting }); n += step)
                        Assert.True(n < 2000, "the faults do not end");
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    throw new InvalidOperationException($"{error}, lasting {isLasting}, call {n}: {e.Message}", e);
                }
            }
        }
    }

    private static async Task AssertKeptAsync(AnomalySite site, SimulatedDisk disk, int turn, string text)
    {
        foreach (var loss in new[] { Loss.AllUnsynced, (Loss)(turn % 4) })
        {
            using var crashed = disk.AfterCrash(loss, new Random(turn));
            await using var store = await site.OpenAsync(crashed, Ct);
            Assert.Equal(text, await site.TextAsync(store, Ct));
            Assert.Empty((await store.CheckAsync(null, Ct)).Problems);
        }
    }

    private static async Task TryAsync(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (StoreException)
        {
            // The fault of the loop; any other exception would be one too many.
        }
    }

    /// <summary>A reader that keeps its snapshot until it is disposed.</summary>
    private sealed class OldReader : IDisposable
    {
        private readonly ManualResetEventSlim _done = new();
        private readonly Task _reading;

        public OldReader(SqliteStore store)
        {
            using var begun = new ManualResetEventSlim();
            _reading = Task.Factory.StartNew(
                () =>
                    store.Read(s =>
                    {
                        s.Integer("SELECT count(*) FROM messages");
                        begun.Set();
                        _done.Wait(CancellationToken.None);
                        return 0;
                    }),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default
            );
            begun.Wait(CancellationToken.None);
        }

        public void Dispose()
        {
            _done.Set();
            _reading.GetAwaiter().GetResult();
        }
    }
}
